"""How sure the mean of a metric over several seeds is, of which each scored the same examples."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from distill.base import long_work
from distill.metrics.bootstrap import Array

Floats: TypeAlias = NDArray[np.float64]


class OverSeeds(NamedTuple):
    """The mean over seeds, the standard deviation between them, and the interval around the mean."""

    mean: float
    spread: float
    low: float
    high: float


def scores_of_draws(
    metric: Callable[[Array], float], statistics: Sequence[NDArray[Any]], *, resamples: int, seed: int
) -> Floats:
    """Score several models on the same draws of examples, ``[resamples, models]``.

    The draws are those of ``bootstrap.paired_bootstrap`` with the same seed.

    Args:
        metric: called with the statistics of some examples.
        statistics: of each model ``[examples, k]``, of the same examples.
        resamples: how often examples are drawn with replacement, as many as there are.
        seed: the same seed gives the same draws.

    Raises:
        ValueError: there is no example, or their numbers differ.
    """
    sizes = {len(each) for each in statistics}
    if len(sizes) != 1 or 0 in sizes:
        raise ValueError(f"models are compared on examples in common, not on {sorted(sizes)}")
    generator, size = np.random.default_rng(seed), len(statistics[0])
    each = long_work.counted(range(resamples), "resampling", resamples, "times")
    rows = (generator.integers(size, size=size) for _ in each)
    return np.asarray([[metric(each[drawn]) for each in statistics] for drawn in rows], dtype=np.float64)


def hierarchical_bootstrap(measured: Floats, drawn: Floats, *, confidence: float = 0.95, seed: int = 0) -> OverSeeds:
    r"""Return the mean over seeds with an interval for other examples and other seeds at once.

    Two things are drawn: the examples, once for all seeds, and the seeds. The examples are drawn with replacement, and
    the mean over the seeds is taken of what they score there. Few seeds cannot be drawn with replacement: three make
    ten samples, whose interval is far too narrow. So the mean of other seeds is drawn from Student's t about that of
    these: each resample is

    .. math:: \bar d^* + t^* \cdot s / \sqrt{m}, \quad t^* \sim t_{m-1}

    with the mean of the ``m`` seeds on the drawn examples and their standard deviation ``s`` on all examples. Where
    all seeds are alike this is the paired bootstrap, where examples do not matter Student's interval. The interval
    holds its percentiles (Efron & Tibshirani 1993; Owen 2007, of two things that cross).

    Args:
        measured: the metric of each seed on all examples, or its difference of two models ``[seeds]``.
        drawn: the same on each draw of examples ``[resamples, seeds]``; a draw in which one is undefined is left out.
        confidence: share of the resamples inside the interval.
        seed: the same seed gives the same interval.

    Raises:
        ValueError: there are not two seeds, or confidence makes no sense.

    Example:
        >>> alike = hierarchical_bootstrap(np.array([0.5, 0.5]), np.array([[0.4, 0.4], [0.6, 0.6]]), confidence=0.5)
        >>> [round(part, 3) for part in alike]
        [0.5, 0.0, 0.45, 0.55]
    """
    seeds = len(measured)
    if seeds < 2 or drawn.shape[1:] != (seeds,) or not 0 < confidence < 1:
        raise ValueError(f"seeds must be 2 or more and confidence within 0 and 1, not {seeds} and {confidence}")
    of_examples = drawn.mean(axis=1)
    of_examples = of_examples[~np.isnan(of_examples)]
    moved = of_examples + _of_seeds(measured, len(of_examples), np.random.default_rng(seed))
    spread = float(np.std(measured, ddof=1))
    return OverSeeds(float(np.mean(measured)), spread, *_ends(moved, confidence))


def unpaired_seeds(
    measured: tuple[Floats, Floats], drawn: tuple[Floats, Floats], *, confidence: float = 0.95, seed: int = 0
) -> OverSeeds:
    r"""Return the difference of the means of two models whose seeds have nothing to do with each other.

    The examples are drawn once for both models, as above; the mean of each model's other seeds is drawn by itself, so
    that their distance has the distribution of Behrens and Fisher where examples do not matter. Of a model with one
    seed nothing is known about others: it counts as it is.

    Args:
        measured: the metric of each seed on all examples, of the first and of the second model ``[seeds]``.
        drawn: the same on each draw of examples ``[resamples, seeds]``.
        confidence: share of the resamples inside the interval.
        seed: the same seed gives the same interval.

    Returns:
        The second's mean minus the first's; the spread is that of such differences.
    """
    first, second = (np.asarray(each, dtype=np.float64) for each in measured)
    of_examples = drawn[1].mean(axis=1) - drawn[0].mean(axis=1)
    of_examples = of_examples[~np.isnan(of_examples)]
    chance, count = np.random.default_rng(seed), len(of_examples)
    moved = of_examples + _of_seeds(second, count, chance) - _of_seeds(first, count, chance)
    spread = np.sqrt(sum(np.var(each, ddof=1) for each in (first, second) if len(each) > 1))
    return OverSeeds(float(second.mean() - first.mean()), float(spread), *_ends(moved, confidence))


def _of_seeds(measured: Floats, count: int, chance: np.random.Generator) -> Floats:
    """Return how far the mean of other seeds is from that of these, in so many draws; of one seed nowhere."""
    if len(measured) < 2:
        return np.zeros(count)
    evenly = stdtrit(len(measured) - 1, (np.arange(count) + 0.5) / count)  # no chance in the tails, which are long
    moved: Floats = chance.permutation(evenly) * float(np.std(measured, ddof=1)) / np.sqrt(len(measured))
    return moved


def _ends(moved: Floats, confidence: float) -> tuple[float, float]:
    low, high = np.quantile(moved, [(1 - confidence) / 2, (1 + confidence) / 2]) if len(moved) else (np.nan, np.nan)
    return float(low), float(high)
