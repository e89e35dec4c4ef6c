"""A span of characters as tools for annotating write it: a list of start, end and label, or an object of these."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

_START = ("start", "start_offset", "begin")
_END = ("end", "end_offset", "stop")
_LABEL = ("label", "labels", "type", "entity", "entity_type", "entity_group", "tag", "category", "class")
_SAID = ("text", "value", "word")
"""Keys of a span: its first character, the one after its last, its label, and the characters themselves."""
_PREFIXED = re.compile(r"([BILUES])-(.+)")
"""A label that says whether an entity begins or goes on, as a tag of a word does."""
_GOES_ON = ("I", "L", "E")
_OUTSIDE = "O"
_PIECE = re.compile(r"##|[▁Ġ]")
"""What tokenizers write before a piece of a word, or before a word."""


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


def have_prefixes(labels: Iterable[str]) -> bool:
    """Return whether labels of spans are those of tags, each with what it begins with in IOB and its like.

    >>> have_prefixes(["B-PER", "I-PER", "O"]), have_prefixes(["B-cell", "T-cell"]), have_prefixes(["E-mail"])
    (True, False, False)
    """
    different = {*labels} - {_OUTSIDE}
    return all(map(_PREFIXED.fullmatch, different)) and any(label.startswith("B-") for label in different)


def without_prefixes(spans: Sequence[Span], text: str) -> list[Span]:
    """Return ordered spans with the labels of tags as whole entities, what goes on joined to what it goes on with.

    A piece of a word goes on, too, whatever a model has said of it.

    >>> without_prefixes([Span(0, 3, "B-LOC"), Span(4, 8, "I-LOC"), Span(8, 9, "B-LOC")], "New York0")
    [Span(start=0, end=9, label='LOC', said=None)]
    """
    whole: list[Span] = []
    for span in spans:
        tag = _PREFIXED.fullmatch(span.label)
        prefix, label = tag.groups() if tag else ("B", span.label)
        if span.label == _OUTSIDE:
            continue
        before = whole[-1] if whole and whole[-1].label == label else None
        piece = before is not None and span.start == before.end and text[span.start - 1 : span.start + 1].isalnum()
        if before and (piece or (prefix in _GOES_ON and not text[before.end : span.start].strip())):
            whole[-1] = before._replace(end=span.end)
        else:
            whole.append(span._replace(label=label))
    return whole


def says(said: str, characters: str) -> bool:
    """Return whether what a span says are its characters, white space and what marks a piece of a word aside.

    >>> says("##burg", "burg"), says("▁Ham", " Ham"), says("Ham", "ham")
    (True, True, False)
    """
    return characters.strip() in (said.strip(), _PIECE.sub("", said, count=1).strip())


def _number(value: object) -> object:
    """Return the place that an object says, which some tools write as a text."""
    return int(value) if isinstance(value, str) and value.isascii() and value.isdigit() else value
