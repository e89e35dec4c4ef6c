"""Tables of one word a row, with a column that says to which sentence it belongs, and maybe one of documents."""

import re
from collections.abc import Iterator, Sequence
from itertools import chain, islice, pairwise

from distill.data.formats.rows import Row

_NUMBER = r"(?:#|id|idx|no\.?|nr\.?|num|number|index|name)"
_SENTENCE = re.compile(rf"sent(?:ence)?s?[\s_.-]*{_NUMBER}?", re.IGNORECASE)
"""The names of columns that say to which sentence a word belongs."""
_WHOLE = re.compile(
    rf"(?:doc(?:ument)?|file|para(?:graph)?|section|chapter|book|post|tweet|essay)s?[\s_.-]*{_NUMBER}?"
    rf"|(?:article|par|text)s?[\s_.-]*{_NUMBER}",
    re.IGNORECASE,
)
"""The names of columns of what sentences are parts of, in which their numbers may begin anew."""
_LOOKED_AT = 1000
"""Rows that are looked at."""


def names_sentences(names: Sequence[str]) -> bool:
    """Return whether one of the columns says by its name to which sentence a word belongs."""
    return any(map(_SENTENCE.fullmatch, names))


def sentences(rows: Iterator[tuple[int, Row]], names: Sequence[str]) -> tuple[Iterator[tuple[int, Row]], list[str]]:
    """Join rows of one word each into sentences, where a column says to which sentence a word belongs.

    A row goes on with the sentence before it where it names the same one, or none. Where columns of documents or the
    like stand beside, a sentence of another document is another one.

    Returns:
        The rows, joined or as they were, and the names of those columns, that of the sentences last; none where there
        is nothing to join.
    """
    start = list(islice(rows, _LOOKED_AT))
    every = chain(start, rows)
    wholes = [name for name in names if _WHOLE.fullmatch(name)]
    for column in filter(_SENTENCE.fullmatch, names):
        columns = [*wholes, column]
        keys = [_key(row, columns) for _, row in start]
        if any(_goes_on(key, before) for before, key in pairwise(keys)):
            return _joined(every, columns, names), columns
    return every, []


def _key(row: Row, columns: Sequence[str]) -> list[str]:
    return [str(row.get(column, "")).strip() for column in columns]


def _goes_on(key: Sequence[str], sentence: Sequence[str]) -> bool:
    """Whether a row names the sentence before it in each column, or nothing there."""
    return all(not value or value == before for value, before in zip(key, sentence, strict=True))


def _joined(rows: Iterator[tuple[int, Row]], columns: Sequence[str], names: Sequence[str]) -> Iterator[tuple[int, Row]]:
    began, sentence = 0, [""] * len(columns)
    words: dict[str, list[str]] = {}
    for number, row in rows:
        key = _key(row, columns)
        if words and not _goes_on(key, sentence):
            yield began, {**dict(zip(columns, sentence, strict=True)), **words}
            words = {}
        if not words:
            filled = [value or before for value, before in zip(key[:-1], sentence, strict=False)]
            began, sentence, words = number, [*filled, key[-1]], {name: [] for name in names if name not in columns}
        for name, cells in words.items():
            cells.append(str(row.get(name, "")))
    if words:
        yield began, {**dict(zip(columns, sentence, strict=True)), **words}
