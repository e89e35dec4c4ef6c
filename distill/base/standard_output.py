"""Standard output: what a terminal shows can do nothing to it, and a full disk is one sentence, not a traceback."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TextIO, cast

from distill.base.terminal_text import plain
from distill.errors import DataError


class Plain:
    """A stream of text that escapes control characters, whoever writes them; all else is that of the stream below."""

    def __init__(self, stream: TextIO) -> None:
        """Write to ``stream``."""
        self._stream = stream

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the stream has
        """Return what the stream has."""
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Write a text, and return its length."""
        self._stream.write(plain(text))
        return len(text)


@contextmanager
def harmless() -> Iterator[None]:
    """Escape control characters of all that is written to a terminal while the block runs; a file gets what is said.

    A name, a label or an answer is anybody's, whichever command prints it in whichever form.
    """
    before = sys.stdout
    if before is not None and before.isatty():
        sys.stdout = cast(TextIO, Plain(before))
    try:
        yield
    finally:
        sys.stdout = before


def is_at(path: Path) -> bool:
    """Return whether a path is what standard output or standard error writes to, such as ``/dev/stdout``."""
    for stream in (1, 2):
        with suppress(OSError):  # closed, or the path is not there
            if os.path.samestat(path.stat(), os.fstat(stream)):
                return True
    return False


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
