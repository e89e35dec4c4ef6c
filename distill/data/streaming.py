"""Rows that come line by line and go line by line: files of any size in bounded memory."""

import gzip
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from distill.base import signals
from distill.base.disk import replacing
from distill.data import formats, parquet
from distill.data.kinds import Unfit, refuse_no_values
from distill.errors import DataError

SUFFIXES = (".jsonl", ".tsv", ".jsonl.gz", ".tsv.gz")

_RUN = ("=", "+", "-", "@")
"""How a cell begins that a spreadsheet takes for a formula."""
_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?")

Row = Mapping[str, Any]


def read(file: Path, *, words: bool = False) -> Iterator[tuple[int, Row]]:
    """The rows of a file of any kind that is read, each with the number of its line.

    Args:
        file: to read.
        words: whether columns of words may be meant.

    Raises:
        DataError: the file is no such file, or a line of it cannot be read; it is named. A row raises it where a value
            is asked for that cannot be used.
    """
    if not file.is_file():
        raise DataError(f"{file}: there is no such file")
    if formats.ending(file) == formats.PARQUET:
        return parquet.rows(file)
    found = formats.rows(file, formats.Options(words=words, labelled=False))
    numbered = found.rows
    if found.text and not found.problems:
        return numbered
    return ((number, _checked(row, found.problems, f"{found.unit} {number} of {file}")) for number, row in numbered)


def kind(file: Path) -> str:
    """Jsonl or tsv, by the file's ending.

    Raises:
        DataError: it ends otherwise.
    """
    for suffix in SUFFIXES:
        if file.name.endswith(suffix):
            return suffix.split(".")[1]
    raise DataError(f"{file}: answers are not written in this kind of file; known are {', '.join(SUFFIXES)}")


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


class _Checked(dict[str, Any]):
    """A row of which some values cannot be used: whoever asks for one is told why."""

    def __init__(self, row: Mapping[str, Any], problems: Mapping[str, str]) -> None:
        """Know the reason for each column that has one."""
        super().__init__(row)
        self.problems = problems

    def __getitem__(self, column: str) -> Any:  # noqa: ANN401
        if column in self.problems:
            raise DataError(self.problems[column])
        return super().__getitem__(column)


def _checked(row: Row, known: Mapping[str, str], where: str) -> Row:
    """The row, with what is wrong with its values."""
    problems = dict(known)
    for column, value in row.items():
        try:
            refuse_no_values(value)
        except Unfit as error:
            problems[column] = f"{where} has in {column} {error}"
    return _Checked({**dict.fromkeys(problems), **row}, problems) if problems else row
