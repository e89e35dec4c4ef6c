"""How a command ends where its reader or its user ends it."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def while_it_is_read() -> Iterator[None]:
    """End a command without a word where nobody reads its output any more, as in ``--help | head``."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # else the interpreter flushes it once more
        sys.exit(0)
