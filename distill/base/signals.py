"""Let Ctrl-C and SIGTERM end the work at a safe place, and never be lost.

A signal sets a flag. Where nothing has to be kept, it raises ``Interrupted`` at once as well, as Python does; inside
``deferred`` it only sets the flag, which whoever loops there reads when what has been done is safe. A destructor or a
library may swallow what is raised, but not the flag, which is read again at the next safe place and at the end.
"""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType
from typing import NoReturn

from distill.base.early_signals import GOES_ON, HEEDED, AtOnce, signal_message

_SAME = 0.5
"""Seconds within which a launcher may hand on what the terminal has sent already."""
_AT_ONCE = f"distill: ended at once; {GOES_ON}\n".encode()


class Interrupted(BaseException):
    """A signal has asked the program to end; it is no ``Exception``, so that what mends errors lets it pass."""

    def __init__(self, number: int) -> None:
        """Keep the number of the signal that came."""
        super().__init__(number)
        self.number = number

    @property
    def code(self) -> int:
        """Return the exit code that shells expect: 128 and the number of the signal."""
        return 128 + self.number

    def __str__(self) -> str:
        """Return what happened, without a way to go on."""
        return signal_message(self.number)


@dataclass
class _Watch:
    """The signal that has come, and what is done about it.

    Attributes:
        process: the id of the process that heeds signals; its forks leave that to it.
        number: the number of the first signal that has come.
        heard: that of one which has come to another process, by which the work of this one ends, too.
        since: the time at which it came, in seconds.
        deferred: how many blocks keep ``Interrupted`` for later.
        told: functions that are called with the signal when it comes.
        last: functions that are called before the process ends at once.
    """

    process: int = 0
    number: int | None = None
    heard: int | None = None
    since: float = 0.0
    deferred: int = 0
    told: list[Callable[[int], None]] = field(default_factory=list)
    last: list[Callable[[], None]] = field(default_factory=list)

    def came(self, number: int, frame: FrameType | None) -> None:
        """Take a signal; the second one ends the process at once."""
        if os.getpid() != self.process:
            return _in_a_fork(number)
        if self.number is not None:
            return self._again()
        self.number, self.since = number, time.monotonic()
        for tell in self.told:
            tell(number)
        if not self.deferred:
            raise Interrupted(number)
        return None

    def _again(self) -> None:
        if self.number is not None and time.monotonic() - self.since > _SAME:
            for end in self.last:
                end()
            os.write(sys.__stderr__.fileno() if sys.__stderr__ else 2, _AT_ONCE)
            os._exit(128 + self.number)


_watch = _Watch()


@contextmanager
def heeded() -> Iterator[None]:
    """Heed signals while the block runs, and restore their handlers; within another such block, only set the flag.

    A signal that the process was started to ignore stays ignored, and outside the main thread nothing is heeded.

    Raises:
        Interrupted: a signal has come, even if what it raised was swallowed, or turned into another error.
    """
    outermost = _watch.process != os.getpid() and threading.current_thread() is threading.main_thread()
    before = _install() if outermost else {}
    try:
        yield
        check()
    except KeyboardInterrupt as error:  # where the handler is not ours: in another thread, or put there by a library
        raise Interrupted(signal.SIGINT) from error
    except Exception as error:
        if (number := pending()) is not None:
            raise Interrupted(number) from error
        raise
    finally:
        if outermost:
            _restore(before)


@contextmanager
def deferred() -> Iterator[None]:
    """Let a signal only set its flag while the block runs, which may look at ``pending`` to end early.

    Raises:
        Interrupted: one has come by the end of the outermost such block.
    """
    _watch.deferred += 1
    try:
        yield
    finally:
        _watch.deferred -= 1
    if not _watch.deferred:
        check()


@contextmanager
def telling(tell: Callable[[int], None], end: Callable[[], None]) -> Iterator[None]:
    """Call ``tell`` with a signal that comes while the block runs, and ``end`` before the process ends at once.

    One that has come before is told now.
    """
    _watch.told.append(tell)
    _watch.last.append(end)
    if _watch.number is not None:
        tell(_watch.number)
    try:
        yield
    finally:
        _watch.told.remove(tell)
        _watch.last.remove(end)


def hear(number: int) -> None:
    """Take a signal that has come to another process for one to this one, but for one that follows: that is its first.

    The launcher of both ends this one by a signal of its own when the other has ended.
    """
    _watch.heard = number


def pending() -> int | None:
    """Return the number of the signal that has come, here or to another process whose work is the same, if one has."""
    return _watch.heard if _watch.number is None else _watch.number


def check() -> None:
    """Raise ``Interrupted`` where a signal has come.

    Raises:
        Interrupted: one has.
    """
    if (number := pending()) is not None:
        raise Interrupted(number)


def ours_again() -> None:
    """Take signals back from a library that has put its own handlers in the place of ours."""
    if _watch.process == os.getpid() and threading.current_thread() is threading.main_thread():
        for number in HEEDED:
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, _watch.came)


def left_to_the_parent(_: int = 0) -> None:
    """Let a helper process, such as a data worker, outlive signals to the whole group: its parent ends it in time."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1):
        signal.signal(number, signal.SIG_IGN)


def _install() -> dict[int, object]:
    global _watch
    _watch = _Watch(os.getpid())
    before: dict[int, object] = {number: signal.getsignal(number) for number in HEEDED}
    sys.unraisablehook = _silent(sys.unraisablehook)
    ours_again()
    return before


def _restore(before: dict[int, object]) -> None:
    global _watch
    for number, handler in before.items():
        if isinstance(handler, AtOnce):  # the command is done, or has said why it is not: it may end in peace
            signal.signal(number, signal.SIG_IGN)
        elif handler is not None:
            signal.signal(number, handler)  # type: ignore[arg-type]
    sys.unraisablehook = sys.__unraisablehook__
    _watch = _Watch()


def _silent(say: Callable[["sys.UnraisableHookArgs"], object]) -> Callable[["sys.UnraisableHookArgs"], object]:
    """Say nothing of an interruption in a destructor: the flag is read elsewhere."""

    def hook(raised: "sys.UnraisableHookArgs") -> None:
        if not issubclass(raised.exc_type, Interrupted):
            say(raised)

    return hook


def _in_a_fork(number: int) -> None:
    """A fork is ended by its parent, which has Ctrl-C as well; any other signal does what it did to begin with."""
    if number != signal.SIGINT:
        _end_by(number)


def _end_by(number: int) -> NoReturn:
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
    os._exit(128 + number)
