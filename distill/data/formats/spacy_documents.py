"""Documents as version 2 of spaCy writes them in JSON, whose sentences become rows of words and tags."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import chain, islice
from pathlib import Path

from distill.data.formats.rows import Options, Row, Rows, Unreadable, unreadable
from distill.errors import DataError

_PARAGRAPHS, _SENTENCES, _TOKENS = "paragraphs", "sentences", "tokens"
_COLUMNS = {"ner": "ner_tags", "tag": "pos_tags"}
"""What a token says of itself, and the column of it."""
_REASON = "is not written as spaCy writes documents (paragraphs, sentences, tokens, each with orth)"
_MISSING = "-"
"""The tag of a token of which nobody has said what it is."""


def opened(file_rows: Rows, file: Path, options: Options) -> Rows:
    """Turn documents into a row for each of their sentences, of words and tags; leave other rows as they are.

    A sentence that is written otherwise is no row, see ``unreadable``.

    Raises:
        DataError: the task reads no words.
    """
    first = list(islice(file_rows.rows, 1))
    rest = chain(first, file_rows.rows)
    if not first or not _is_document(first[0][1]):
        return replace(file_rows, rows=rest)
    if not options.words:
        raise DataError(
            f"{file} holds documents of spaCy, whose words and tags alone are read, for token_classification: write a "
            "JSON line for each text, with a key for each column"
        )
    note = "sentences of spaCy's documents are rows"
    return Rows(_sentences(rest, file, options), "sentence", (*file_rows.notes, note))


def _is_document(row: Row) -> bool:
    paragraphs = row.get(_PARAGRAPHS)
    first = paragraphs[0] if isinstance(paragraphs, list) and paragraphs else None
    return isinstance(first, Mapping) and _SENTENCES in first


def _sentences(rows: Iterator[tuple[int, Row]], file: Path, options: Options) -> Iterator[tuple[int, Row]]:
    number = 0
    for _, row in rows:
        if isinstance(row, Unreadable):
            number += 1
            yield number, row
            continue
        for paragraph in _objects(row, _PARAGRAPHS):
            for sentence in _objects(paragraph, _SENTENCES):
                number += 1
                yield number, _words(sentence) or unreadable(f"sentence {number} of {file}", _REASON, options)


def _objects(holder: Row, key: str) -> list[Row]:
    values = holder.get(key)
    return [each for each in values if isinstance(each, Mapping)] if isinstance(values, list) else []


def _words(sentence: Row) -> Row | None:
    """The words of a sentence, and what its tokens say of themselves; none where there are no words.

    >>> _words({"tokens": [{"orth": "In", "ner": "O"}, {"orth": "Rome", "ner": "U-LOC"}]})
    {'tokens': ['In', 'Rome'], 'ner_tags': ['O', 'U-LOC']}
    """
    tokens = _objects(sentence, _TOKENS)
    words = [token.get("orth") for token in tokens]
    if not words or not all(isinstance(word, str) for word in words):
        return None
    tags = {
        column: [None if token.get(key) == _MISSING else token.get(key) for token in tokens]
        for key, column in _COLUMNS.items()
        if any(key in token for token in tokens)
    }
    return {_TOKENS: words, **tags}
