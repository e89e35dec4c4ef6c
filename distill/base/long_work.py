"""Say how far long work is, to whoever shows or measures it; where nobody listens, it costs next to nothing.

Loops that take long open a ``Work`` and count in it, whatever they are part of; a step that counts nothing, such as a
call of a library, is announced. A run opens a ``Stage`` around each of its stages. Observers, such as a terminal's bar,
are told of both.
"""

import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

T = TypeVar("T")


@dataclass
class Stage:
    """A stage of a run on its way.

    Attributes:
        title: its name in the run.
        number: its place among all, from 1.
        of: how many there are.
        expected: about how many seconds it takes; none where nobody knows.
        later: about how many seconds the stages after it take, given those of this one; none where nobody knows.
        start: when it began, by a clock that only goes forward.
    """

    title: str
    number: int
    of: int
    expected: float | None = None
    later: Callable[[float], float | None] = lambda seconds: None
    start: float = field(default_factory=lambda: time.monotonic())


@dataclass(eq=False)
class Work:
    """A loop on its way.

    Attributes:
        what: is done, such as ``training``.
        unit: what is counted, such as ``steps``; empty where nothing is, and only its beginning can be told.
        total: how many there are; none where that is not known.
        count: how many are done.
        first: how many were done when it began.
        whole: whether it is nearly all that its stage does.
        start: when it began.
        values: what is shown beside the count; asked only when it is shown.
    """

    what: str
    unit: str
    total: int | None
    count: int = 0
    first: int = 0
    whole: bool = False
    start: float = field(default_factory=lambda: time.monotonic())
    values: Callable[[], Mapping[str, float]] = lambda: {}

    def at(self, count: int, values: Callable[[], Mapping[str, float]] | None = None) -> None:
        """Tell that so many are done, and what may be shown beside."""
        self.count = count
        if values is not None:
            self.values = values
        for observer in _observers:
            observer.moved(self)

    def seconds_left(self) -> float | None:
        """Return about how many seconds the rest takes, at the pace so far; none where that cannot be told yet."""
        done = self.count - self.first
        if self.total is None or done <= 0:
            return None
        return max(0, self.total - self.count) * (time.monotonic() - self.start) / done


class Observer(Protocol):
    """The protocol of what is told of long work."""

    def moved(self, work: Work) -> None:
        """Take note of a count."""

    def ended(self, work: Work) -> None:
        """Take note of an end."""


_observers: list[Observer] = []
_open: list[Work] = []
_stages: list[Stage] = []


@contextmanager
def work(what: str, total: int | None, unit: str, *, first: int = 0, whole: bool = False) -> Iterator[Work]:
    """Yield work that counts from ``first`` to ``total`` while the block runs."""
    opened = Work(what, unit, total, first, first, whole)
    _open.append(opened)
    try:
        for observer in _observers:
            observer.moved(opened)  # which a signal may interrupt
        yield opened
    finally:
        if opened in _open:
            del _open[_open.index(opened) :]  # with any that an error has left open in it
        for observer in _observers:
            observer.ended(opened)


def counted(items: Iterable[T], what: str, total: int | None, unit: str) -> Iterator[T]:
    """Yield items one by one, and count those that are done with."""
    with work(what, total, unit) as opened:
        for number, item in enumerate(items, 1):
            yield item
            opened.at(number)


@contextmanager
def announced(what: str) -> Iterator[None]:
    """Tell of a step in which nothing can be counted, when it begins and when it ends."""
    with work(what, None, ""):
        yield


def innermost() -> Work | None:
    """Return the work that goes on inside all other, if any."""
    return _open[-1] if _open else None


@contextmanager
def stage(begun: Stage) -> Iterator[None]:
    """Let all work in the block be of a stage."""
    _stages.append(begun)
    try:
        yield
    finally:
        _stages.pop()


@contextmanager
def observed(observer: Observer) -> Iterator[None]:
    """Tell an observer of all work while the block runs."""
    _observers.append(observer)
    try:
        yield
    finally:
        _observers.remove(observer)


def current_stage() -> Stage | None:
    """Return the stage that is made, if any."""
    return _stages[-1] if _stages else None


def progress_text(work: Work) -> str:
    """Return how far work is, in words.

    >>> progress_text(Work("training", "steps", 400, 120, values=lambda: {"soft": 0.41234}))[:25]
    'training 120 of 400 steps'
    """
    if not work.unit:
        return work.what
    of = "" if work.total is None else f" of {work.total:,}"
    values = [f"{name} {value:.4g}" for name, value in work.values().items() if math.isfinite(value)]
    return ", ".join([f"{work.what} {work.count:,}{of} {work.unit}", *_left(work.seconds_left()), *values])


def chain_text(stage: Stage) -> str:
    """Return how far the chain is, in words: ``distill 4/7, about 12 min left``."""
    return ", ".join([f"{stage.title} {stage.number}/{stage.of}", *_left(chain_seconds_left(stage))])


def chain_seconds_left(stage: Stage) -> float | None:
    """Return about how many seconds the run still takes; none where that cannot be told."""
    past, outer = time.monotonic() - stage.start, _open[0] if _open else None
    left = None if outer is None else outer.seconds_left()
    if outer is None or left is None or not outer.whole:
        left = None if stage.expected is None else max(left or 0.0, stage.expected - past)
    if left is None:
        return None
    later = stage.later(past + left)
    return None if later is None else left + later


def _left(seconds: float | None) -> Sequence[str]:
    return [] if seconds is None else [f"about {duration(seconds)} left"]


def duration(seconds: float) -> str:
    """Return a time as people say it.

    >>> duration(4.2), duration(89), duration(700), duration(9000)
    ('4 s', '89 s', '12 min', '2.5 h')
    """
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 90 * 60 else f"{seconds / 3600:.1f} h"
