"""Heed signals from the first moment of a command, before it imports anything that takes time.

It imports next to nothing itself. Where nothing has been begun, nothing has to be kept, so that a signal ends the
process at once, whatever is being imported; ``distill.base.signals`` takes signals over from here, and hands them back.
"""

import os
import signal
import sys
from types import FrameType

from distill.base.installed import say_what_is_missing

HEEDED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1)
"""The signals that end a command; SLURM sends the last one before a job's time is over, where it is told to."""
GOES_ON = "the same command goes on from the last checkpoint"
NOTHING = "nothing was written"
"""The ends of a sentence on a command that a signal has ended."""


def signal_message(number: int) -> str:
    """Return what a signal has done to the command, in words."""
    return "interrupted" if number == signal.SIGINT else f"ended by {signal.Signals(number).name}"


class AtOnce:
    """The signal handler that ends the process at once, with one sentence and the exit code that shells expect."""

    def __init__(self, then: str) -> None:
        """Keep ``then``, with which the sentence goes on."""
        self.then = then

    def __call__(self, number: int, frame: FrameType | None) -> None:
        """Write the sentence to stderr and end the process."""
        out = sys.__stderr__.fileno() if sys.__stderr__ else 2
        os.write(out, f"distill: {signal_message(number)}; {self.then}\n".encode())
        os._exit(128 + number)


def heed(then: str) -> None:
    """Handle signals so that they end the process with one sentence, and no traceback; so does a missing package.

    A signal that the process was started to ignore stays ignored.

    Args:
        then: the end of the sentence.
    """
    end = AtOnce(then)
    for number in HEEDED:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, end)
    say_what_is_missing()
