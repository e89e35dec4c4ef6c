"""Tables of text: a header, a delimiter, and cells that are exactly the text that they are."""

import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from pathlib import Path

from distill.base.terminal_text import shown
from distill.data.formats import table_shapes, words
from distill.data.formats.dialect import TAB, Dialect, dialect_of
from distill.data.formats.foreign import refuse_json
from distill.data.formats.rows import Options, Row, Rows, unreadable
from distill.data.formats.text import lines
from distill.data.standard_input import StandardInput
from distill.errors import DataError

_DELIMITERS = (",", ";", TAB, "|")
_MOST_COLUMNS = 20_000
_LOOKED_AT = 20
"""Lines by which a delimiter is told."""
_LOOKED_AT_QUOTES = 1000
"""Lines by which it is told how a quote within a field is written; of standard input, which may be slow, fewer."""
_END = "\x00the end\x00"
"""A line after the last: where it is no record of its own, a quote was left open."""
_SEPARATOR_LINE = re.compile(r'^"?sep=(.)"?\r?$')
"""How spreadsheets name the delimiter in a line before the header."""
_AS_A_WHOLE = "a field in quotes is quoted as a whole, and a quote in it is written twice"
_UNSEEN = "\ufeff\u200b\u2060"
"""Characters without width that get into the names of columns, and are none of them."""
Records = Iterator[tuple[int, list[str]]]


class _Unclear(list[str]):
    """Fields of a record with quotes of which nobody can tell whether they belong to the text."""


def csv_rows(file: Path, options: Options) -> Rows:
    """Read a table whose fields are separated by commas, or by what its first lines show instead."""
    return _read(file, ",", options)


def tsv_rows(file: Path, options: Options) -> Rows:
    """Read a table whose fields are separated by tabs without quoting, or by what its first lines show instead."""
    return _read(file, TAB, options)


def _read(file: Path, usual: str, options: Options) -> Rows:
    start = list(islice(lines(file), _LOOKED_AT + 1 if isinstance(file, StandardInput) else _LOOKED_AT_QUOTES))
    refuse_json(start[0], file)
    separator_line = _SEPARATOR_LINE.match(start[0])
    after = 1 if separator_line else 0
    table_shapes.refuse_rule(start[after:], file, after)
    delimiter = options.separator or (
        separator_line[1] if separator_line else _delimiter(start[: _LOOKED_AT + 1], usual)
    )
    dialect = dialect_of(start[after:], delimiter, tsv=usual == TAB)
    text = islice(lines(file), after, None)
    records = _csv(text, dialect, file, after) if dialect.quoted else _tsv(text, file, after)
    header = next((fields for _, fields in records if any(map(str.strip, fields))), [])
    names = [name.strip().strip(_UNSEEN).strip() for name in header]
    if len(names) > _MOST_COLUMNS:
        raise DataError(f"{file} has {len(names):,} columns; a table has at most {_MOST_COLUMNS:,}")
    doubled = {name: None for name, count in sorted(Counter(names).items()) if name and count > 1}
    table_shapes.refuse_short_header(start[after:], dialect, file)
    delimiter_note = f"fields of {file.name.split('.')[-1].upper()} are separated by {table_shapes.called(delimiter)}"
    notes = (delimiter_note,) if delimiter != usual else ()
    usable_places = [place for place, name in enumerate(names) if name and name not in doubled]
    problems = {name: f"{file} names the column {name} twice" for name in doubled}
    rows = _cells(records, names, usable_places, file, options, dialect)
    named: Row | None = dict.fromkeys(filter(None, names)) or None
    if not options.words:
        return Rows(rows, "line", notes, problems, text=True, header=named)
    if options.labelled and not words.names_sentences(names):
        table_shapes.refuse_words(start[after:], dialect, file)
    rows, columns = words.sentences(rows, [names[place] for place in usable_places])
    said = (
        f"the columns {', '.join(columns[:-1])} and {columns[-1]}" if columns[1:] else f"the column {''.join(columns)}"
    )
    joined = (f"rows of a word each are sentences by {said}",) if columns else ()
    return Rows(rows, "line", (*notes, *joined), problems, text=not columns, header=None if columns else named)


def _delimiter(start: Sequence[str], usual: str) -> str:
    """The delimiter that gives header and first lines as many fields, two or more; else one that the header has."""
    widths = {each: _widths(start, each, each == usual == TAB) for each in (usual, *_DELIMITERS)}
    several = [each for each, counts in widths.items() if counts[0] > 1]
    return next((each for each in several if len(set(widths[each])) == 1), (several or [usual])[0])


def _widths(start: Sequence[str], delimiter: str, plain: bool) -> list[int]:
    if plain:
        return [len(line.split(delimiter)) for line in start if line.strip()] or [0]
    records = Dialect(delimiter).records([line.removesuffix("\r") + "\n" for line in start])
    try:
        widths = [len(fields) for fields in records if fields]
    except csv.Error:
        return [0]
    return (widths[:-1] if len(widths) > 2 else widths) or [0]  # the last may go on


def _cells(
    records: Records,
    names: Sequence[str],
    usable_places: Sequence[int],
    file: Path,
    options: Options,
    dialect: Dialect,
) -> Iterator[tuple[int, Row]]:
    """Rows of the columns that can be used; those without a word are none, nor are empty fields beyond the header."""
    every, named = len(usable_places) == len(names), [names[place] for place in usable_places]
    for number, fields in records:
        clear = not isinstance(fields, _Unclear)
        if len(fields) == len(names) and every and clear and fields[0].strip() not in ("", names[0]):
            yield number, dict(zip(names, fields, strict=True))
            continue
        if not "".join(fields).strip():
            continue
        if (reason := _misfit(fields, names, dialect)) is not None:
            yield number, unreadable(f"line {number} of {file}", reason, options, _known(fields, names))
            continue
        yield number, {name: fields[place] for name, place in zip(named, usable_places, strict=True)}


def _known(fields: Sequence[str], names: Sequence[str]) -> Row:
    """The first field of a row with too few or too many: those after it may stand in the place of others.

    A field alone may be the rest of a text whose first line stands above.
    """
    first = fields[0].strip()
    sure = len(fields) > 1 and first and names[0] and names.count(names[0]) == 1 and first != names[0]
    return {names[0]: fields[0]} if sure else {}


def _misfit(fields: Sequence[str], names: Sequence[str], dialect: Dialect) -> str | None:
    """What is wrong with a row's fields, as the end of a sentence; none where nothing is."""
    if isinstance(fields, _Unclear):
        return f"has a quote that is closed in the middle of a field: {_AS_A_WHOLE}"
    if len(names) > 1 and [field.strip() for field in fields] == names:
        return "is the header once more: leave it out"
    if len(names) == 1:
        way = f": the first line names the columns, and is {shown(names[0])}"
    elif dialect.quoted:
        way = f": {table_shapes.quoting(dialect)}"
    else:
        way = ": a table of tabs in which quotes hold fields together is called .csv" if '"' in "".join(fields) else ""
    if "".join(fields[len(names) :]).strip():
        return f"has {len(fields)} fields, but the header has {len(names)}{way}"
    if len(fields) < len(names):
        missing = len(names) - len(fields)
        return f"has {missing} field{'s' * (missing > 1)} too few{'' if dialect.quoted else way}"
    return None


def _tsv(text: Iterator[str], file: Path, after: int) -> Records:
    """Line number and fields; lines that end otherwise than the header are refused."""
    first = next(text, "")
    windows = first.endswith("\r")
    for number, line in enumerate(chain([first], text), after + 1):
        cells = line.removesuffix("\r") if windows else line
        if windows and "\r" in cells:
            raise DataError(f"line {number} of {file} has a carriage return within a field")
        if not windows and cells.endswith("\r"):
            raise DataError(f"line {number} of {file} ends in CR LF, but the header in LF: make all ends alike")
        yield number, cells.split(TAB)


def _csv(text: Iterator[str], dialect: Dialect, file: Path, after: int) -> Records:
    """Line number and fields; a record may span lines, and the first of them counts."""
    record: list[str] = []
    records = dialect.records(_kept(chain((line + "\n" for line in text), [_END]), record))
    number = after + 1
    try:
        for fields in records:
            if fields == [_END]:
                return
            if fields and fields[-1].endswith(_END):
                raise DataError(f"line {number} of {file} has a quote that is never closed")
            if len(record) > 1 and dialect.is_broken(record):
                raise DataError(
                    f"line {number} of {file} has a quote that is closed only in the middle of a field in line "
                    f"{number + len(record) - 1}: {_AS_A_WHOLE}"
                )
            if len(record) == 1:
                written = dialect.text_as_written(record[0], fields)
                fields = _Unclear(fields) if written is None else written
            yield number, fields
            number += len(record)
            record.clear()
    except csv.Error as error:
        raise DataError(f"line {number} of {file} is no CSV: {error}") from error


def _kept(lines: Iterable[str], record: list[str]) -> Iterator[str]:
    """The lines, each of which is added to the lines of the record that is being read."""
    for line in lines:
        record.append(line)
        yield line
