"""Say what 8 bits keep of a model's numbers, in one place for the export and for training that gets ready for it."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

STEPS = 2**8 - 1
"""Steps between the least and the largest number of unsigned 8 bits."""
LARGEST_SUM = 2**15 - 1
"""The largest sum that 16 bits hold."""
LARGEST_WEIGHT = 2**7 - 1
"""The largest weight of signed 8 bits whose range is symmetric."""
LARGEST_PAIR = LARGEST_SUM // STEPS
"""What two neighbouring weights may add up to, so that their products with any two inputs fit into 16 bits."""
FEW_ROWS = 16
"""Rows up to which a table, such as that of the kinds of tokens, is so small that 8 bits save nothing."""
BINS = 2048
"""Bins of the histogram from which a range is chosen."""
_SHARES = np.linspace(0.3, 1.0, 15)
"""The shares of the least and of the largest number at which a range may be cut off."""


class Range(NamedTuple):
    """The range of a tensor's numbers, which always holds 0."""

    low: float
    high: float

    @property
    def scale(self) -> np.float32:
        """Return what one step of unsigned 8 bits is worth."""
        return np.float32(max((self.high - self.low) / STEPS, float(np.finfo(np.float32).tiny)))

    @property
    def zero(self) -> np.uint8:
        """Return the step that stands for 0."""
        return np.uint8(np.clip(np.rint(-self.low / float(self.scale)), 0, STEPS))

    @property
    def bins(self) -> tuple[float, float]:
        """Return the ends of a histogram over the range, which must not be one point."""
        return (self.low, self.high) if any(self) else (0.0, 1.0)


def best_range(counts: NDArray[np.float64], whole: Range) -> Range:
    """Return the part of a range with the least squared error of unsigned 8 bits, from a histogram over all of it."""
    edges = np.linspace(*whole, len(counts) + 1)
    middles = (edges[:-1] + edges[1:]) / 2
    candidates = [
        Range(whole.low * float(low), whole.high * float(high))
        for low in _shares(whole.low)
        for high in _shares(whole.high)
    ]
    errors = [float(counts @ (rounded(middles, each) - middles) ** 2) for each in candidates]
    return candidates[int(np.argmin(errors))]


def _shares(end: float) -> NDArray[np.float64]:
    return _SHARES if end else _SHARES[-1:]


def rounded(values: NDArray[Any], within: Range) -> NDArray[np.float64]:
    """Return numbers as a layer reads them: rounded to steps of a range, and cut off outside."""
    steps = np.clip(np.rint(np.asarray(values) / float(within.scale)) + int(within.zero), 0, STEPS)
    return np.asarray((steps - int(within.zero)) * float(within.scale))
