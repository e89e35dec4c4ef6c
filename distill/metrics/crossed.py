"""How sure the mean of a table is, of which each of several things was drawn: such as texts, and the names in them."""

from collections.abc import Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri, stdtrit

Floats: TypeAlias = NDArray[np.float64]
_AT_ONCE = 64
"""Draws that are counted together."""


class Interval(NamedTuple):
    """A mean, and the ends of the interval around it: nan where nothing could have been drawn otherwise."""

    mean: float
    low: float
    high: float

    @property
    def is_clear(self) -> bool:
        """Return whether the whole interval is on one side of 0."""
        return bool(self.low > 0 or self.high < 0)


def crossed_bootstrap(
    tables: Sequence[NDArray[Any]], *, resamples: int = 2000, confidence: float = 0.95, seed: int = 0
) -> list[Interval]:
    """Return the mean of each table with an interval for other entries of all of its axes at once.

    The entries of each axis are drawn with replacement, each axis by itself, and an entry of the table counts as often
    as all of its places were drawn (the pigeonhole bootstrap; Owen 2007, arXiv:0712.1111). Percentiles of few entries
    are too narrow: the interval is widened as Student's t is for the axis of the fewest entries, those of a single one
    aside (Hesterberg 2015, arXiv:1411.5279). Entries that share a place, as the differences of a name in many texts,
    are thereby not taken for independent. All tables have the same draws, so that the interval of a difference of two
    is that of the table of differences.

    Args:
        tables: of the same shape.
        resamples: how often is drawn.
        confidence: share of the resampled means inside the interval.
        seed: the same seed gives the same draws.

    Raises:
        ValueError: they are of several shapes or empty, or resamples or confidence make no sense.

    Example:
        >>> crossed_bootstrap([np.ones((3, 2))])
        [Interval(mean=1.0, low=1.0, high=1.0)]
    """
    shape = tables[0].shape
    if any(table.shape != shape for table in tables) or 0 in shape:
        raise ValueError(f"tables have to be of one shape, and not empty, not {[table.shape for table in tables]}")
    if resamples < 1 or not 0 < confidence < 1:
        raise ValueError(f"resamples must be 1 or more and confidence within 0 and 1, not {resamples} and {confidence}")
    generator = np.random.default_rng(seed)
    drawn = [generator.multinomial(size, np.full(size, 1 / size), size=resamples) / size for size in shape]
    tails = [(1 - confidence) / 2, (1 + confidence) / 2]
    wider = _wider(min((size for size in shape if size > 1), default=2), tails[1])
    found = []
    for table in tables:
        if max(shape) == 1:
            found.append(Interval(float(table.mean()), float("nan"), float("nan")))
            continue
        parts = [
            _means(table.astype(np.float64), [axis[start : start + _AT_ONCE] for axis in drawn])
            for start in range(0, resamples, _AT_ONCE)
        ]
        low, high = np.quantile(np.concatenate(parts), tails)
        mean = float(table.mean())
        found.append(Interval(mean, mean + wider * float(low - mean), mean + wider * float(high - mean)))
    return found


def _wider(entries: int, tail: float) -> float:
    """Return by how much Student's interval of so many entries is wider than that of the percentiles."""
    return float(stdtrit(entries - 1, tail) / ndtri(tail) * np.sqrt(entries / (entries - 1)))


def _means(table: Floats, weights: Sequence[Floats]) -> Floats:
    """Return the weighted mean of a table for each draw of weights ``[draws, entries]``, one for each axis."""
    rest = np.tensordot(weights[0], table, axes=1)  # [draws, *other axes]
    for axis in weights[1:]:
        rest = np.einsum("dk,dk...->d...", axis, rest)
    return rest
