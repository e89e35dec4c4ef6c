"""Readers of cells: what a value of a column means for its role, in training and prediction alike.

A reader gives the value itself where it is as it should be, none where there is nothing, and raises a ``ValueError``
that says what it holds instead.
"""

import re
from collections.abc import Callable, Mapping, Sequence

from distill.base.segmentation import spaced
from distill.base.terminal_text import name
from distill.data.cell_values import MANY, refuse, texts
from distill.data.cell_values import empty as empty
from distill.data.cell_values import holds as holds
from distill.data.dialogues import turns
from distill.data.label_objects import are_switches, those_on
from distill.data.literals import NO_LIST, literal, looks_so, written_list
from distill.data.question_answers import answers
from distill.data.separated import parts, tags_in

Reader = Callable[[object], object]

MAX_CHARACTERS = 1_000_000
"""Characters that a text may have where no setting says otherwise."""
_VECTOR = re.compile(r"\s*[01](?:\.0)?(?:\s+[01](?:\.0)?)+\s*")
_BRACES = re.compile(r"\s*\{.*\}\s*", re.DOTALL)
"""An array as PostgreSQL writes it."""
_NO_SCORE = frozenset({"na", "n/a", "#n/a", "null", "none", "nan", "-", "?"})
"""Words for a missing number, in small letters."""
_CHOICES = "choices"
"""The only key of an object in which Label Studio writes several choices into a table."""


def text(value: object) -> object:
    """Read a text, which is returned as it is, or the sentences of one, which are joined by spaces.

    >>> text("EU rejects."), text(["EU rejects.", "So it is."])
    ('EU rejects.', 'EU rejects. So it is.')
    """
    return sentences(value) if are_sentences(value) else single(value)


def single(value: object) -> object:
    """Read a text that has to be one, which is returned as it is."""
    return value if isinstance(value, str) or empty(value) else refuse(value)


def sentences(value: object) -> object:
    """Read a text that is a list of its sentences, however short they are; any other as ``text`` does."""
    if not isinstance(value, list) or empty(value):
        return text(value)
    return " ".join(each for each in value if isinstance(each, str)) if texts(value) else None


def said_joined(column: str) -> str:
    """Return the sentence that tells a user how a column of lists of sentences is read."""
    return f"{name(column)} holds lists of sentences: joined by spaces, each is one text"


def are_sentences(value: object) -> bool:
    """Return whether a value is a list of texts most of which have several words.

    >>> are_sentences(["EU rejects.", "Yes."]), are_sentences(["EU", "rejects", "."])
    (True, False)
    """
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        return False
    several = sum(len(spaced(each)) > 1 for each in value)
    return bool(value) and 2 * several >= len(value)


def target(value: object) -> object:
    """Read the text to be written, or a list of texts that are equally right, which are returned as they are."""
    return texts(value) if isinstance(value, list) else text(value)


def targets(values: Sequence[object]) -> bool:
    """Return whether the cells of a table hold nothing but lists of right texts."""
    filled = [value for value in values if not empty(value)]
    lists = (literal(value) if isinstance(value, str) else None for value in filled)
    return bool(filled) and all(isinstance(each, list) and all(isinstance(t, str) for t in each) for each in lists)


def listed(value: object) -> object:
    """Read a list of texts: a list as it is, one that is written in a cell, or words with spaces between them.

    >>> listed('["one word", "two"]'), listed("['EU' 'rejects']"), listed("EU rejects"), listed("[ EU ]")
    (['one word', 'two'], ['EU', 'rejects'], ['EU', 'rejects'], ['[', 'EU', ']'])
    """
    if isinstance(value, str):
        entries = written_list(value)
        value = value.split() if entries is None else entries
    return texts(value)


def is_written(value: object) -> bool:
    """Return whether a value is a text, and no list of words that is written in a cell.

    >>> is_written("EU rejects."), is_written('["EU", "rejects"]'), is_written(["EU"])
    (True, False, False)
    """
    return isinstance(value, str) and not empty(value) and written_list(value) is None


def label(value: object) -> object:
    """Read one label: a text, a number, or true or false; whole numbers lose their decimals.

    >>> label("neg"), label(2), label(1.0), label(1.5)
    ('neg', 2, 1, 1.5)
    """
    if isinstance(value, str):
        inner = literal(value)
        return value if inner is None else refuse(inner)
    if isinstance(value, int | float) and abs(value) >= MANY:
        return str(value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if empty(value):
        return None
    return value if isinstance(value, int | float) else refuse(value)


def labels(value: object) -> object:
    """Read the labels of one example: a list, one that is written in a cell or with commas, or a single label.

    >>> labels('["one, two", "three"]'), labels("one,two"), labels("['a', nan]"), labels("[1. 0.]"), labels("1 0")
    (['one, two', 'three'], ['one', 'two'], ['a', None], [1, 0], [1, 0])
    >>> labels({"one": 1.0, "two": 0.0}), labels('{"one": true, "two": true}'), labels('{"choices": ["one", "two"]}')
    (['one'], ['one', 'two'], ['one', 'two'])
    """
    if isinstance(value, str):
        value = _several(value)
    if isinstance(value, Mapping) and len(value) > 1 and are_switches(value):
        value = those_on(value)
    elif isinstance(value, Mapping) and [*value] == [_CHOICES]:
        value = value[_CHOICES]
    if empty(value):
        return value
    return _entries(value) if isinstance(value, list) else [label(value)]


def tags(value: object) -> object:
    """Read a label for each word: a list, or one that is written in a cell, also with spaces or commas only.

    >>> tags("O B-PER"), tags([0, 1]), tags("[0 1]"), tags([1.0]), tags("O,B-PER"), tags(", .")
    (['O', 'B-PER'], [0, 1], [0, 1], [1], ['O', 'B-PER'], [',', '.'])
    """
    if isinstance(value, str):
        entries = literal(value)
        if isinstance(entries, list) and any(isinstance(each, Mapping) for each in entries):
            raise ValueError("lists of objects, of which spans of characters are read from JSON alone")
        value = tags_in(value) if entries is None else entries
    return value if empty(value) else _entries(value)


def score(value: object) -> object:
    """Read a number, which is returned as it is, also where it is written as text."""
    if isinstance(value, bool) or not isinstance(value, str | int | float | None):
        refuse(value)
    if isinstance(value, str) and value.strip():
        if value.strip().casefold() in _NO_SCORE:
            return None
        try:
            float(value)
        except ValueError as error:
            comma = re.fullmatch(r"\s*[+-]?\d+,\d+\s*", value)
            way = ", since its decimals stand after a comma, not a point" if comma else ""
            raise ValueError(f"text that is no number{way}") from error
    return value


def characters(value: str | Sequence[str]) -> int:
    """Return the number of characters of a text, or of all texts of a list together."""
    return len(value) if isinstance(value, str) else sum(map(len, value))


READERS: Mapping[str, tuple[Reader, str]] = {
    "text": (text, "a text"),
    "marked": (single, "a text"),
    "target": (target, "a text, or a list of texts,"),
    "texts": (listed, "a list of texts"),
    "turns": (turns, "a list of texts, or of messages with role and content or from and value,"),
    "tags": (tags, "a list of labels"),
    "label": (label, "a single label, a text or a whole number,"),
    "labels": (labels, "a list of labels"),
    "score": (score, "a number"),
    "answers": (answers, "an object of a list text and a list of whole numbers answer_start"),
}
"""How each kind of content is read, and what is expected of it."""


def _several(value: str) -> object:
    """The labels in a cell."""
    parsed = literal(value)
    if parsed is not None:
        return parsed
    if _VECTOR.fullmatch(value):
        return [int(float(each)) for each in value.split()]
    if looks_so(value) or _BRACES.fullmatch(value):
        raise ValueError(NO_LIST)
    return parts(value) if value.strip() else None


def _entries(value: object) -> object:
    """The labels in a list; the list itself where they are as they should be."""
    if not isinstance(value, list):
        refuse(value)
    if any(isinstance(each, list | Mapping) or not isinstance(each, str | int | float | None) for each in value):
        refuse(value)
    if not any(isinstance(each, float) or (isinstance(each, int) and abs(each) >= MANY) for each in value):
        return value
    return [None if empty(each) else label(each) for each in value]
