"""Writers of answers as text, one after the other: as JSON lines, a JSON array, or a table."""

import csv
import json
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import IO, Protocol

from distill.base.spreadsheets import inert
from distill.data.inputs import ID
from distill.errors import DataError

ERROR = "error"
"""The field of an answer that says why there is none."""
_MOST_HELD = 100_000
"""Answers of which none says what an answer has."""

Row = Mapping[str, object]


class Sink(Protocol):
    """Writes answers, each a mapping of fields; an answer that is an error has no other field but an id."""

    @abstractmethod
    def write(self, row: Row) -> None:
        """Take the answer to one row.

        Raises:
            DataError: it holds a number that is not finite.
        """

    @abstractmethod
    def end(self) -> None:
        """Write the answers that are still held, and whatever ends the file."""


class Lines:
    """Writes answers as JSON lines: one object a line."""

    def __init__(self, out: IO[str]) -> None:
        """Write to ``out``."""
        self._out, self._count = out, 0

    def write(self, row: Row) -> None:
        """Write one answer as a line."""
        self._count += 1
        self._out.write(as_json(row, self._count) + "\n")

    def end(self) -> None:
        """Do nothing, as every answer is written at once."""


class Array:
    """Writes answers as one JSON array, with each object on a line of its own."""

    def __init__(self, out: IO[str]) -> None:
        """Write to ``out``."""
        self._out, self._count = out, 0

    def write(self, row: Row) -> None:
        """Write one answer as an entry of the array."""
        self._count += 1
        self._out.write(("[\n" if self._count == 1 else ",\n") + as_json(row, self._count))

    def end(self) -> None:
        """Close the array."""
        self._out.write("\n]\n" if self._count else "[]\n")


class HeldRows:
    """Holds answers back until one of them is no error, because only that one tells the columns."""

    def __init__(self, errors: bool) -> None:
        """Begin without answers; ``errors`` asks for a column of errors."""
        self._errors, self._count = errors, 0
        self._held: list[Row] = []
        self.names: list[str] = []

    def add(self, row: Row) -> Sequence[Row]:
        """Return the answers that can be written now that this one has come.

        Raises:
            DataError: a row has a number that is not finite, or more than those before it, or too many are held.
        """
        self._count += 1
        as_json(row, self._count)
        if self.names:
            if more := [name for name in row if name not in (*self.names, ERROR)]:
                raise DataError(
                    f"answer {self._count} has {', '.join(more)}, unlike those before it: write JSON lines, or give "
                    "rows of one kind"
                )
            return (row,)
        self._held.append(row)
        if ERROR not in row:
            return self.end(row)
        if len(self._held) > _MOST_HELD:
            raise DataError(
                f"none of the first {_MOST_HELD:,} rows can be answered, so it is not known which columns their "
                f"answers have; the first has {row[ERROR]}: see more of them with an output of JSON lines"
            )
        return ()

    def end(self, row: Row | None = None) -> Sequence[Row]:
        """Return the answers that are still held; this one, or the first of them, tells the columns.

        Where there was none, an id is all that is known of what they would have had.
        """
        held, self._held = self._held, []
        if not self.names:
            first = row or next(iter(held), {ID: None})
            names = [name for name in first if name != ERROR]
            self.names = [*names, *([ERROR] if self._errors or ERROR in first else [])]
        return held


class Table:
    """Writes answers as a table of text: a header, and a line for each answer."""

    def __init__(self, out: IO[str], delimiter: str, errors: bool) -> None:
        """Write to ``out``, with a column of errors where ``errors`` is set."""
        self._held_rows, self._started = HeldRows(errors), False
        if delimiter == "\t":  # cells have no tabs
            self._lines = csv.writer(
                out, delimiter=delimiter, lineterminator="\n", quoting=csv.QUOTE_NONE, quotechar=None
            )
        else:
            self._lines = csv.writer(out, delimiter=delimiter, lineterminator="\n")

    def write(self, row: Row) -> None:
        """Write one answer as a line, or hold it until the columns are known."""
        self._write(self._held_rows.add(row))

    def end(self) -> None:
        """Write the answers that are still held."""
        self._write(self._held_rows.end())

    def _write(self, rows: Sequence[Row]) -> None:
        names = self._held_rows.names
        if names and not self._started:
            self._started = True
            self._lines.writerow(map(cell, names))
        self._lines.writerows([cell(row.get(name)) for name in names] for row in rows)


def as_json(row: Row, number: int) -> str:
    """Return the ``number``-th answer as a JSON object.

    Raises:
        DataError: it holds a number that is not finite.
    """
    try:
        return json.dumps(row, ensure_ascii=False, allow_nan=False)
    except ValueError as error:
        raise DataError(f"answer {number} is no finite number: is the model whole?") from error


def cell(value: object) -> str:
    """Return a value as the text of one cell.

    Lists and objects are JSON; all else has spaces for line ends and tabs, and none is an empty cell.
    What a spreadsheet would run stands behind an apostrophe, which keeps it a text; numbers stay numbers.

    >>> cell("=1+1"), cell("-1.5"), cell(-1.5), cell("-x"), cell("a@b"), cell(None)
    ("'=1+1", '-1.5', '-1.5', "'-x", 'a@b', '')
    """
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False)
    return inert("" if value is None else str(value))


TEXT: Mapping[str, Callable[[IO[str], bool], Sink]] = {
    "jsonl": lambda out, errors: Lines(out),
    "tsv": lambda out, errors: Table(out, "\t", errors),
    "csv": lambda out, errors: Table(out, ",", errors),
    "json": lambda out, errors: Array(out),
}
"""Kind of file of text to what writes it."""
PARQUET = "parquet"
"""The one kind of file that is no text; see ``parquet_sink``."""
KINDS = (*TEXT, PARQUET)
"""The kinds of files that can be written."""
