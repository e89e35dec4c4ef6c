"""Count and leave out rows that are nearly those of validation or test, which would tell a model what it is asked."""

from collections.abc import Mapping, Sequence

import numpy as np
from datasets import Dataset
from numpy.typing import NDArray

from distill.data.near_duplicates import near_duplicates
from distill.data.splits import UNLABELLED
from distill.errors import DataError

_OWN = ("train", UNLABELLED)
"""Splits that are learnt from."""


def of_train(splits: Mapping[str, Dataset], roles: Sequence[str], what: str) -> tuple[dict[str, Dataset], list[str]]:
    """Say how many rows of train are nearly those of validation or test, or leave them out, with those that are equal.

    Args:
        splits: all that is read of the data.
        roles: the columns of a row's text.
        what: say | drop | keep, as ``data.near_duplicates`` has it.

    Raises:
        DataError: nothing is left of train.
    """
    if what == "keep":
        return dict(splits), []
    train = splits["train"]
    near = _near(train, splits, roles)
    if what == "drop" and near.all():
        raise DataError(
            "data.near_duplicates=drop: all rows of train are nearly those of validation or test; allowed is say or "
            "keep"
        )
    if what == "drop":
        count, left = int(near.sum()), train.select(np.flatnonzero(~near))
        note = f"{count:,} of {len(train):,} rows of train are nearly or wholly those of {_scored(splits)}: left out"
        return {**splits, "train": left}, [note] if count else []
    count = int((near & ~_equal(train, splits)).sum())
    note = (
        f"{count:,} of {len(train):,} rows of train are nearly those of {_scored(splits)}; "
        "data.near_duplicates=drop leaves them out"
    )
    return dict(splits), [note] if count else []


def of_unlabelled(texts: Dataset, splits: Mapping[str, Dataset], roles: Sequence[str]) -> tuple[Dataset, list[str]]:
    """Leave out texts without labels that are nearly those of validation or test.

    Raises:
        DataError: none is left.
    """
    near = _near(texts, splits, roles)
    if near.all():
        raise DataError(
            f"all {len(texts):,} unlabelled texts are nearly those of {_scored(splits)}; give others, or go on with "
            "data.unlabelled.near_duplicates=keep"
        )
    note = f"{near.sum():,} of {len(texts):,} unlabelled texts are nearly those of {_scored(splits)}: left out"
    return (texts.select(np.flatnonzero(~near)), [note]) if near.any() else (texts, [])


def _others(splits: Mapping[str, Dataset]) -> dict[str, Dataset]:
    return {name: rows for name, rows in splits.items() if name not in _OWN}


def _scored(splits: Mapping[str, Dataset]) -> str:
    return " or ".join(_others(splits))


def _near(rows: Dataset, splits: Mapping[str, Dataset], roles: Sequence[str]) -> NDArray[np.bool_]:
    return near_duplicates(rows, _others(splits).values(), roles)


def _equal(rows: Dataset, splits: Mapping[str, Dataset]) -> NDArray[np.bool_]:
    keys = np.concatenate([np.asarray(other["key"][:]) for other in _others(splits).values()])
    return np.isin(np.asarray(rows["key"][:]), keys)
