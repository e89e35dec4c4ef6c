"""Say on a terminal how far a command is; elsewhere say nothing."""

import sys
import time
from types import TracebackType

_EVERY = 0.5
"""Seconds between two lines."""
_ERASE = "\r\x1b[K"
"""Goes to the start of a terminal's line, and clears it."""


class Progress:
    """A line on standard error that counts, where that is a terminal, and that is gone in the end."""

    def __init__(self, unit: str, *, hidden: bool = False) -> None:
        """Begin at 0.

        Args:
            unit: what is counted, such as ``examples``.
            hidden: shows nothing though there is a terminal.
        """
        self._unit, self._shown = unit, sys.stderr.isatty() and not hidden
        self._start = self._next = time.monotonic()

    def __enter__(self) -> "Progress":
        """Return itself."""
        return self

    def at(self, count: int) -> None:
        """Show a count, unless the last one was shown a moment ago."""
        if not self._shown or (now := time.monotonic()) < self._next:
            return
        self._next, rate = now + _EVERY, count / max(now - self._start, 1e-9)
        sys.stderr.write(f"{_ERASE}{count:,} {self._unit}, {rate:,.0f} a second")
        sys.stderr.flush()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Clear the line."""
        if self._shown:
            sys.stderr.write(_ERASE)
            sys.stderr.flush()
