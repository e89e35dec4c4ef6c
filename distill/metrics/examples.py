"""What all metrics ask of their examples, and the groups that examples belong to."""

import re
from collections.abc import Callable, Sequence, Sized
from typing import Any

import numpy as np
from numpy.typing import NDArray

from distill.metrics import Table

Rows = NDArray[np.intp]
"""Positions of examples."""
_NUMBER = re.compile(r"(-?\d+(?:\.\d+)?(?:e[+-]\d+)?)")


def check(predictions: Sized, references: Sized) -> None:
    """Refuse what cannot be scored.

    Raises:
        ValueError: there is no example, or not a prediction for each reference.
    """
    if len(predictions) != len(references):
        raise ValueError(f"{len(predictions)} predictions for {len(references)} references")
    if len(references) == 0:
        raise ValueError("there is no example to score")


def check_several(references: Sequence[Sequence[str]], *, none: bool = False) -> None:
    """Refuse an example without a reference, unless ``none`` are allowed, and a bare text where a list belongs.

    Raises:
        ValueError: names the first such example, counted from 0.
    """
    for row, texts in enumerate(references):
        if isinstance(texts, str) or not (texts or none):
            raise ValueError(f"example {row} needs a list of one reference or more, not {texts!r}")


def ratio_of_sums(statistics: NDArray[np.float64]) -> float:
    """A mean over some examples: statistics ``[examples, 2]`` are the number of values and their sum; nan over none."""
    count, whole = statistics.sum(axis=0)
    return float(whole / count) if count else float("nan")


def by_group(groups: Sequence[str], examples: int, score: Callable[[Rows], dict[str, float]]) -> Table:
    """Score each group by itself.

    Args:
        groups: the group of each example.
        examples: how many there are.
        score: columns of the table for some examples.

    Returns:
        Group to columns and ``support``, in the order of the alphabet and of the numbers within the names: a task names
        its groups so that this is their order.

    Raises:
        ValueError: there are more or fewer groups than examples.
    """
    if len(groups) != examples:
        raise ValueError(f"{len(groups)} groups for {examples} examples")
    belongs = np.asarray(groups)
    table: Table = {}
    for name in sorted(set(groups), key=_natural):
        rows = np.flatnonzero(belongs == name)
        table[name] = {**score(rows), "support": len(rows)}
    return table


def _natural(name: str) -> list[Any]:
    """A key that sorts ``5 words`` before ``10 words``, and ``-0.5 to 0.25`` before ``0.25 to 1``."""
    return [float(part) if place % 2 else part for place, part in enumerate(_NUMBER.split(name))]
