"""Files of text as lines: plain or gzipped, of bounded memory whatever is in them."""

import codecs
import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO, cast

from distill.base.files import no_file
from distill.data.formats.unpacking import refuse_too_much
from distill.errors import DataError

LONGEST_LINE = 100_000_000
"""The longest line, in bytes: a small gzip file may hold one that takes all memory."""
LONGEST_DOCUMENT = 500_000_000
"""The largest file, in bytes, of those that are read as a whole."""
_HEAD = 1 << 16
"""Bytes at the start of a file that tell what it is."""
_AS_UTF8 = "; save it as UTF-8, for example, where it is of Windows, by: iconv -f CP1252 -t UTF-8"
_MARKS = (
    (b"\xff\xfe\0\0", "UTF-32"), (b"\0\0\xfe\xff", "UTF-32"), (b"\xff\xfe", "UTF-16"), (b"\xfe\xff", "UTF-16"),
)  # fmt: skip
"""How text of wide characters begins where it says so."""
_DAMAGED = "the archive was cut off or changed: fetch it, or pack it, again"
_GZIP = b"\x1f\x8b"


class _Unpacked:
    """A gzipped file that is refused where it unpacks to far more than texts do."""

    def __init__(self, archive: gzip.GzipFile, packed: BinaryIO, file: Path) -> None:
        self.archive, self.packed, self.file = archive, packed, file
        self.count = 0

    def read(self, size: int) -> bytes:
        """Return so many bytes, or what is left."""
        return self._counted(self.archive.read(size))

    def read1(self, size: int) -> bytes:
        """Return at most so many bytes, as soon as there are any."""
        return self._counted(self.archive.read1(size))

    def _counted(self, content: bytes) -> bytes:
        """Return what was unpacked.

        Raises:
            DataError: it is too much by now.
        """
        self.count += len(content)
        refuse_too_much(self.file, self.packed.tell(), self.count, "unpack it yourself, where you trust it")
        return content


@contextmanager
def opened(file: Path) -> Iterator[BufferedReader]:
    """Open a file for reading bytes, unpacked where they are gzipped, whatever its name.

    Raises:
        DataError: it cannot be read, or the archive is broken.
    """
    try:
        if (reason := no_file(file)) is not None:  # a pipe would be waited for, each time that it is opened
            raise DataError(f"{file}: {reason}")
        with file.open("rb") as raw:
            packed = raw.read(2) == _GZIP
            raw.seek(0)
            if not packed:
                yield raw
                return
            with gzip.GzipFile(fileobj=raw) as archive:
                yield cast(BufferedReader, _Unpacked(archive, raw, file))
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise DataError(f"{file} cannot be read: {error}; {_DAMAGED}") from error
    except OSError as error:
        raise DataError(f"{file} cannot be read: {error.strerror or error}") from error


def is_packed(file: Path) -> bool:
    """Return whether a file that is there begins as what gzip packs."""
    with file.open("rb") as raw:
        return raw.read(len(_GZIP)) == _GZIP


def head(file: Path) -> bytes:
    """Return the first bytes of a file's content, which tell what it is.

    Raises:
        DataError: it cannot be read, or is empty.
    """
    with opened(file) as stream:
        start = stream.read(_HEAD)
    if not start:
        raise DataError(f"{file} is empty")
    return start


def lines(file: Path) -> Iterator[str]:
    """Yield the lines of a text file without their ends; carriage returns end them where no other character does.

    Raises:
        DataError: a line is no UTF-8 or has no end in sight, or the archive is broken.
    """
    start = head(file)
    _refuse_wide(start, file)
    inner = start.rstrip(b"\r")
    end = b"\r" if (b"\r" in inner or not inner) and b"\n" not in start else b"\n"
    with opened(file) as stream:
        for number, line in enumerate(_lines(stream, file, end), 1):
            try:
                text = line.decode("utf-8")
            except UnicodeDecodeError as error:
                byte = error.object[error.start]
                raise DataError(
                    f"line {number} of {file} is no UTF-8: byte 0x{byte:02x} at position {error.start}{_AS_UTF8}"
                ) from error
            yield text.lstrip("\ufeff") if number == 1 else text


def _refuse_wide(start: bytes, file: Path) -> None:
    """Refuse a file whose characters are of two or four bytes each, or that holds little but zeros.

    Raises:
        DataError: it does.
    """
    marked = next((name for mark, name in _MARKS if start.startswith(mark)), None)
    zeros = 3 * start.count(0) > len(start)
    order = "BE" if start[::2].count(0) > start[1::2].count(0) else "LE"
    unmarked = filter(partial(_is_in, start), (f"UTF-32{order}", f"UTF-16{order}")) if zeros else iter(())
    if (encoding := marked or next(unmarked, None)) is not None:
        kind = encoding[:6]  # without the order of bytes
        raise DataError(f"{file} is {kind} text; save it as UTF-8, for example by: iconv -f {encoding} -t UTF-8")
    if zeros:
        raise DataError(
            f"{file} is no text: more than a third of its bytes are 0, as where a file was never written to its end; "
            "fetch it again"
        )


def _is_in(start: bytes, encoding: str) -> bool:
    """Whether the first bytes of a file are text in an encoding."""
    try:
        text = codecs.getincrementaldecoder(encoding)().decode(start)
    except UnicodeDecodeError:
        return False
    return bool(text) and "\0" not in text


def whole(file: Path) -> str:
    """Return the whole content of a text file.

    Raises:
        DataError: it cannot be read, is no UTF-8, or too long to be read as a whole.
    """
    with opened(file) as stream:
        content = stream.read(LONGEST_DOCUMENT + 1)
    if len(content) > LONGEST_DOCUMENT:
        raise DataError(f"{file} has more than {LONGEST_DOCUMENT:,} bytes in one JSON value; save it as JSON lines")
    try:
        return content.decode("utf-8").lstrip("\ufeff")
    except UnicodeDecodeError as error:
        byte = error.object[error.start]
        raise DataError(f"{file} is no UTF-8: byte 0x{byte:02x} at position {error.start}{_AS_UTF8}") from error


def _lines(stream: BufferedReader, file: Path, end: bytes) -> Iterator[bytes]:
    """Yield what stands between ends: of many at once, since lines may be short, and of long ones no part twice."""
    parts: list[bytes] = []
    number = size = 0
    while chunk := stream.read1(_HEAD):  # of a pipe what has come, and not a whole block
        *ended, rest = chunk.split(end)
        if ended:
            ended[0] = b"".join((*parts, ended[0]))
            parts, size = [], 0
            number += len(ended)
            yield from ended
        parts.append(rest)
        size += len(rest)
        if size > LONGEST_LINE:
            raise DataError(f"line {number + 1} of {file} has more than {LONGEST_LINE:,} bytes: no text is that long")
    if size:
        yield b"".join(parts)
