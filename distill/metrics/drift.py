"""How far new data is from old: of numbers of each row by Kolmogorov and Smirnov, of labels by total variation."""

from collections.abc import Mapping, Sequence
from typing import TypedDict

import numpy as np
from numpy.typing import NDArray


class Shift(TypedDict):
    """Numbers of old and of new rows side by side.

    Attributes:
        rows: how many there are of each.
        mean: of each.
        difference: the new mean minus the old one.
        interval: of the difference, by the bootstrap.
        distance: the largest difference of the two distribution functions (Kolmogorov and Smirnov).
        p: of a distance as large, were both drawn from one distribution.
    """

    rows: tuple[int, int]
    mean: tuple[float, float]
    difference: float
    interval: tuple[float, float]
    distance: float
    p: float


class LabelShift(TypedDict):
    """Shares of labels in old and new rows side by side.

    Attributes:
        rows: how many labels are given in each.
        shares: label to its share in old and new.
        distance: half the sum of the differences of the shares (total variation), from 0 to 1.
        by_chance: the distance that rows of one distribution have at most, as often as ``confidence`` says.
        p: of shares that differ as much, were both drawn from one distribution (chi-square).
    """

    rows: tuple[int, int]
    shares: dict[str, tuple[float, float]]
    distance: float
    by_chance: float
    p: float


def shift(
    old: Sequence[float] | NDArray[np.float64],
    new: Sequence[float] | NDArray[np.float64],
    *,
    resamples: int = 1000,
    confidence: float = 0.95,
    seed: int = 0,
) -> Shift:
    """Compare a number of each old row with that of each new row.

    Args:
        old: ``[rows]``.
        new: ``[rows]``.
        resamples: of the bootstrap.
        confidence: of its interval.
        seed: of its draws.
    """
    from scipy import stats  # takes half a second

    before, now = np.asarray(old, dtype=np.float64), np.asarray(new, dtype=np.float64)
    draw = np.random.default_rng(seed)
    means = [
        np.asarray([draw.choice(values, size=len(values)).mean() for _ in range(resamples)]) for values in (before, now)
    ]
    found = stats.ks_2samp(before, now)
    return {
        "rows": (len(before), len(now)),
        "mean": (float(before.mean()), float(now.mean())),
        "difference": float(now.mean() - before.mean()),
        "interval": _ends(means[1] - means[0], confidence),
        "distance": float(found.statistic),
        "p": float(found.pvalue),
    }


def label_shift(
    old: Mapping[str, int],
    new: Mapping[str, int],
    *,
    resamples: int = 1000,
    confidence: float = 0.95,
    seed: int = 0,
) -> LabelShift:
    """Compare how often each label stands in old and in new rows.

    Args:
        old: label to how often it is given.
        new: the same.
        resamples: of what chance alone does.
        confidence: how often chance does at most that.
        seed: of its draws.
    """
    from scipy import stats

    names = list(dict.fromkeys([*old, *new]))
    counts = np.asarray([[each.get(name, 0) for name in names] for each in (old, new)], dtype=np.int64)
    sizes = counts.sum(axis=1)
    shares = counts / sizes[:, None]
    draw = np.random.default_rng(seed)
    pooled = counts.sum(axis=0) / counts.sum()
    drawn = [draw.multinomial(size, pooled, size=resamples) / size for size in sizes]
    there = counts[:, counts.sum(axis=0) > 0]
    several = there.shape[1] > 1
    return {
        "rows": (int(sizes[0]), int(sizes[1])),
        "shares": {name: (float(shares[0, place]), float(shares[1, place])) for place, name in enumerate(names)},
        "distance": float(abs(shares[1] - shares[0]).sum() / 2),
        "by_chance": float(np.quantile(abs(drawn[1] - drawn[0]).sum(axis=1) / 2, confidence)),
        "p": float(stats.chi2_contingency(there, correction=False).pvalue) if several else 1.0,
    }


def _ends(values: NDArray[np.float64], confidence: float) -> tuple[float, float]:
    low, high = np.quantile(values, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)
