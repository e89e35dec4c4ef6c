"""JSON lines, and JSON in one value: lists of rows, and the shapes in which pandas and others write tables."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import cast

from distill.base.terminal_text import names as listed
from distill.base.terminal_text import shown
from distill.data.chats import message_keys, plain
from distill.data.formats import (
    annotation_tools,
    character_spans,
    placed_entities,
    spacy_documents,
    squad,
    word_spans,
)
from distill.data.formats.parsing import Doubled, parse
from distill.data.formats.rows import Options, Row, Rows, unreadable
from distill.data.formats.text import lines, whole
from distill.errors import DataError

_HOLDERS = ("data", "rows", "records", "examples", "instances", "items", "samples", "results")
"""Keys under which a file holds its rows."""
_ANNOTATED = "annotations"
"""The key under which an annotator of spaCy's training data holds it, beside the names of the labels."""
_BEGINNING = re.compile(r'\s*\{\s*("[^"\\\x00-\x1f]*")\s*:\s*("[^"\\\x00-\x1f]*"|-?(?:0|[1-9]\d{0,17}))\s*,')
"""How an object begins whose first value is a plain text or a whole number."""
_SENTENCE = 3
"""Words from which on a key is a text, and no name of a column."""
_ROWS = "rows are objects with a key for each column"
_SPLITS = {"train", "validation", "test", "dev"}


def read(file: Path, options: Options) -> Rows:
    """Read the rows of JSON lines, or of a file that is one JSON value.

    Raises:
        DataError: it is no JSON, or holds no rows; the line is named where there is one.
    """
    file_rows = spacy_documents.opened(_opened(file, options), file, options)
    file_rows = annotation_tools.opened(squad.opened(file_rows, file), options)
    if options.words:
        return character_spans.opened(word_spans.opened(file_rows, file, options), file, options)
    if options.chats:
        return replace(file_rows, rows=((number, _with_plain_chats(row)) for number, row in file_rows.rows))
    return placed_entities.opened(file_rows, file, options) if options.marked else file_rows


def _with_plain_chats(row: Row) -> Row:
    """A row whose chats have messages of one type; what cannot be read stays."""
    chats = {column: plain(value) for column, value in row.items() if isinstance(value, list) and value}
    return {**row, **chats} if chats else row


def _opened(file: Path, options: Options) -> Rows:
    """Return the rows as they stand in the file, in whichever of the shapes."""
    first = list(islice((line for line in lines(file) if line.strip()), 2))
    if len(first) == 2 and all(_is_list(line) for line in first):
        if not _is_annotated(parse(first[0])):
            raise DataError(f"line 1 of {file} is no JSON object: {_ROWS}")
        return Rows(_objects(file, options))
    if first and first[0].lstrip().startswith("["):
        return Rows(_listed(cast(Sequence[object], _whole(file)), file, options), "row")
    if first and first[0].lstrip().startswith("{") and (len(first) == 1 or _goes_on(first[0])):
        return _document(cast(Mapping[str, object], _whole(file)), file, options)
    return Rows(_objects(file, options))


def _objects(file: Path, options: Options) -> Iterator[tuple[int, Row]]:
    for number, line in enumerate(lines(file), 1):
        if not line.strip():
            continue
        where = f"line {number} of {file}"
        line = line.lstrip("\ufeff")  # where files were put together, one begins in the middle
        try:
            ended = line.rstrip()
            row = parse(ended[:-1] if ended.endswith(",") else line)  # as of the lines of an array
        except ValueError as error:
            yield number, unreadable(where, f"is no JSON: {error}", options, _known(line))
            continue
        row = _as_object(row)
        yield number, row if isinstance(row, dict) else unreadable(where, _no_object(row), options)


def _known(line: str) -> Row:
    """The first key of an object that is broken later, with its value, where that is a text or a whole number."""
    begun = _BEGINNING.match(line)
    return {} if begun is None else {str(parse(begun[1])): parse(begun[2])}


def _is_list(line: str) -> bool:
    """Whether a line is a JSON list by itself."""
    try:
        return line.startswith("[") and isinstance(parse(line), list)
    except ValueError:
        return False


def _goes_on(line: str) -> bool:
    """Whether a line is the start of a JSON value that ends in a later one."""
    try:
        parse(line)
    except json.JSONDecodeError as error:
        return error.pos >= len(line.rstrip())
    except ValueError:
        return False
    return False


def _whole(file: Path) -> object:
    try:
        return parse(whole(file))
    except ValueError as error:
        place, more = getattr(error, "lineno", 1), getattr(error, "msg", "") == "Extra data"
        way = "; of several objects each stands in a line of its own" if more else ""
        raise DataError(f"line {place} of {file} is no JSON: {error}{way}") from error


def _document(value: Mapping[str, object], file: Path, options: Options) -> Rows:
    """The rows of one JSON object, by its shape; any other is a row itself."""
    if squad.is_squad(value):
        return Rows(squad.rows(value, file), "question")
    if options.marked and value and (by_relation := placed_entities.by_relation(value)) is not None:
        return Rows(enumerate(by_relation, 1), "row")
    columns, data = value.get("columns"), value.get("data")
    if isinstance(columns, list) and isinstance(data, list):
        return Rows(_split(columns, data, file), "row")
    sole = value.keys() - _SPLITS if len(value) == 1 else ()
    for key in (*_HOLDERS, *sole):
        held = value.get(key)
        if isinstance(held, list) and held and isinstance(held[0], dict) and not message_keys(held[0]):
            return Rows(_listed([_bare(each) for each in held], file, options), "row")
    annotated = value.get(_ANNOTATED)
    if isinstance(annotated, list) and annotated and all(row is None or _is_annotated(row) for row in annotated):
        return Rows(_listed([row for row in annotated if row is not None], file, options), "row")
    if _SPLITS & value.keys() and all(isinstance(each, list) and each for each in value.values()):
        raise DataError(f"{file} holds {listed(value)}: save each as a file of its own")
    if _is_by_columns(value, file, options):
        columns_of_values = cast(Iterable[Sequence[object]], value.values())
        cells_by_row = [list(row) for row in zip(*columns_of_values, strict=True)]
        return Rows(_split(list(value), cells_by_row, file), "row")
    if value and all(isinstance(each, dict) for each in value.values()):
        return Rows(_nested(cast(Mapping[str, Row], value), file), "row")
    _refuse_texts(value, file, options)
    return Rows(iter([(1, value)]))


def _refuse_texts(value: Mapping[str, object], file: Path, options: Options) -> None:
    """Refuse an object whose keys are texts, or hold lists of texts: what stands beside its rows is none of a row."""
    way = f"{_ROWS}, such as text and label"
    texts = [key for key in value if len(key.split()) >= _SENTENCE]
    if len(value) > 1 and 2 * len(texts) > len(value):
        raise DataError(f"{file} holds an object whose {len(value)} keys are texts, such as {shown(texts[0])}: {way}")
    lists = [each for each in value.values() if isinstance(each, list)]
    if options.words or options.chats or len(value) < 2 or len(lists) < len(value):
        return
    every = [each for texts_of_key in lists for each in texts_of_key]
    several = sum(isinstance(each, str) and len(each.split()) > 1 for each in every)
    if 2 * several > len(every):
        raise DataError(f"{file} holds lists of texts under {listed(value)}: {way}")


def _is_by_columns(value: Mapping[str, object], file: Path, options: Options) -> bool:
    """Whether an object holds a list for each column, and not the lists of a single row."""
    lists = [each for each in value.values() if isinstance(each, list)]
    if not lists or len(lists) < len(value) or len({len(each) for each in lists}) > 1 or len(lists[0]) < 2:
        return False
    if len(lists) == 1 and (options.chats or not all(isinstance(each, str | list | None) for each in lists[0])):
        return False  # the turns or the messages of one dialogue
    nested = any(isinstance(each, list) for column in lists for each in column)
    return _is_document(file, options) and (nested or not options.words)


def _is_document(file: Path, options: Options) -> bool:
    """Whether a file is called JSON, and not JSON lines."""
    return options.kind == ".json" if options.kind else ".json" in map(str.lower, file.suffixes)


def _listed(values: Sequence[object], file: Path, options: Options) -> Iterator[tuple[int, Row]]:
    for number, row in enumerate(map(_as_object, values), 1):
        if not isinstance(row, dict):
            row = unreadable(f"row {number} of {file}", _no_object(row, f": {_ROWS}"), options)
        yield number, row


def _no_object(row: object, way: str = "") -> str:
    """Why a value is no row, as the end of a sentence; the way out is that of texts, or else the given one."""
    if isinstance(row, str):
        return 'is a text and no JSON object: write it as {"text": ...}, or each in a line of a .txt file'
    return f"is no JSON object{way}"


def _is_annotated(row: object) -> bool:
    """Whether a row is a text with what was annotated, as spaCy's training data."""
    return isinstance(row, list) and len(row) == 2 and isinstance(row[0], str) and isinstance(row[1], dict)


def _as_object(row: object) -> object:
    """A row of spaCy's training data as an object of its text and what was annotated; any other row as it is.

    >>> _as_object(["In Paris", {"entities": [[3, 8, "LOC"]]}])
    {'text': 'In Paris', 'entities': [[3, 8, 'LOC']]}
    """
    return {"text": row[0], **row[1]} if isinstance(row, list) and _is_annotated(row) else row


def _bare(row: object) -> object:
    """A row without the wrapping that the hub's viewer gives it."""
    return row["row"] if isinstance(row, dict) and {"row_idx", "row"} <= set(row) else row


def _split(columns: Sequence[object], data: Sequence[object], file: Path) -> Iterator[tuple[int, Row]]:
    """Rows as lists, under the names of their columns."""
    names = [str(name) for name in columns]
    for number, cells in enumerate(data, 1):
        if not isinstance(cells, list) or len(cells) != len(names):
            raise DataError(f"row {number} of {file} has not the {len(names)} values that columns names")
        row: dict[str, object] = {}
        for name, cell in zip(names, cells, strict=True):
            row[name] = Doubled() if name in row else cell
        yield number, row


def _nested(value: Mapping[str, Row], file: Path) -> Iterator[tuple[int, Row]]:
    """A table as pandas writes it by columns (column, row) or by index (row, column), told by the rows' numbers."""
    inner = list(value.values())
    outer_numbers = all(key.isdecimal() for key in value)
    inner_numbers = all(key.isdecimal() for each in inner for key in each) and any(inner)
    if inner_numbers and not outer_numbers:
        keys = list(dict.fromkeys(key for each in inner for key in each))
        for number, key in enumerate(keys, 1):
            yield number, {column: cells[key] for column, cells in value.items() if key in cells}
    elif outer_numbers and not inner_numbers:
        yield from enumerate(inner, 1)
    elif len(inner) > 1 and all(each.keys() == inner[0].keys() for each in inner):
        raise DataError(
            f"{file} can be a table by rows or by columns; write it an object a line, "
            "in pandas to_json(..., orient='records', lines=True)"
        )
    else:
        yield 1, value
