"""Standard output that cannot be written, such as a file on a full disk: one sentence instead of a traceback."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from distill.errors import DataError


@contextmanager
def written() -> Iterator[None]:
    """Write to standard output, all of it before the end.

    Raises:
        DataError: it cannot be written.
        BrokenPipeError: nobody reads it any more.
    """
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        let_go()
        raise DataError(f"standard output cannot be written: {error.strerror or error}") from error


def say(text: str) -> None:
    """Write a text to standard output.

    Raises:
        DataError: it cannot be written.
        BrokenPipeError: nobody reads it any more.
    """
    with written():
        sys.stdout.write(text)


def let_go() -> None:
    """Send the rest of standard output nowhere: the interpreter flushes it once more at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
