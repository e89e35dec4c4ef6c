"""Spans of characters, as tools for annotating write entities: a text becomes words, each with a tag.

Read are lists of ``[start, end, label]`` (doccano, spaCy) and of objects with such keys (Prodigy, Label Studio, doccano
with relations), the end not included. A word has the tag ``B-LABEL`` at the start of a span, ``I-LABEL`` further on in
it, and ``O`` outside.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain, islice, pairwise
from pathlib import Path
from typing import NamedTuple

from distill.base.segmentation import word_places
from distill.base.terminal_text import name, shown
from distill.data.formats.rows import Options, Row, Rows, Unreadable, unreadable
from distill.data.formats.span_readings import Placed, counted_otherwise
from distill.errors import DataError

_LOOKED_AT = 1000
"""Rows that are looked at to tell what their columns hold."""
_TEXT = ("text", "sentence", "content", "document", "data")
_SPANS = ("label", "labels", "entities", "spans", "annotations", "ner", "ner_tags", "tags")
"""Usual names of the columns of texts and of spans, the likeliest first."""
_START = ("start", "start_offset", "begin")
_END = ("end", "end_offset", "stop")
_LABEL = ("label", "labels", "type", "entity", "entity_type", "entity_group", "tag", "category", "class")
_SAID = ("text", "value", "word")
"""Keys of a span: its first character, the one after its last, its label, and the characters themselves."""
_WORDS = ("tokens", "words", "token", "word")
"""Usual names of columns of words, which need no text."""
_TOKENS = "tokens"
"""The column in which a tool says where its own tokens are."""


class Span(NamedTuple):
    """Characters of a text with a label.

    Attributes:
        start: the number of the first character, from 0.
        end: the number of the one after the last.
        label: what they are.
        said: the characters, where the file has them beside their numbers.
    """

    start: int
    end: int
    label: str
    said: str | None = None


def opened(file_rows: Rows, file: Path, options: Options) -> Rows:
    """Turn rows of a text and spans of its characters into rows of words and tags; leave others as they are.

    Words and tags stand in the columns of text and spans; where the file has tokens with their places, these are the
    words. A row whose spans cannot be is no row, see ``unreadable``.

    Raises:
        DataError: nearly all spans cut words, so that their places were counted otherwise.
    """
    rows = file_rows.rows
    first = list(islice(rows, _LOOKED_AT))
    rest = chain(first, rows)
    columns = _columns([row for _, row in first if not isinstance(row, Unreadable)])
    if columns is None:
        return replace(file_rows, rows=rest)
    text, spans = columns
    if (otherwise := counted_otherwise(_placed(first, text, spans))) is not None:
        number, reason = otherwise
        raise DataError(f"{file_rows.unit} {number} of {file} has in {name(spans)} {reason}")
    note = (
        f"{name(spans)} holds spans of characters: {name(text)} is split into words and signs, each with a tag, B- "
        "where a span begins, I- within it, O outside"
    )
    converted = _converted(rest, text, spans, (file_rows.unit, file), options)
    return replace(file_rows, rows=converted, notes=(*file_rows.notes, note))


def has_keys(keys: Collection[str]) -> bool:
    """Return whether objects with these keys may be spans."""
    return all(any(key in keys for key in usual) for usual in (_START, _END, _LABEL))


def words_and_tags(
    text: str, spans: Sequence[Span], tokens: Sequence[tuple[int, int]] = ()
) -> tuple[list[str], list[str]]:
    """Split a text into words, each with a tag; a span that begins or ends within a word cuts it.

    >>> words_and_tags("In Paris, again.", [Span(3, 8, "LOC")])
    (['In', 'Paris', ',', 'again', '.'], ['O', 'B-LOC', 'O', 'O', 'O'])

    Args:
        text: the text.
        spans: of its characters.
        tokens: where the words are, as start and end; without any the text is split.

    Raises:
        ValueError: a span is outside the text, or overlaps another; the message is the end of a sentence.
    """
    ordered = _checked(text, spans)
    edges = sorted({edge for span in ordered for edge in (span.start, span.end)})
    words, tags = [], []
    begun: set[Span] = set()
    for start, end in tokens or word_places(text):
        inside = [edge for edge in edges if start < edge < end]
        for opening, closing in pairwise([start, *inside, end]):
            span = next((each for each in ordered if each.start <= opening < each.end), None)
            words.append(text[opening:closing])
            tags.append("O" if span is None else f"{'I' if span in begun else 'B'}-{span.label}")
            begun |= {span} if span else set()
    return words, tags


def _checked(text: str, spans: Sequence[Span]) -> list[Span]:
    """Return the spans in their order, each once and without white space at its ends."""
    trimmed = []
    for span in dict.fromkeys(spans):
        if not 0 <= span.start < span.end <= len(text):
            raise ValueError(f"a span from {span.start} to {span.end} in a text of {len(text):,} characters")
        characters = text[span.start : span.end]
        if span.said is not None and span.said.strip() != characters.strip():
            raise ValueError(f"the span {shown(span.said)}, and its characters are {shown(characters)}")
        start = span.start + len(characters) - len(characters.lstrip())
        if characters.strip():
            trimmed.append(Span(start, start + len(characters.strip()), span.label))
    ordered = sorted(dict.fromkeys(trimmed))
    for one, other in pairwise(ordered):
        if other.start < one.end:
            both = f"{shown(text[one.start : one.end])} and {shown(text[other.start : other.end])}"
            raise ValueError(f"spans that overlap, {both}: a word has one tag")
    return ordered


def _columns(rows: Sequence[Row]) -> tuple[str, str] | None:
    """Return the columns of the texts and of the spans; none where the rows hold anything else, or leave it open."""
    if any(_is_words(row.get(column)) for row in rows for column in _WORDS):
        return None
    names = dict.fromkeys(column for row in rows for column in row)
    spans = [column for column in names if column != _TOKENS and _all(rows, column, _are_spans)]
    full = [column for column in spans if any(row.get(column) for row in rows)]
    named = [column for column in _SPANS if column in spans][:1]
    chosen = full if len(full) == 1 else [column for column in named if column in full or not full]
    texts = [column for column in names if _all(rows, column, lambda value: isinstance(value, str))]
    usual = [column for column in _TEXT if column in texts][:1]
    text = usual or (texts if len(texts) == 1 else [])
    return (text[0], chosen[0]) if text and chosen else None


def _all(rows: Sequence[Row], column: str, holds: Callable[[object], bool]) -> bool:
    """Return whether a column has values, and all that are there are of one kind."""
    values = [row[column] for row in rows if row.get(column) is not None]
    return bool(values) and all(map(holds, values))


def _is_words(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(each, str) for each in value)


def _are_spans(value: object) -> bool:
    return isinstance(value, list) and all(_span(each) is not None for each in value)


def _span(value: object) -> Span | None:
    """Return a span as it is written, or nothing where a value is none."""
    said = None
    if isinstance(value, Mapping):
        start, end, label = (
            next((value[key] for key in keys if key in value), None) for keys in (_START, _END, _LABEL)
        )
        said = next((value[key] for key in _SAID if isinstance(value.get(key), str)), None)
    elif isinstance(value, list) and len(value) == 3:
        start, end, label = value
    else:
        return None
    if isinstance(label, list) and len(label) == 1:
        label = label[0]
    if type(start) is not int or type(end) is not int or not isinstance(label, str) or not label.strip():
        return None
    return Span(start, end, label.strip(), said)


def _placed(rows: Sequence[tuple[int, Row]], text: str, spans: str) -> Iterator[Placed]:
    """Yield the spans that do not say their characters, with their words."""
    for number, row in rows:
        characters, values, tokens = row.get(text), row.get(spans), row.get(_TOKENS)
        if not isinstance(characters, str) or not isinstance(values, list):
            continue
        words = (_token_places(tokens) if isinstance(tokens, list) else []) or word_places(characters)
        starts, ends = ({place[side] for place in words} for side in (0, 1))
        for span in map(_span, values):
            if span is not None and span.said is None:
                yield Placed(number, characters, starts, ends, (span.start, span.end))


def _converted(
    rows: Iterator[tuple[int, Row]], text: str, spans: str, where: tuple[str, Path], options: Options
) -> Iterator[tuple[int, Row]]:
    """Yield the rows with words in the place of the text, and tags in that of the spans."""
    unit, file = where
    for number, row in rows:
        if isinstance(row, Unreadable) or not isinstance(row.get(text), str):
            yield number, row
            continue
        try:
            yield number, _with_words(row, text, spans)
        except ValueError as error:
            yield number, unreadable(f"{unit} {number} of {file}", f"has in {name(spans)} {error}", options)


def _with_words(row: Row, text: str, spans: str) -> Row:
    """Return a row with words and tags; one without spans has no tags."""
    characters, values = str(row[text]), row.get(spans)
    tokens = row.get(_TOKENS)
    places = _token_places(tokens) if isinstance(tokens, list) else []
    read = [_span(value) for value in values] if isinstance(values, list) else []
    if None in read or not (values is None or isinstance(values, list)):
        raise ValueError("something else than spans, each with a start, an end and a label")
    words, tags = words_and_tags(characters, [span for span in read if span is not None], places)
    return {**row, _TOKENS if places else text: words, spans: None if values is None else tags}


def _token_places(tokens: Sequence[object]) -> list[tuple[int, int]]:
    """Return where a tool's own tokens are; nothing where a value of the list is none."""
    places = [
        (each["start"], each["end"]) if isinstance(each, Mapping) and {"start", "end"} <= each.keys() else None
        for each in tokens
    ]
    return [each for each in places if each is not None and all(type(place) is int for place in each)]
