"""Entities as spans of words, as GLiNER's training data has them: each word gets a tag.

Beside the words, ``tokenized_text``, stands ``ner``, a list of ``[first, last, label]``, the last word included.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain, islice, pairwise
from pathlib import Path

from distill.base.terminal_text import shown
from distill.data.formats import spans_as_written, tool_tokens
from distill.data.formats.rows import Options, Row, Rows, Unreadable, unreadable
from distill.data.formats.spans_as_written import Span
from distill.errors import DataError

_WORDS, _SPANS = "tokenized_text", "ner"
_LOOKED_AT = 1000
"""Rows that are looked at to tell whether the last word is included."""
_FEWEST = 10
"""Spans of which some would be a single word."""


def opened(file_rows: Rows, file: Path, options: Options) -> Rows:
    """Give rows of words and spans of them a tag for each word; leave others as they are.

    A row whose spans cannot be is no row, see ``unreadable``.

    Raises:
        DataError: the spans look as if their last word were not included.
    """
    first = list(islice(file_rows.rows, _LOOKED_AT))
    rest = chain(first, file_rows.rows)
    readable = [row for _, row in first if not isinstance(row, Unreadable)]
    if not any(tool_tokens.are_words(row.get(_WORDS)) and isinstance(row.get(_SPANS), list) for row in readable):
        return replace(file_rows, rows=rest)
    spans = [span for row in readable for span in _spans(row) or ()]
    if len(spans) >= _FEWEST and not any(span.start == span.end for span in spans):
        raise DataError(
            f"{file} has {len(spans):,} spans of words in {_SPANS}, and none is a single word, as if their last were "
            "not included: write [first, last, label], the last included, as GLiNER does"
        )
    note = (
        f"{_SPANS} holds spans of words, the last included, as GLiNER has them: each word of {_WORDS} has a tag, B- "
        "where a span begins, I- within it, O outside"
    )
    rows = _tagged(rest, (file_rows.unit, file), options)
    return replace(file_rows, rows=rows, notes=(*file_rows.notes, note))


def tags(count: int, spans: Sequence[Span]) -> list[str]:
    """Return the tags of words, of which spans have the first and the last.

    >>> tags(4, [Span(0, 0, "person"), Span(2, 3, "city")])
    ['B-person', 'O', 'B-city', 'I-city']

    Raises:
        ValueError: a span is outside, or overlaps another; the message is the end of a sentence.
    """
    ordered = sorted(dict.fromkeys(spans))
    for span in ordered:
        if not 0 <= span.start <= span.end < count:
            raise ValueError(f"a span from {span.start} to {span.end} of {count:,} words, which are counted from 0")
    for one, other in pairwise(ordered):
        if other.start <= one.end:
            both = f"{shown(one.label)} from {one.start} to {one.end} and {shown(other.label)} from {other.start}"
            raise ValueError(f"spans that overlap, {both}: a word has one tag")
    found = ["O"] * count
    for span in ordered:
        found[span.start : span.end + 1] = [f"B-{span.label}", *[f"I-{span.label}"] * (span.end - span.start)]
    return found


def _spans(row: Row) -> list[Span] | None:
    """The spans of a row; none where something else stands there."""
    values = row.get(_SPANS)
    read = [spans_as_written.span(value) for value in values] if isinstance(values, list) else [None]
    spans = [span for span in read if span is not None]
    return spans if len(spans) == len(read) else None


def _tagged(rows: Iterator[tuple[int, Row]], where: tuple[str, Path], options: Options) -> Iterator[tuple[int, Row]]:
    unit, file = where
    for number, row in rows:
        words = row.get(_WORDS)
        if isinstance(row, Unreadable) or row.get(_SPANS) is None or not isinstance(words, list):
            yield number, row
            continue
        try:
            if (spans := _spans(row)) is None:
                raise ValueError(
                    "something else than spans, each with the number of its first word, its last, and a label"
                )
            yield number, {**row, _SPANS: tags(len(words), spans)}
        except ValueError as error:
            yield number, unreadable(f"{unit} {number} of {file}", f"has in {_SPANS} {error}", options, row)
