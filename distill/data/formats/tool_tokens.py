"""Words that a tool for annotating has beside a text: tokens with their places, or as they stand one after another."""

from collections.abc import Mapping, Sequence
from typing import TypeAlias, TypeGuard

from distill.base.terminal_text import shown
from distill.data.formats.rows import Row

COLUMNS = ("tokens", "words", "token", "word")
"""Usual names of columns of words."""
Place: TypeAlias = tuple[int, int]
"""The first character of a word, and the one after its last."""


def column(rows: Sequence[Row]) -> str | None:
    """Return the column in which rows have words, or places of such; none without any."""
    filled = (name for row in rows for name in COLUMNS if _given(row.get(name)) or are_words(row.get(name)))
    return next(filled, None)


def places(tokens: object, text: str) -> list[Place]:
    """Return where the words of a text are, by the tokens beside it; nothing where these tell no places.

    >>> places(["In", "Paris", "."], "In Paris."), places([{"start": 0, "end": 2}], "In Paris.")
    ([(0, 2), (3, 8), (8, 9)], [(0, 2)])

    Raises:
        ValueError: a word does not stand in the text after the one before it; the message is the end of a sentence.
    """
    if not are_words(tokens):
        return _given(tokens)
    found: list[Place] = []
    end = 0
    for word in tokens:
        start = text.find(word, end)
        if start < 0 or text[end:start].strip():
            raise ValueError(f"spans of a text that does not have the word {shown(word)} where it should stand")
        end = start + len(word)
        found.append((start, end))
    return found


def have_tags(row: Row) -> bool:
    """Return whether a row has words, and in another column a tag for each."""
    words = {name: value for name in COLUMNS if are_words(value := row.get(name))}
    counts = set(map(len, words.values()))
    lists = [value for name, value in row.items() if name not in words and isinstance(value, list)]
    return any(len(each) in counts and all(isinstance(tag, str | int) for tag in each) for each in lists)


def are_words(value: object) -> TypeGuard[list[str]]:
    """Return whether a value is a list of texts that is not empty."""
    return isinstance(value, list) and bool(value) and all(isinstance(each, str) for each in value)


def _given(tokens: object) -> list[Place]:
    """Return the places that tokens say; nothing where one of them says none."""
    said = [
        (each["start"], each["end"]) if isinstance(each, Mapping) and {"start", "end"} <= each.keys() else None
        for each in (tokens if isinstance(tokens, list) else ())
    ]
    return [each for each in said if each is not None and all(type(place) is int for place in each)]
