"""Rows that come line by line and go line by line: files of any size in bounded memory."""

import gzip
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from distill import signals
from distill.data.files import lines
from distill.disk import replacing
from distill.errors import DataError

SUFFIXES = (".jsonl", ".tsv", ".jsonl.gz", ".tsv.gz")

_RUN = ("=", "+", "-", "@")
"""How a cell begins that a spreadsheet takes for a formula."""
_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?")

Row = Mapping[str, Any]


def read(file: Path) -> Iterator[tuple[int, Row]]:
    """The rows of a JSONL or TSV file, each with the number of its line.

    Raises:
        DataError: the file is no such file, or a line of it cannot be read; it is named.
    """
    if not file.is_file():
        raise DataError(f"{file}: there is no such file")
    return _objects(file) if kind(file) == "jsonl" else _fields(file)


def kind(file: Path) -> str:
    """Jsonl or tsv, by the file's ending.

    Raises:
        DataError: it ends otherwise.
    """
    for suffix in SUFFIXES:
        if file.name.endswith(suffix):
            return suffix.split(".")[1]
    raise DataError(f"{file}: unknown kind of file; known are {', '.join(SUFFIXES)}")


def refuse_target(target: Path, source: Path) -> None:
    """Find out, before the work, whether its outcome can have this file.

    Raises:
        DataError: the file is of an unknown kind, has no folder, is one, or is the source under whatever name.
    """
    kind(target)
    if target.is_dir():
        raise DataError(f"{target} is a folder; give a file")
    if not target.parent.is_dir():
        raise DataError(f"{target}: there is no folder {target.parent}")
    if target.exists() and source.exists() and target.samefile(source):
        raise DataError(f"{target} is the input itself; give another file as output")


@contextmanager
def writing(file: Path) -> Iterator["Sink"]:
    """Where rows go, one line each; the file appears when all have come, or stays as it was.

    Raises:
        DataError: it cannot be written, or a row has a number that is not finite.
    """
    try:
        with replacing(file) as hidden:
            with (
                gzip.open(hidden, "wt", encoding="utf-8")
                if file.suffix == ".gz"
                else hidden.open("w", encoding="utf-8", newline="\n") as out
            ):
                yield Sink(out, kind(file))
            signals.check()
    except OSError as error:
        raise DataError(f"{file} cannot be written: {error.strerror or error}") from error


class Sink:
    """Writes rows as JSONL, or as TSV under a header."""

    def __init__(self, out: IO[str], kind: str) -> None:
        """Write to ``out``."""
        self.out, self.kind = out, kind
        self._columns: list[str] = []
        self._count = 0

    def write(self, rows: Iterable[Row]) -> None:
        """Append rows, all of the same columns."""
        for row in rows:
            self._count += 1
            line = self._json(row)
            if self.kind == "jsonl":
                self.out.write(line + "\n")
                continue
            if not self._columns:
                self._columns = list(row)
                self.out.write("\t".join(map(_cell, self._columns)) + "\n")
            self.out.write("\t".join(_cell(row[column]) for column in self._columns) + "\n")

    def _json(self, row: Row) -> str:
        try:
            return json.dumps(row, ensure_ascii=False, allow_nan=False)
        except ValueError as error:
            raise DataError(f"answer {self._count} is no finite number: is the model whole?") from error


def _cell(value: Any) -> str:  # noqa: ANN401
    """A value in one cell: lists and objects as JSON, all else with spaces for line ends and tabs.

    What a spreadsheet would run stands behind an apostrophe, which keeps it a text; numbers stay numbers.

    >>> _cell("=1+1"), _cell("-1.5"), _cell(-1.5), _cell("-x"), _cell("a@b")
    ("'=1+1", '-1.5', '-1.5', "'-x", 'a@b')
    """
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False)
    text = " ".join(str(value).split())
    return f"'{text}" if text.startswith(_RUN) and not _NUMBER.fullmatch(text) else text


def _objects(file: Path) -> Iterator[tuple[int, Row]]:
    for number, line in enumerate(lines(file), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line, parse_constant=_no_value)
            if "\\u" in line:
                json.dumps(row, ensure_ascii=False).encode()  # half of a pair of escapes is no text
        except ValueError as error:
            raise DataError(f"line {number} of {file} is no JSON: {error}") from error
        if not isinstance(row, dict):
            raise DataError(f"line {number} of {file} is no JSON object")
        yield number, row


def _no_value(word: str) -> None:
    raise ValueError(f"{word} is no value")


def _fields(file: Path) -> Iterator[tuple[int, Row]]:
    rows = (line.removesuffix("\r").split("\t") for line in lines(file))
    columns = next(rows)
    if doubled := {column for column in columns if columns.count(column) > 1}:
        raise DataError(f"{file} names the column {min(doubled)} twice")
    for number, fields in enumerate(rows, 2):
        if len(fields) != len(columns):
            raise DataError(f"line {number} of {file} has {len(fields)} fields, but the header has {len(columns)}")
        yield number, dict(zip(columns, fields, strict=True))
