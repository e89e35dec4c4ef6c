"""Show how far long work is: on a terminal by a bar and a line for the chain, elsewhere by a line in the log."""

import logging
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from logging import LogRecord, StreamHandler
from typing import TextIO

from distill.base import long_work, signals
from distill.base.long_work import Work, chain_text, current_stage, innermost, progress_text
from distill.base.terminal_text import plain

log = logging.getLogger("distill.progress")

_REDRAWN = 0.25
"""Seconds from one picture on a terminal to the next."""
_BAR = 20
"""Characters of a bar."""
_CLEAR, _UP = "\r\x1b[K", "\x1b[1A"
_OF_PROGRESS = "of_progress"
"""The mark of a log record that a terminal need not show, since it has a bar."""


class Lines:
    """Logs a line on the work that goes on, every so many seconds, and on a step without a count when it begins."""

    def __init__(self, every: float) -> None:
        """Begin to wait for the first line."""
        self._every, self._next = every, time.monotonic() + every

    def moved(self, work: Work) -> None:
        """Log a line where one is due."""
        now, begins = time.monotonic(), work.count == work.first
        if begins if work.unit else not begins:
            return
        if work.unit and now < self._next:
            return
        self._next, stage = now + self._every, current_stage()
        where = "" if stage is None else f" ({chain_text(stage)})"
        log.info("%s%s", progress_text(work), where, extra={_OF_PROGRESS: True})

    def ended(self, work: Work) -> None:
        """Do nothing: the stage says that it is done."""


class Bars:
    """Draws on a terminal a bar for the innermost work, and below it a line for the chain."""

    def __init__(self, stream: TextIO) -> None:
        """Draw nothing yet."""
        self._stream, self._next, self._lines = stream, 0.0, 0

    def moved(self, work: Work) -> None:
        """Draw anew, unless that was done a moment ago; of a step without a count there is no later time."""
        if (now := time.monotonic()) >= self._next or not work.unit:
            self._next = now + _REDRAWN
            self.draw(work)

    def ended(self, work: Work) -> None:
        """Take away what was drawn, and draw the work around it, which may not move for long."""
        self.erase()
        if (outer := innermost()) is not None:
            self.draw(outer)

    def draw(self, work: Work) -> None:
        """Draw the bar, and the line of the chain where there is one."""
        stage = current_stage()
        lines = [_bar(work), *([] if stage is None else [chain_text(stage)])]
        width = shutil.get_terminal_size().columns - 1  # a full line would wrap, and could not be taken away
        picture = "\n".join(plain(line)[:width] for line in lines)
        self.erase()
        try:
            self._stream.write(picture)
            self._stream.flush()
        finally:  # a signal may end the work here, and what stands there is to be taken away then, too
            self._lines = len(lines)

    def erase(self) -> None:
        """Clear the lines that were drawn, and go back to where the first one began."""
        if self._lines:
            self._stream.write(_CLEAR + (_UP + _CLEAR) * (self._lines - 1))
            self._stream.flush()
            self._lines = 0


def _bar(work: Work) -> str:
    """Return the bar of some work as text."""
    if not work.total:
        return progress_text(work)
    full = min(_BAR, _BAR * work.count // work.total)
    return f"[{'#' * full}{'.' * (_BAR - full)}] {progress_text(work)}"


_bars: list[Bars] = []
"""What is drawn on the terminal now; at most one."""


class ConsoleHandler(StreamHandler[TextIO]):
    """A log handler that takes away bars while it writes, and leaves out what they show."""

    def emit(self, record: LogRecord) -> None:
        """Write a record."""
        if _bars and getattr(record, _OF_PROGRESS, False):
            return
        for bars in _bars:
            bars.erase()
        super().emit(record)


@contextmanager
def shown(every_seconds: float, *, bars: bool = True) -> Iterator[None]:
    """Show all long work while the block runs.

    Args:
        every_seconds: from one line in the log to the next; 0 logs none.
        bars: whether a terminal gets bars.
    """
    with ExitStack() as observing:
        if every_seconds:
            observing.enter_context(long_work.observed(Lines(every_seconds)))
        if bars and on_a_terminal():
            observing.enter_context(_drawn(Bars(sys.stderr)))
        yield


def on_a_terminal() -> bool:
    """Return whether both outputs are a terminal: what goes into a file or pipe beside it would break bars."""
    return sys.stdout.isatty() and sys.stderr.isatty()


@contextmanager
def _drawn(bars: Bars) -> Iterator[None]:
    _bars.append(bars)
    try:
        with long_work.observed(bars), signals.telling(lambda number: None, bars.erase):
            yield
    finally:
        _bars.remove(bars)
        bars.erase()


def write(text: str) -> None:
    """Write text to standard output, without bars in its way."""
    for bars in _bars:
        bars.erase()
    sys.stdout.write(text)
    sys.stdout.flush()
