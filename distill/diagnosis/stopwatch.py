"""Measure how long the parts of a stage take, by what they say of their progress."""

import time
from dataclasses import dataclass, field

from distill.base.long_work import Work

_WARM_UP = 1
"""Steps of a training that are not typical: the first one, which makes what all others use again."""


@dataclass
class Part:
    """Some work of a stage that is done, without the work inside it.

    Attributes:
        what: was done.
        count: how much of it.
        seconds: that it took.
        steps: how many units each mark counted, and the seconds between them.
    """

    what: str
    count: int = 0
    seconds: float = 0.0
    steps: list[tuple[int, float]] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Seconds of one unit, without what warms up where there is enough besides, and without the slowest quarter.

        Those are the steps around the end of an epoch, of which a run on few rows has far more than its share.
        """
        after = self.steps[_WARM_UP:] if len(self.steps) > 2 * _WARM_UP else self.steps
        quickest = sorted(after, key=lambda step: step[1] / max(1, step[0]))
        typical = quickest[: len(quickest) - len(quickest) // 4]
        counted = sum(count for count, _ in typical)
        return sum(seconds for _, seconds in typical) / counted if counted else 0.0


@dataclass
class _Running:
    work: Work
    part: Part
    mark: float
    inner: float = 0.0
    begun: float = 0.0


class Stopwatch:
    """An observer of long work that keeps the times of all that ends."""

    def __init__(self) -> None:
        """Begin without any."""
        self.parts: list[Part] = []
        self._running: list[_Running] = []

    def moved(self, work: Work) -> None:
        """Note when work begins, and what each of its steps takes."""
        now = time.monotonic()
        running = next((each for each in self._running if each.work is work), None)
        if running is None:
            self._running.append(_Running(work, Part(work.what), now, begun=now))
            return
        count = work.count - work.first - running.part.count
        running.part.steps.append((count, now - running.mark - running.inner))
        running.part.count += count
        running.part.seconds += now - running.mark - running.inner
        running.mark, running.inner = now, 0.0

    def ended(self, work: Work) -> None:
        """Keep what a work took, and count none of that for the work around it."""
        running = next((each for each in self._running if each.work is work), None)
        if running is None:
            return
        now = time.monotonic()
        del self._running[self._running.index(running) :]
        self.parts.append(running.part)
        if self._running:  # all that passed in it, with its ends
            self._running[-1].inner += now - running.begun
