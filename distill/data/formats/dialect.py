"""The ways in which tables of text write their fields: the sign between them, quotes, and quotes within quotes."""

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from distill.data.formats.text import LONGEST_LINE

TAB = "\t"
_FEW = 21
"""Lines by which spaces after the delimiter are told."""
_LONG = 10_000
"""Characters of a line that are looked at."""
_ESCAPED = re.compile(r'(?:^|[,;\t|])\s*".*[^\\"]\\"(?=[^",;\t|\r])')
"""A quote within a quoted field behind a backslash, as Spark and MySQL write it."""
_ESCAPE = re.compile(r'\\([\\"])')


@dataclass(frozen=True)
class Dialect:
    """How the fields of a table are written.

    Attributes:
        delimiter: between them.
        quoted: whether those with a delimiter in them stand in quotes.
        escaped: whether a quote within them stands behind a backslash, instead of twice.
        spaced: whether a space after the delimiter belongs to no field.
    """

    delimiter: str
    quoted: bool = True
    escaped: bool = False
    spaced: bool = False

    def records(self, lines: Iterable[str], *, strict: bool = False) -> Iterator[list[str]]:
        """Yield the fields of records, which may span lines."""
        csv.field_size_limit(LONGEST_LINE)  # without a word, it refuses fields of more than 131,072 characters
        unescaped = (_ESCAPE.sub(_doubled, line) for line in lines) if self.escaped else lines
        return csv.reader(unescaped, delimiter=self.delimiter, skipinitialspace=self.spaced, strict=strict)

    def widths(self, lines: Iterable[str]) -> set[int]:
        """Return how many fields records have."""
        return {len(fields) for fields in self.records(lines) if fields}

    def is_broken(self, lines: Sequence[str]) -> bool:
        """Return whether a record of several lines has a quote that closes in the middle of a field."""
        try:
            return len(list(self.records(lines, strict=True))) != 1
        except csv.Error:
            return True


def _doubled(escape: re.Match[str]) -> str:
    return '""' if escape[1] == '"' else escape[1]


def dialect_of(start: Sequence[str], delimiter: str, *, tsv: bool) -> Dialect:
    """Return how the fields of a table are written, by its header and first lines."""
    if tsv and delimiter == TAB and not _is_quoted(start[0] if start else "", delimiter):
        return Dialect(delimiter, quoted=False)
    escaped = any(_ESCAPED.search(line[:_LONG]) for line in start if '\\"' in line)
    plain, spaced = Dialect(delimiter, escaped=escaped), Dialect(delimiter, escaped=escaped, spaced=True)
    first = [line.removesuffix("\r") + "\n" for line in start[:_FEW]]
    quotes_after_spaces = f'{delimiter} "'
    if delimiter != " " and any(quotes_after_spaces in line for line in first) and len(spaced.widths(first)) == 1:
        opened = [field for fields in plain.records(first) for field in fields[1:] if field.lstrip(" ") != field]
        if any(field.lstrip(" ").startswith('"') for field in opened):
            return spaced
    return plain


def _is_quoted(header: str, delimiter: str) -> bool:
    """Whether all names in a header stand in quotes."""
    names = header.removesuffix("\r").split(delimiter)
    return all(len(name) > 1 and name[0] == name[-1] == '"' for name in names)
