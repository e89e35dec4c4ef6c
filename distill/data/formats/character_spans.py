"""Spans of characters, as tools for annotating write entities: a text becomes words, each with a tag.

Read are lists of ``[start, end, label]`` (doccano, spaCy) and of objects with such keys (Prodigy, Label Studio, doccano
with relations), the end not included. A word has the tag ``B-LABEL`` at the start of a span, ``I-LABEL`` further on in
it, and ``O`` outside.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import chain, islice, pairwise
from pathlib import Path
from typing import NamedTuple

from distill.base.segmentation import word_places
from distill.base.terminal_text import name, shown
from distill.data.formats import spans_as_written, tool_tokens
from distill.data.formats.rows import Options, Row, Rows, Unreadable, unreadable
from distill.data.formats.span_readings import Placed, counted_otherwise
from distill.data.formats.spans_as_written import Span
from distill.errors import DataError

_LOOKED_AT = 1000
"""Rows that are looked at to tell what their columns hold."""
_TEXT = ("text", "sentence", "content", "document", "data", "source_text")
_SPANS = (
    "label",
    "labels",
    "entities",
    "spans",
    "annotations",
    "annotation",
    "ner",
    "ner_tags",
    "tags",
    "privacy_mask",
)
"""Usual names of the columns of texts and of spans, the likeliest first."""


class _Columns(NamedTuple):
    """The columns of texts, of spans of their characters, and of words that a tool has beside them, if it has any.

    Labels of spans may be ``prefixed``, as those of tags.
    """

    text: str
    spans: str
    words: str | None
    prefixed: bool = False


def opened(file_rows: Rows, file: Path, options: Options) -> Rows:
    """Turn rows of a text and spans of its characters into rows of words and tags; leave others as they are.

    Words and tags stand in the columns of text and spans; where the file has words beside the text, with their places
    or as they stand in it, these are taken, and keep their own column. A row whose spans cannot be is no row, see
    ``unreadable``.

    Raises:
        DataError: nearly all spans cut words, so that their places were counted otherwise.
    """
    rows = file_rows.rows
    first = list(islice(rows, _LOOKED_AT))
    rest = chain(first, rows)
    columns = _columns([row for _, row in first if not isinstance(row, Unreadable)])
    if columns is None:
        return replace(file_rows, rows=rest)
    spans, words = columns.spans, columns.words
    columns = columns._replace(prefixed=spans_as_written.have_prefixes(_labels(first, spans)))
    if (otherwise := counted_otherwise(_placed(first, columns))) is not None:
        number, reason = otherwise
        raise DataError(f"{file_rows.unit} {number} of {file} has in {name(spans)} {reason}")
    split = "split into words and signs" if words is None else f"split into the words of {name(words)}"
    note = (
        f"{name(spans)} holds spans of characters: {name(columns.text)} is {split}, each with a tag, B- where a span "
        "begins, I- within it, O outside"
    )
    converted = _converted(rest, columns, (file_rows.unit, file), options)
    joined = f"labels in {name(spans)} begin as tags do, with B- and the like: spans that go on are joined"
    more = (joined,) if columns.prefixed else ()
    return replace(file_rows, rows=converted, notes=(*file_rows.notes, note, *more))


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
        if span.said is not None and not spans_as_written.says(span.said, characters):
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


def _columns(rows: Sequence[Row]) -> _Columns | None:
    """Return the columns that the rows hold; none where they hold anything else, or leave it open."""
    if any(map(tool_tokens.have_tags, rows)):
        return None
    names = dict.fromkeys(column for row in rows for column in row)
    spans = [column for column in names if column not in tool_tokens.COLUMNS and _all(rows, column, _are_spans)]
    full = [column for column in spans if any(row.get(column) for row in rows)]
    named = [column for column in _SPANS if column in spans][:1]
    chosen = full if len(full) == 1 else [column for column in named if column in full or not full]
    texts = [column for column in names if _all(rows, column, lambda value: isinstance(value, str))]
    usual = [column for column in _TEXT if column in texts][:1]
    text = usual or (texts if len(texts) == 1 else [])
    columns = _Columns(text[0], chosen[0], tool_tokens.column(rows)) if text and chosen else None
    return columns if columns and _are_of_characters(rows, columns) else None


def _are_of_characters(rows: Sequence[Row], columns: _Columns) -> bool:
    """Return whether spans beside words, without places of these, seem to count characters, and not the words.

    The first of them tell: they begin and end where words do.
    """
    telling = (row for row in rows if row.get(columns.spans) and isinstance(row.get(columns.text), str))
    row = next(telling, None)
    if columns.words is None or row is None or not tool_tokens.are_words(row.get(columns.words)):
        return True
    placed = list(_placed([(1, row)], columns, said=True))
    return bool(placed) and all(each.place[0] in each.starts and each.place[1] in each.ends for each in placed)


def _all(rows: Sequence[Row], column: str, holds: Callable[[object], bool]) -> bool:
    """Return whether a column has values, and all that are there are of one kind."""
    values = [row[column] for row in rows if row.get(column) is not None]
    return bool(values) and all(map(holds, values))


def _are_spans(value: object) -> bool:
    return isinstance(value, list) and all(spans_as_written.span(each) is not None for each in value)


def _placed(rows: Sequence[tuple[int, Row]], columns: _Columns, *, said: bool = False) -> Iterator[Placed]:
    """Yield the spans of texts in which words stand, with these; those that say their characters only if asked for."""
    for number, row in rows:
        characters, values = row.get(columns.text), row.get(columns.spans)
        if not isinstance(characters, str) or not isinstance(values, list):
            continue
        try:
            words = _words(row, columns) or word_places(characters)
        except ValueError:  # which is said of its row
            continue
        starts, ends = ({place[side] for place in words} for side in (0, 1))
        for span in map(spans_as_written.span, values):
            if span is not None and (said or span.said is None):
                yield Placed(number, characters, starts, ends, (span.start, span.end))


def _labels(rows: Sequence[tuple[int, Row]], column: str) -> Iterator[str]:
    """Yield the labels of all spans in some rows."""
    values = (row.get(column) for _, row in rows)
    spans = (spans_as_written.span(each) for value in values if isinstance(value, list) for each in value)
    return (span.label for span in spans if span is not None)


def _words(row: Row, columns: _Columns) -> list[tuple[int, int]]:
    """Return where the words are that a tool has beside the text of a row; nothing where it has none."""
    return [] if columns.words is None else tool_tokens.places(row.get(columns.words), str(row[columns.text]))


def _converted(
    rows: Iterator[tuple[int, Row]], columns: _Columns, where: tuple[str, Path], options: Options
) -> Iterator[tuple[int, Row]]:
    """Yield the rows with words in the place of the text, and tags in that of the spans."""
    unit, file = where
    for number, row in rows:
        if isinstance(row, Unreadable) or not isinstance(row.get(columns.text), str):
            yield number, row
            continue
        try:
            yield number, _with_words(row, columns)
        except ValueError as error:
            yield (
                number,
                unreadable(f"{unit} {number} of {file}", f"has in {name(columns.spans)} {error}", options, row),
            )


def _with_words(row: Row, columns: _Columns) -> Row:
    """Return a row with words and tags; one without spans has no tags."""
    characters, values = str(row[columns.text]), row.get(columns.spans)
    read = [spans_as_written.span(value) for value in values] if isinstance(values, list) else []
    if None in read or not (values is None or isinstance(values, list)):
        raise ValueError("something else than spans, each with a start, an end and a label")
    spans = [span for span in read if span is not None]
    if columns.prefixed:
        spans = spans_as_written.without_prefixes(_checked(characters, spans), characters)
    words, tags = words_and_tags(characters, spans, _words(row, columns))
    return {**row, columns.words or columns.text: words, columns.spans: None if values is None else tags}
