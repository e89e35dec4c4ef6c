"""Count and leave out rows that are nearly those of validation or test, which would tell a model what it is asked."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from datasets import Dataset
from numpy.typing import NDArray

from distill.data.near_duplicates import near_duplicates
from distill.data.splits import LABEL, UNLABELLED
from distill.errors import DataError

_OWN = ("train", UNLABELLED)
"""Splits that are learnt from."""
_MOST, _MOST_OF_A_LABEL = 0.1, 0.5
"""Shares of train, and of the rows of a label, above which rows stay: texts are repeated on purpose, or made by one
pattern."""


class Sifted(NamedTuple):
    """The splits, a sentence on what was left out of train, and one on what is nearly that of others and stays."""

    splits: dict[str, Dataset]
    notes: list[str]
    remarks: list[str]


def of_train(splits: Mapping[str, Dataset], roles: Sequence[str], what: str, labels: Sequence[str]) -> Sifted:
    """Leave out rows of train that are nearly or wholly those of validation or test, or say how many these are.

    Where an example has one label, a row with another one is none of them: it does not tell what is asked.

    Args:
        splits: all that is read of the data.
        roles: the columns of a row's text.
        what: auto | drop | say | keep, as ``data.near_duplicates`` has it.
        labels: their names, by number.

    Raises:
        DataError: of what is left of train nothing can be learnt.
    """
    if what == "keep":
        return Sifted(dict(splits), [], [])
    train = splits["train"]
    near = near_duplicates(train, _others(splits).values(), roles, _same(splits))
    count = int(near.sum())
    found = f"{count:,} of {len(train):,} rows of train are nearly or wholly those of {_scored(splits)}"
    if what == "auto" and (why := _too_many(near, train, labels)):
        remark = f"{found}: left in, since {why} would go; data.near_duplicates=drop leaves them out"
        return Sifted(dict(splits), [], [remark])
    if what != "say":
        left = train.select(np.flatnonzero(~near))
        _refuse_too_few(left, train, labels)
        return Sifted({**splits, "train": left}, [f"{found}: left out"] if count else [], [])
    count = int((near & ~_equal(train, splits)).sum())
    remark = (
        f"{count:,} of {len(train):,} rows of train are nearly those of {_scored(splits)}; "
        "data.near_duplicates=drop leaves them out"
    )
    return Sifted(dict(splits), [], [remark] if count else [])


def _same(splits: Mapping[str, Dataset]) -> str | None:
    """Return the column that a row and what it is nearly have to share: that of labels, where each has one."""
    read = [rows for name, rows in splits.items() if name != UNLABELLED]
    alone = all(LABEL in rows.column_names and isinstance(rows[0][LABEL], int) for rows in read)
    return LABEL if alone else None


def _too_many(near: NDArray[np.bool_], train: Dataset, labels: Sequence[str]) -> str | None:
    """Return which part of train, or of a label, would go that is too much; none where neither is."""
    if near.sum() > _MOST * len(train):
        return "more than a tenth of train"
    if not near.any() or not labels or LABEL not in train.column_names:
        return None
    numbers = [_numbers(value) for value in train[LABEL][:]]
    every = _counts(numbers, len(labels))
    gone = _counts([each for each, out in zip(numbers, near, strict=True) if out], len(labels))
    worst = int(np.argmax(gone / np.maximum(every, 1)))
    most = gone[worst] > _MOST_OF_A_LABEL * every[worst]
    return f"{gone[worst]:,} of {every[worst]:,} rows of {labels[worst]}" if most else None


def _numbers(value: int | Sequence[int] | Sequence[float]) -> NDArray[np.int64]:
    """Return the labels of an example: its own, those that apply of all, or those of its words, each once."""
    several = np.atleast_1d(value)
    return np.flatnonzero(several) if several.dtype.kind == "f" else np.unique(several)


def _counts(numbers: Sequence[NDArray[np.int64]], labels: int) -> NDArray[np.int64]:
    joined = np.concatenate([np.empty(0, dtype=np.int64), *numbers])
    return np.bincount(joined[joined >= 0], minlength=labels)


def _refuse_too_few(left: Dataset, train: Dataset, labels: Sequence[str]) -> None:
    """Refuse a train that has nothing, or one label or score alone, where the rows as they were read have several."""
    allowed = "allowed is auto, say or keep"
    if not len(left):
        raise DataError(
            f"data.near_duplicates=drop: all rows of train are nearly those of validation or test; {allowed}"
        )
    # Of texts, answers in a context and lists even one alone, such as no answer to any question, can be learnt.
    if LABEL not in left.column_names or len(left) == len(train) or not isinstance(left[0][LABEL], int | float):
        return
    values = set(left[LABEL][:])
    if len(values) == 1:
        (value,) = values
        alone = f"the label {labels[value]}" if labels else f"the score {value:g}"
        raise DataError(
            f"data.near_duplicates=drop leaves {len(left):,} of {len(train):,} rows of train, all of {alone}: nothing "
            f"can be learned from them; {allowed}"
        )


def of_unlabelled(texts: Dataset, splits: Mapping[str, Dataset], roles: Sequence[str]) -> tuple[Dataset, list[str]]:
    """Leave out texts without labels that are nearly those of validation or test.

    Raises:
        DataError: none is left.
    """
    near = near_duplicates(texts, _others(splits).values(), roles)
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


def _equal(rows: Dataset, splits: Mapping[str, Dataset]) -> NDArray[np.bool_]:
    keys = np.concatenate([np.asarray(other["key"][:]) for other in _others(splits).values()])
    return np.isin(np.asarray(rows["key"][:]), keys)
