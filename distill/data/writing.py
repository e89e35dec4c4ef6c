"""The files, or standard output, to which answers are written."""

import gzip
import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

from distill.base import signals, standard_output
from distill.base.disk import irreplaceable, replacing
from distill.base.installed import refuse_missing
from distill.data.parquet_sink import ParquetSink
from distill.data.sinks import KINDS, PARQUET, TEXT, Sink
from distill.errors import DataError

ENDINGS = (*(f".{kind}" for kind in KINDS), *(f".{kind}.gz" for kind in TEXT))
"""The endings of the names of files that can be written."""


def kind(file: Path) -> str:
    """Return the kind of file in which answers are written, by the ending of its name.

    Raises:
        DataError: it ends otherwise than what is written.
    """
    for ending in ENDINGS:
        if file.name.endswith(ending):
            return ending.split(".")[1]
    raise DataError(f"{file}: answers are not written in this kind of file; known are {', '.join(ENDINGS)}")


def refuse_target(target: Path, source: Path, named_kind: str | None = None, *, instead: str = "give a file") -> None:
    """Refuse a file for answers, before any work is done, if it cannot be written or is the input itself.

    Args:
        target: the file.
        source: what is read.
        named_kind: the kind of file, where its name is not to say it.
        instead: what the message tells to do where the target is no file.

    Raises:
        ConfigError: it takes a package that is not installed.
        DataError: the file is of an unknown kind, has no folder, is one, a pipe or a device, what this process prints
            to, or the source under whatever name.
    """
    if standard_output.is_at(target):
        raise DataError(f"{target} is what this command prints to; {instead}")
    if (reason := irreplaceable(target)) is not None:
        raise DataError(f"{target} {reason}; {instead}")
    if (named_kind or kind(target)) == PARQUET:
        refuse_missing(f"{target}: writing Parquet", "pyarrow")
    folder = Path(os.path.realpath(target)).parent if target.is_symlink() else target.parent
    if not folder.is_dir():
        raise DataError(f"{target}: there is no folder {folder}")
    if target.exists() and source.exists() and target.samefile(source):
        raise DataError(f"{target} is the input itself; give another file as output")


@contextmanager
def writing(file: Path, named_kind: str | None = None, *, errors: bool = False) -> Iterator[Sink]:
    """Open a file for answers, which appears when all of them have come and else stays as it was.

    Args:
        file: of a kind that is written, packed with gzip where its name says so.
        named_kind: the kind of file, where its name is not to say it.
        errors: whether a table has a column for the errors of rows.

    Raises:
        DataError: it cannot be written, or an answer has a number that is not finite.
    """
    written = named_kind or kind(file)
    try:
        with replacing(file) as hidden:
            with hidden.open("wb") as raw:
                if file.suffix == ".gz":
                    with gzip.GzipFile(fileobj=raw, mode="wb", filename="") as packed:
                        yield from _written(cast(IO[bytes], packed), written, errors)
                else:
                    yield from _written(raw, written, errors)
            signals.check()
    except OSError as error:
        raise DataError(f"{file} cannot be written: {error.strerror or error}") from error


def _written(raw: IO[bytes], kind: str, errors: bool) -> Iterator[Sink]:
    """The sink of a file, ended when all answers have come."""
    if kind == PARQUET:
        yield from _parquet(raw, errors)
        return
    with io.TextIOWrapper(raw, encoding="utf-8", newline="\n") as out:
        sink = TEXT[kind](out, errors)
        yield sink
        sink.end()


def _parquet(raw: IO[bytes], errors: bool) -> Iterator[Sink]:
    """The sink of Parquet, closed also where not all answers have come: the library would close it too late."""
    sink = ParquetSink(raw, errors)
    try:
        yield sink
        sink.end()
    finally:
        sink.close()


@contextmanager
def printing(kind: str, *, errors: bool = False) -> Iterator[Sink]:
    """Open standard output for answers, which appear there as they come.

    Args:
        kind: one of ``KINDS``.
        errors: whether a table has a column for the errors of rows.

    Raises:
        DataError: it cannot be written, or an answer has a number that is not finite.
    """
    with standard_output.written():
        if kind == PARQUET:
            yield from _parquet(sys.stdout.buffer, errors)
            return
        out = cast(io.TextIOWrapper, sys.stdout)
        out.reconfigure(encoding="utf-8", newline="\n", line_buffering=True)
        sink = TEXT[kind](out, errors)
        yield sink
        sink.end()
