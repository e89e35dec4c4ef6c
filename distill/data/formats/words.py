"""Tables of one word a row, with a column that says to which sentence it belongs."""

import re
from collections.abc import Iterator, Sequence
from itertools import chain, islice

from distill.data.formats.rows import Row

_SENTENCE = re.compile(r"sent(?:ence)?s?[\s_.-]*(?:#|id|idx|no\.?|nr\.?|num|number|index)?", re.IGNORECASE)
"""The names of columns that say to which sentence a word belongs."""
_LOOKED_AT = 1000
"""Rows that are looked at."""


def sentences(rows: Iterator[tuple[int, Row]], names: Sequence[str]) -> tuple[Iterator[tuple[int, Row]], str | None]:
    """Join rows of one word each into sentences, where a column says to which sentence a word belongs.

    Returns the rows, joined or as they were, and the name of that column or none.

    A row goes on with the sentence before it where it names the same one, or none.
    """
    start = list(islice(rows, _LOOKED_AT))
    every = chain(start, rows)
    for column in filter(_SENTENCE.fullmatch, names):
        values = [str(row.get(column, "")).strip() for _, row in start]
        if any(not value or value == before for value, before in zip(values[1:], values, strict=False)):
            return _joined(every, column, names), column
    return every, None


def _joined(rows: Iterator[tuple[int, Row]], column: str, names: Sequence[str]) -> Iterator[tuple[int, Row]]:
    began, sentence = 0, ""
    words: dict[str, list[str]] = {}
    for number, row in rows:
        value = str(row.get(column, "")).strip()
        if words and value and value != sentence:
            yield began, {column: sentence, **words}
            words = {}
        if not words:
            began, sentence, words = number, value, {name: [] for name in names if name != column}
        for name, cells in words.items():
            cells.append(str(row.get(name, "")))
    if words:
        yield began, {column: sentence, **words}
