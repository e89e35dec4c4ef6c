"""End a process that another one has started as its helper when that one is gone, and tell that one of signals."""

import os
import threading
import time
from contextlib import suppress

from distill.base.early_signals import GOES_ON
from distill.base.process_state import StopWatch

PARENT = "DISTILL_PARENT"
"""The variable by which a process that another one has started knows that one's number."""
SIGNALS = "DISTILL_PARENT_SIGNALS"
"""The variable by which it knows the end of a pipe into which it writes the numbers of signals that come to it."""
_parent = 0
"""That number; 0 where nobody waits for this process."""
_pipe = -1
"""That end; below 0 where nobody reads."""


def end_with_the_parent(*, if_stopped: bool = True) -> None:
    """End this process when the one that started it as its helper is gone, however it ended, or stays stopped.

    Args:
        if_stopped: whether to end where the parent is only stopped.
    """
    global _parent, _pipe
    _parent = parent = int(os.environ.pop(PARENT, "0"))
    _pipe = int(os.environ.pop(SIGNALS, "-1"))

    def watch() -> None:
        stopped = StopWatch(parent)
        while (lost := lost_parent()) is None:
            if if_stopped and stopped.is_lost():
                said = f"distill: rank 0 (process {parent}) is stopped, as by SIGSTOP or Ctrl-Z; {GOES_ON}\n"
                os.write(2, said.encode())
                os._exit(2)
            time.sleep(1)
        if if_stopped:
            os.write(2, f"distill: {lost}\n".encode())
        os._exit(1)

    if parent:
        threading.Thread(target=watch, daemon=True, name="parent").start()


def lost_parent(wait: float = 0.0) -> str | None:
    """Return a sentence on the process that started this one as its helper, where it has ended, or ends in so long."""
    until = time.monotonic() + wait
    while _parent:
        if os.getppid() != _parent:
            return f"rank 0 (process {_parent}) has ended; {GOES_ON}"
        if time.monotonic() >= until:
            break
        time.sleep(0.1)
    return None


def tell(number: int) -> None:
    """Tell the process that started this one as its helper, where it listens, of a signal that has come."""
    if _pipe >= 0:
        with suppress(OSError):  # it is gone, which ends this one, too
            os.write(_pipe, bytes([number]))
