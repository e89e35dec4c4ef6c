"""How a weight or a temperature moves over training: pure functions of how much of it is done.

Nothing is remembered from step to step, so that a resumed run goes on as if nothing had happened.
"""

import math
from dataclasses import dataclass

KINDS = ("constant", "linear", "cosine", "warmup", "two_phase")


def linear(done: float, start: float, end: float) -> float:
    """Go in a straight line from start to end.

    >>> linear(0.25, 4.0, 2.0)
    3.5
    """
    return start + (end - start) * done


def cosine(done: float, start: float, end: float) -> float:
    """Go from start to end along half a cosine: slow, fast, slow.

    >>> cosine(0.5, 4.0, 2.0)
    3.0
    """
    return end + (start - end) * (1 + math.cos(math.pi * done)) / 2


def warmup(done: float, value: float, share: float) -> float:
    """Go in a straight line from 0 to the value over the first share of training, and stay there.

    >>> warmup(0.05, 2.0, 0.1), warmup(0.5, 2.0, 0.1)
    (1.0, 2.0)
    """
    return linear(min(done / share, 1.0), 0.0, value)


def two_phase(done: float, start: float, end: float, share: float) -> float:
    """Stay at the start for the first share of training, then at the end (Jiao et al. 2020, arXiv:1909.10351).

    >>> two_phase(0.4, 1.0, 0.0, 0.5), two_phase(0.5, 1.0, 0.0, 0.5)
    (1.0, 0.0)
    """
    return start if done < share else end


@dataclass(frozen=True)
class Schedule:
    """A number that moves over training.

    Attributes:
        kind: ``constant``, ``linear``, ``cosine``, ``warmup`` or ``two_phase``: the functions of this module.
        start: its value at the first step, for ``constant`` at every step, for ``warmup`` that at which it arrives.
        end: its value at the last step; not read by ``constant`` and ``warmup``.
        share: of training, between 0 and 1: where ``warmup`` arrives, where ``two_phase`` switches to the end.

    Raises:
        ValueError: where the kind is not one of these, a value is not finite, or the share is not between 0 and 1.

    >>> Schedule("linear", 4.0, 1.0).value(step=5, steps=11)
    2.5
    """

    kind: str
    start: float
    end: float = 0.0
    share: float = 0.5

    def __post_init__(self) -> None:
        """Refuse what would fail, or do something else, in the middle of training."""
        if self.kind not in KINDS:
            raise ValueError(f"a schedule is one of {', '.join(KINDS)}, not {self.kind}")
        if not math.isfinite(self.start) or not math.isfinite(self.end):
            raise ValueError(f"a schedule goes from one finite number to another, not from {self.start} to {self.end}")
        if not 0 < self.share < 1:
            raise ValueError(f"the share of a schedule must lie between 0 and 1, not {self.share}")

    def value(self, step: int, steps: int) -> float:
        """Return its value at an optimiser step.

        Args:
            step: how many steps are done, from 0 (before the first) to ``steps - 1`` (before the last).
            steps: how many there are; steps beyond have the value of the last.
        """
        done = min(max(step / max(steps - 1, 1), 0.0), 1.0)
        if self.kind == "warmup" and steps > 1:
            return warmup(done, self.start, self.share)
        if self.kind == "two_phase":
            return two_phase(done, self.start, self.end, self.share)
        if self.kind in ("constant", "warmup"):
            return self.start
        return (linear if self.kind == "linear" else cosine)(done, self.start, self.end)

    @property
    def bounds(self) -> tuple[float, float]:
        """Return the least and the greatest of its values: each kind stays between where it begins and ends."""
        ends = {"constant": (self.start,), "warmup": (0.0, self.start)}.get(self.kind, (self.start, self.end))
        return min(ends), max(ends)
