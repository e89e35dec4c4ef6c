"""A span of characters as tools for annotating write it: a list of start, end and label, or an object of these."""

from collections.abc import Collection, Mapping
from typing import NamedTuple

_START = ("start", "start_offset", "begin")
_END = ("end", "end_offset", "stop")
_LABEL = ("label", "labels", "type", "entity", "entity_type", "entity_group", "tag", "category", "class")
_SAID = ("text", "value", "word")
"""Keys of a span: its first character, the one after its last, its label, and the characters themselves."""


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


def has_keys(keys: Collection[str]) -> bool:
    """Return whether objects with these keys may be spans."""
    return all(any(key in keys for key in usual) for usual in (_START, _END, _LABEL))


def span(value: object) -> Span | None:
    """Return a span as it is written, or nothing where a value is none.

    >>> span([3, 8, "LOC"]), span({"start": "3", "end": "8", "labels": ["LOC"]}), span(["3", "8", "LOC"])
    (Span(start=3, end=8, label='LOC', said=None), Span(start=3, end=8, label='LOC', said=None), None)
    """
    said = None
    if isinstance(value, Mapping):
        start, end, label = (
            next((value[key] for key in keys if key in value), None) for keys in (_START, _END, _LABEL)
        )
        start, end = _number(start), _number(end)
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


def _number(value: object) -> object:
    """Return the place that an object says, which some tools write as a text."""
    return int(value) if isinstance(value, str) and value.isascii() and value.isdigit() else value
