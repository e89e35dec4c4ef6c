"""How every command ends: by itself, with one sentence on stderr, or where nobody reads it any more."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

from distill.base import signals
from distill.base.signals import Interrupted
from distill.base.terminal_text import plain
from distill.errors import DistillError


def stop(message: str, code: int) -> NoReturn:
    """End with a sentence on stderr and an exit code."""
    sys.stderr.write(plain(f"distill: {message}\n"))
    sys.exit(code)


@contextmanager
def in_one_sentence(then: str) -> Iterator[None]:
    """Run a command that has no log: what a user can cause, and signals, end it with one sentence.

    Args:
        then: how the sentence on a signal goes on.
    """
    try:
        with while_it_is_read(), signals.heeded():
            yield
    except DistillError as error:
        stop(str(error), 2)
    except Interrupted as error:
        stop(f"{error}; {then}", error.code)


@contextmanager
def while_it_is_read() -> Iterator[None]:
    """End a command without a word where nobody reads its output any more, as in ``--help | head``."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # else the interpreter flushes it once more
        sys.exit(0)
