"""Standard input as a file that can be opened again and again, of which little is in memory."""

import io
import sys
import tempfile
from functools import cached_property
from pathlib import PosixPath
from typing import TYPE_CHECKING, BinaryIO, cast

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_CHUNK = 1 << 16
"""Bytes that are taken from standard input together, if as many are there."""


class StandardInput(PosixPath):
    """Standard input as a path: readers open a file more than once, which a pipe does not allow.

    What has come is kept in a temporary file, so that rows can be read before all of them are there.
    """

    def __str__(self) -> str:
        """Return how messages name standard input."""
        return "standard input"

    @cached_property
    def _spool(self) -> "_Spool":
        return _Spool(sys.stdin.buffer)

    def is_file(self) -> bool:
        """Return true, since standard input can always be read."""
        return True

    def open(  # type: ignore[override]
        self,
        mode: str = "rb",
        buffering: int = -1,
        encoding: str | None = None,
        errors: str | None = None,
        newline: str | None = None,
    ) -> BinaryIO:
        """Open all bytes of standard input from its start, whatever was read of it before.

        Raises:
            ValueError: another mode is asked for.
        """
        if mode != "rb":
            raise ValueError(f"standard input is opened for reading bytes, not as {mode}")
        return io.BufferedReader(_Reader(self._spool), _CHUNK)


class _Spool:
    """What has come of a stream, on disk."""

    def __init__(self, stream: BinaryIO) -> None:
        """Nothing has come yet."""
        self._stream, self._ended, self._size = cast(io.BufferedReader, stream), False, 0
        self._file = tempfile.TemporaryFile()  # noqa: SIM115  # as long as the process

    def read(self, start: int, count: int) -> bytes:
        """At most ``count`` bytes from ``start`` on; none where the stream has ended there."""
        while start >= self._size and self._more():
            pass
        self._file.seek(start)
        return self._file.read(count)

    def size(self) -> int:
        """Bytes of the whole stream, for which it has to end."""
        while self._more():
            pass
        return self._size

    def _more(self) -> bool:
        """Wait for more of the stream; whether there was any."""
        if self._ended:
            return False
        chunk = self._stream.read1(_CHUNK)
        self._file.seek(self._size)
        self._file.write(chunk)
        self._size += len(chunk)
        self._ended = not chunk
        return not self._ended


class _Reader(io.RawIOBase):
    """A place in what has come of a stream."""

    def __init__(self, spool: _Spool) -> None:
        """Begin at its start."""
        self._spool, self._place = spool, 0

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        """Fill as much of the buffer as there is something for."""
        view = memoryview(buffer).cast("B")
        chunk = self._spool.read(self._place, len(view))
        view[: len(chunk)] = chunk
        self._place += len(chunk)
        return len(chunk)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to another place."""
        start = {io.SEEK_SET: lambda: 0, io.SEEK_CUR: lambda: self._place, io.SEEK_END: self._spool.size}[whence]()
        self._place = start + offset
        return self._place
