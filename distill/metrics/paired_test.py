"""Test whether a model is worse than another on the same examples, by exchanging their answers, one test or many."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from distill.metrics import LabelMarks, Mode
from distill.metrics.bootstrap import Array
from distill.metrics.counts import Floats
from distill.metrics.label_gain import f1_difference

_AT_ONCE = 256
"""Exchanges that are drawn together."""
_TIE = 1e-12
"""By how much two differences that are the same may differ by rounding."""


def worse_than(
    metric: Callable[[Array], float], model: Array, reference: Array, *, mode: Mode, draws: int = 9999, seed: int = 0
) -> float:
    """Return the one-sided p-value of a model being no worse than a reference (approximate randomisation; Yeh 2000).

    If both are equally good, each example's answers may as well be the other's. So they are exchanged at random, and p
    is how often the difference of the metric is then as bad as it is, the true order counted as one draw.

    Args:
        metric: of statistics whose sum over examples holds all that it needs.
        model: statistics ``[examples, k]``.
        reference: statistics ``[examples, k]`` of the same examples in their order.
        mode: whether more or less of the metric is better.
        draws: how often answers are exchanged.
        seed: the same seed gives the same draws.

    Returns:
        p, no less than ``1 / (draws + 1)``; 1 where the metric is undefined.

    Raises:
        ValueError: the statistics are not of the same examples.

    Example:
        >>> right = np.array([[1.0, 1.0]] * 10)
        >>> wrong = np.array([[0.0, 1.0]] * 10)
        >>> worse_than(lambda rows: rows[:, 0].sum() / rows[:, 1].sum(), wrong, right, mode="max") < 0.005
        True
    """
    sign = 1.0 if mode == "max" else -1.0

    def differences(sums: Floats, others: Floats) -> Floats:
        pairs = zip(sums, others, strict=True)
        return sign * np.array([metric(one[None]) - metric(other[None]) for one, other in pairs])

    whole = differences(*(part.sum(axis=0, keepdims=True) for part in (model, reference)))
    if not np.isfinite(whole[0]):
        return 1.0
    as_bad = 0
    for sums, others in _exchanged(model, reference, draws, seed):
        as_bad += int((differences(sums, others) <= whole + _TIE).sum())
    return (1 + as_bad) / (1 + draws)


def labels_worse_than(
    model: LabelMarks, reference: LabelMarks, *, draws: int = 9999, seed: int = 0
) -> dict[str, float]:
    """Return for each label that has examples the p-value of a model's F1 being no worse; see ``worse_than``.

    All labels share the draws.

    Raises:
        ValueError: they are not marks of the same examples and labels.
    """
    if model.names != reference.names:
        raise ValueError("labels are compared of the same examples and labels")
    labels = len(model.names)

    def differences(sums: Floats, others: Floats) -> Floats:
        return f1_difference(np.hstack([sums, others]), labels)

    totals = [part.sum(axis=0, keepdims=True) for part in (model.statistics, reference.statistics)]
    whole, as_bad = differences(totals[0], totals[1]), np.zeros(labels)
    for sums, others in _exchanged(model.statistics, reference.statistics, draws, seed):
        as_bad += (differences(sums, others) <= whole + _TIE).sum(axis=0)
    there = np.flatnonzero(totals[0][0, 2 * labels :])
    return {model.names[label]: float((1 + as_bad[label]) / (1 + draws)) for label in there}


def _exchanged(model: Array, reference: Array, draws: int, seed: int) -> Iterator[tuple[Floats, Floats]]:
    """Yield the sums ``[some draws, k]`` of both, with the answers to some examples exchanged."""
    if model.shape != reference.shape or not len(model):
        raise ValueError(f"a pair needs examples in common, not {len(model)} and {len(reference)}")
    change = (reference - model).astype(np.float64)
    change = change[np.any(change != 0, axis=1)]  # where both say the same, nothing is exchanged
    generator = np.random.default_rng(seed)
    for start in range(0, draws, _AT_ONCE):
        size = (min(_AT_ONCE, draws - start), len(change))
        moved = generator.integers(2, size=size, dtype=np.int8).astype(np.float64) @ change
        yield model.sum(axis=0) + moved, reference.sum(axis=0) - moved


def holm(p_values: Sequence[float]) -> NDArray[np.float64]:
    """Return p-values adjusted for how many there are, so that few of 100 such families hold a false alarm (Holm 1979).

    Args:
        p_values: of the tests of a family, in any order.

    Example:
        >>> [round(float(p), 3) for p in holm([0.01, 0.04, 0.03])]
        [0.03, 0.06, 0.06]
    """
    p = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(p, kind="stable")
    stepped = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1)) if len(p) else p
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(stepped, 1.0)
    return adjusted
