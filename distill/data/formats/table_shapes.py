"""Tables whose first lines show that they are none, or that their header is a field short, whatever their rows hold."""

import csv
import re
from collections.abc import Sequence
from pathlib import Path

from distill.data.formats.dialect import TAB, Dialect
from distill.errors import DataError

_NAMES = {TAB: "a tab"}
_SIGNS = "|+,;\t"
_BETWEEN = re.compile(rf"[\s{_SIGNS}]+")
_DASHES = re.compile(r":?(-{2,}|={2,}):?")
"""What a line consists of that a printed table has above or below its header."""
_FEW = 3
"""Rows from which on all of them say more than one of them does."""


def called(delimiter: str) -> str:
    """Return how a message calls what stands between fields."""
    return _NAMES.get(delimiter, delimiter)


def quoting(dialect: Dialect) -> str:
    """Return how fields with the delimiter in them are written."""
    return f"a field with {called(dialect.delimiter)} in it stands in double quotes, and a quote in it is written twice"


def refuse_short_header(start: Sequence[str], dialect: Dialect, file: Path) -> None:
    """Refuse a table whose rows all have one field more than its header, as R writes the names of rows.

    Args:
        start: the first lines, from the header on.
        dialect: how fields are written.
        file: that they are of, for messages.

    Raises:
        DataError: they have.
    """
    header, *rows = _records(start, dialect) or [[]]
    more = len(header) + 1
    filled = [fields for fields in rows if len(fields) == more and fields[-1].strip()]
    if len(rows) < _FEW or any(len(fields) != more for fields in rows) or 2 * len(filled) <= len(rows):
        return
    numbers = _are_numbers([fields[0] for fields in rows])
    if not numbers and more == 2:
        return  # texts without a header, each with a delimiter in it
    way = "the first of them, which numbers the rows, needs a name in the header, too"
    if not numbers:
        way = "where the first of them names the rows, it needs a name in the header, too"
        way += f"; else {quoting(dialect)}" if dialect.quoted else ""
    raise DataError(f"every row of {file} has {more} fields, but the header has {more - 1}: {way}")


def refuse_rule(start: Sequence[str], file: Path, after: int) -> None:
    """Refuse a table that was printed for readers, as Markdown and clients of databases do, whose rule is no row.

    Args:
        start: the first lines, from the header on.
        file: that they are of, for messages.
        after: how many lines stand before them.

    Raises:
        DataError: one of them is a rule.
    """
    for number, line in enumerate(start[:_FEW], after + 1):
        fields = [field for field in _BETWEEN.split(line) if field]
        if fields and all(map(_DASHES.fullmatch, fields)) and not {*_SIGNS}.isdisjoint(line.strip()):
            raise DataError(
                f"line {number} of {file} holds no more than dashes, as where a table was printed for readers: save it "
                "as CSV"
            )


def refuse_words(start: Sequence[str], dialect: Dialect, file: Path) -> None:
    """Refuse lines of a word and its tag with empty lines between sentences, which are no rows under a header.

    Args:
        start: the first lines.
        dialect: how fields are written.
        file: that they are of, for messages.

    Raises:
        DataError: they look so.
    """
    lines = "\n".join(start).strip().split("\n")
    records = [fields for fields in _records(lines, dialect) if "".join(fields).strip()]
    empty = sum(not line.strip() for line in lines)
    alike = len({len(fields) for fields in records}) == 1 and len(records[0]) > 1
    if alike and 0 < empty < len(records) / 2 and all(map(_is_word, records)):
        raise DataError(
            f"{file} seems to hold a word with its tag in each line, and an empty line between sentences: "
            f"write a tab instead of {called(dialect.delimiter)} between them, and call the file .conll"
        )


def _records(start: Sequence[str], dialect: Dialect) -> list[list[str]]:
    """The fields of lines, without a last record that may go on behind them; nothing where they are no table."""
    lines = [line.removesuffix("\r") for line in start]
    if not dialect.quoted:
        return [line.split(dialect.delimiter) for line in lines if line.strip()]
    try:
        records = [fields for fields in dialect.records(line + "\n" for line in lines) if "".join(fields).strip()]
    except csv.Error:
        return []
    return records[:-1] if len(records) > _FEW + 1 else records


def _are_numbers(cells: Sequence[str]) -> bool:
    """Whether cells are numbers that count from 0 or 1 up."""
    return any(all(cell.strip() == str(number) for number, cell in enumerate(cells, first)) for first in (0, 1))


def _is_word(fields: Sequence[str]) -> bool:
    return not any(" " in field.strip() or field.startswith("[") for field in fields)
