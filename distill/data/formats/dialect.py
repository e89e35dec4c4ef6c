"""The ways in which tables of text write their fields: the sign between them, quotes, and quotes within quotes."""

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from distill.data.formats.text import LONGEST_LINE

TAB = "\t"
_FEW = 21
"""Lines by which spaces after the delimiter are told."""
_LONG = 10_000
"""Characters of a line that are looked at."""
_ESCAPED = re.compile(r'(?:^|[,;\t|])\s*".*[^\\"]\\"(?=[^",;\t|\r])')
"""A quote within a quoted field behind a backslash, as Spark and MySQL write it."""
_ESCAPE = re.compile(r'\\([\\"])')
_WHOLE_IN_QUOTES = re.compile(r'"(?:[^"]|"")*"')
_BEGINS_IN_QUOTES = re.compile(r'"(?:[^"]|"")*"\s*[^"\s]')


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

    def text_as_written(self, line: str, fields: list[str]) -> list[str] | None:
        """Return the fields of a record of one line, with quotes that hold only the beginning of a field's text.

        Args:
            line: the record, with its end.
            fields: as they were read without such quotes.

        Returns:
            The fields; none where it is not clear which quotes belong to the text.
        """
        if '"' not in line or self.escaped or not _within_a_field(self.delimiter).search(line.replace('""', "")):
            return fields  # without another reading of the line, which takes as long as the first
        if not self.is_broken([line]):
            return fields
        begins = rf'(^|(?<={re.escape(self.delimiter)})){" *" if self.spaced else ""}"((?:[^"]|"")*)"(?=[^"])'
        rest = rf"([^{re.escape(self.delimiter)}\r\n]*)"
        written = re.sub(begins + rest, _in_quotes_as_a_whole, line)
        records = [] if self.is_broken([written]) else list(self.records([written]))
        alike = [[field.replace('"', "") for field in record] for record in (*records, fields)]
        return records[0] if len(alike) == 2 and alike[0] == alike[1] else None


@cache
def _within_a_field(delimiter: str) -> re.Pattern[str]:
    """What finds a quote that is neither the first nor the last sign of a field."""
    sign = re.escape(delimiter)
    return re.compile(rf'[^{sign}]"[^{sign}\r\n]')


def _in_quotes_as_a_whole(field: re.Match[str]) -> str:
    """A field of which the beginning stands in quotes, in quotes as a whole; one that may mean else stays as it is."""
    beginning, rest = field[2], field[3]
    if not rest.strip():
        return f'"{beginning}{rest}"'
    if rest.rstrip().endswith('"') or '"' in beginning:
        return field[0]
    doubled = rest.replace('"', '""')
    return f'"""{beginning}""{doubled}"'


def _doubled(escape: re.Match[str]) -> str:
    return '""' if escape[1] == '"' else escape[1]


def dialect_of(start: Sequence[str], delimiter: str, *, tsv: bool) -> Dialect:
    """Return how the fields of a table are written, by its header and first lines."""
    if delimiter == TAB and not _holds_in_quotes(start, tsv=tsv):
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


def _holds_in_quotes(start: Sequence[str], *, tsv: bool) -> bool:
    """Whether quotes hold fields together that tabs separate.

    In .tsv they do where all names stand in quotes, or where all fields with a quote in them are whole in quotes, with
    quotes within them written twice. In .csv they do not where one holds only the beginning of a field.
    """
    fields = [
        field for line in start[1:] if '"' in line for field in line.removesuffix("\r").split(TAB) if '"' in field
    ]
    if not tsv:
        return not any(map(_BEGINS_IN_QUOTES.match, fields))
    by_need = all(map(_WHOLE_IN_QUOTES.fullmatch, fields)) and any('""' in field[1:-1] for field in fields)
    return by_need or _is_quoted(start[0] if start else "", TAB)


def _is_quoted(header: str, delimiter: str) -> bool:
    """Whether all names in a header stand in quotes."""
    names = header.removesuffix("\r").split(delimiter)
    return all(len(name) > 1 and name[0] == name[-1] == '"' for name in names)
