"""What distillation is worth: the student against the same student without a teacher, and how sure that is."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from distill.base import long_work
from distill.metrics import Mode

Array: TypeAlias = NDArray[Any]
"""Statistics of each example along the first axis, as its task's metrics made them."""
_AT_ONCE = 64
"""Resamples that are counted together: one of 10,000 examples takes 80 kB."""


class Gain(NamedTuple):
    """Metric of the student minus that of the control, and the interval around it, in the metric's own unit."""

    difference: float
    lo: float
    hi: float


def paired_bootstrap(
    metric: Callable[[Array], float],
    student: Array,
    control: Array,
    *,
    resamples: int = 1000,
    confidence: float = 0.95,
    seed: int = 0,
) -> Gain:
    """Measure the student's gain over the control with a percentile interval (Efron & Tibshirani 1993; Koehn 2004).

    Each resample draws examples with replacement and scores both models on the same ones: how hard the drawn examples
    are moves both scores and drops out of the difference, so that the interval is narrower than from separate draws.

    Args:
        metric: called with the statistics of some examples.
        student: statistics ``[examples, k]``.
        control: statistics ``[examples, k]``.
        resamples: the metric is called twice for each.
        confidence: share of the resampled differences inside the interval.
        seed: the same seed gives the same interval.

    Returns:
        The difference over all examples, and its interval.

    Raises:
        ValueError: where there is no example, their numbers differ, or resamples or confidence make no sense.
    """
    size = len(student)
    if not size == len(control) or size == 0:
        raise ValueError(f"a pair needs examples in common, not {len(student)} and {len(control)}")
    if resamples < 1 or not 0 < confidence < 1:
        raise ValueError(f"resamples must be 1 or more and confidence within 0 and 1, not {resamples} and {confidence}")
    generator = np.random.default_rng(seed)

    def difference(rows: Array | slice) -> float:
        return float(metric(student[rows]) - metric(control[rows]))

    each = long_work.counted(range(resamples), "resampling", resamples, "times")
    drawn = [difference(generator.integers(size, size=size)) for _ in each]
    lo, hi = np.nanquantile(drawn, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Gain(difference(slice(None)), float(lo), float(hi))


def counted_draws(examples: int, resamples: int, seed: int) -> Iterator[NDArray[np.float64]]:
    """Yield how often each example stands in each resample, ``[some resamples, examples]``, of sums that add up.

    The resamples are those of ``paired_bootstrap`` with the same seed.

    Args:
        examples: how many there are to draw from, as many as each resample has.
        resamples: how many are drawn in all.
        seed: the same seed gives the same draws.

    Example:
        >>> [times.sum(axis=1).tolist() for times in counted_draws(3, 2, seed=0)]
        [[3.0, 3.0]]
    """
    generator = np.random.default_rng(seed)
    for start in range(0, resamples, _AT_ONCE):
        draws = [generator.integers(examples, size=examples) for _ in range(min(_AT_ONCE, resamples - start))]
        yield np.stack([np.bincount(rows, minlength=examples) for rows in draws]).astype(np.float64)


def gap_closed(teacher: float, student: float, control: float, mode: Mode = "max") -> float | None:
    """Return the share of the teacher's lead over the control that the student recovers.

    Args:
        teacher: metric of the teacher.
        student: metric of the student.
        control: metric of the same student without the teacher.
        mode: whether more or less of the metric is better.

    Returns:
        0 for no better than the control, 1 for as good as the teacher, below or beyond too; none where the teacher has
        no lead to recover.

    Example:
        >>> gap_closed(teacher=0.75, student=0.625, control=0.5)
        0.5
    """
    lead = teacher - control if mode == "max" else control - teacher
    if not lead > 0:
        return None
    return (student - control) / (teacher - control)
