"""Precision, recall and F1 of labels, from how often each was predicted, there, and both."""

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from distill.metrics import Table

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

AVERAGES: tuple[Literal["micro", "macro", "weighted"], ...] = ("micro", "macro", "weighted")
"""Rows of a table besides the labels."""
SUPPORTED = "macro of supported"
"""The row of the mean over labels that have examples, where others count in ``macro`` though they have none."""


class Counts(NamedTuple):
    """For each label, ``[labels]``: how often it was predicted rightly, predicted at all, and there."""

    right: Floats
    predicted: Floats
    gold: Floats


def one_hot(labels: Sequence[int] | NDArray[Any], classes: int) -> Flags:
    """Turn positions of labels into flags ``[examples, classes]``.

    Raises:
        ValueError: a position that no class has.
    """
    positions = np.asarray(labels, dtype=np.int64)
    if len(strangers := positions[(positions < 0) | (positions >= classes)]):
        raise ValueError(f"{strangers[0]} is the position of none of the {classes} labels")
    flags: Flags = positions[:, None] == np.arange(classes)
    return flags


def matches(predicted: Flags, gold: Flags) -> Floats:
    """Statistics ``[examples, 3 · labels]`` of flags ``[examples, labels]``: right, predicted, and there."""
    return np.hstack([predicted & gold, predicted, gold]).astype(np.float64)


def totals(statistics: Floats) -> Counts:
    """The counts in statistics ``[examples, 3 · labels]``."""
    return Counts(*np.split(statistics.sum(axis=0), 3))


def merged(statistics: Floats) -> Floats:
    """Statistics ``[examples, 3 · labels]`` as ``[examples, 3]``: labels told apart no more."""
    summed: Floats = statistics.reshape(len(statistics), 3, statistics.shape[1] // 3).sum(axis=2)
    return summed


def micro_f1(statistics: Floats) -> float:
    """The F1 over all labels of some examples' merged statistics ``[examples, 3]``; 0 where there is nothing."""
    return float(f1(totals(statistics))[0])


def micro_precision(statistics: Floats) -> float:
    """The precision over all labels of merged statistics ``[examples, 3]``; 0 where nothing is predicted."""
    right, predicted, _ = totals(statistics)
    return float(_ratio(right, predicted)[0])


def micro_recall(statistics: Floats) -> float:
    """The recall over all labels of merged statistics ``[examples, 3]``; 0 where there is nothing."""
    right, _, gold = totals(statistics)
    return float(_ratio(right, gold)[0])


def macro_f1(statistics: Floats) -> float:
    """The mean F1 of the labels that are there or predicted, of statistics ``[examples, 3 · labels]``."""
    counts = totals(statistics)
    return mean(f1(counts)[seen(counts)])


def mean_f1(statistics: Floats) -> float:
    """The mean F1 of all labels, also those that are neither there nor predicted."""
    return mean(f1(totals(statistics)))


def f1(counts: Counts) -> Floats:
    """The F1 of each label, from 0 to 1; 0 for one that is neither there nor predicted."""
    return _ratio(2 * counts.right, counts.predicted + counts.gold)


def seen(counts: Counts) -> Flags:
    """Which labels are there or predicted."""
    return (counts.predicted > 0) | (counts.gold > 0)


def mean(values: Floats) -> float:
    """The mean of what may be empty; 0 then, as any score that nothing stands behind."""
    return float(values.mean()) if len(values) else 0.0


def table(counts: Counts, names: Sequence[str], averaged: Flags | None = None) -> Table:
    """Score each label by itself, and their averages.

    Args:
        counts: of the labels.
        names: of the labels.
        averaged: ``[labels]``, which count in the averages; the ``seen`` ones unless given.

    Returns:
        ``precision``, ``recall``, ``f1`` and ``support`` by name, and under ``micro``, ``macro`` and ``weighted``.
        Scores that would be 0 / 0 are 0. A label without examples counts in ``macro`` as soon as it is predicted, with
        an F1 of 0, as in scikit-learn; where there is one, ``SUPPORTED`` is the mean over the others.

    Raises:
        ValueError: where there are more or fewer names than labels, or two would share a row of the table.
    """
    _check_names(names, len(counts.gold))
    which = seen(counts) if averaged is None else averaged
    used = Counts(*(count[which] for count in counts))
    support = int(used.gold.sum())
    columns = _columns(counts)
    rows: Table = {
        name: {**{key: float(values[row]) for key, values in columns.items()}, "support": int(counts.gold[row])}
        for row, name in enumerate(names)
    }
    whole = _columns(Counts(*(count.sum(keepdims=True) for count in used)))
    rows["micro"] = {**{key: float(values[0]) for key, values in whole.items()}, "support": support}
    rows["macro"] = {**{key: mean(values[which]) for key, values in columns.items()}, "support": support}
    scored = np.ones_like(which) if averaged is None else averaged
    supported = scored & (counts.gold > 0)
    if supported.any() and (supported != scored).any():
        rows[SUPPORTED] = {**{key: mean(values[supported]) for key, values in columns.items()}, "support": support}
    share = used.gold / max(support, 1)
    rows["weighted"] = {**{key: float(values[which] @ share) for key, values in columns.items()}, "support": support}
    return rows


def _columns(counts: Counts) -> dict[str, Floats]:
    right, predicted, gold = counts
    return {"precision": _ratio(right, predicted), "recall": _ratio(right, gold), "f1": f1(counts)}


def _ratio(part: Floats, whole: Floats) -> Floats:
    return np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)


def _check_names(names: Sequence[str], labels: int) -> None:
    if len(names) != labels:
        raise ValueError(f"{len(names)} names for {labels} labels: {list(names)}")
    if len({*names, *AVERAGES, SUPPORTED}) != labels + len(AVERAGES) + 1:
        raise ValueError(f"labels must differ from each other and from {', '.join(AVERAGES)}, not be {list(names)}")
