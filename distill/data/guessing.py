"""Guesses which column of a file is meant for a role, by what the column holds."""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from distill.base.segmentation import spaced
from distill.data.cells import READERS
from distill.data.chats import messages

if TYPE_CHECKING:
    from datasets import Dataset

SAMPLE = 1000
"""Rows that are looked at to tell what a column holds."""


def plain(column: str) -> str:
    """Return the name of a column in small letters, without signs."""
    return re.sub(r"\W|_", "", column.casefold())


def fits(rows: "Dataset", column: str, kind: str) -> bool:
    """Return whether a column, by its first values, holds the kind of content that a role needs."""
    values: Sequence[object] = rows[column][:SAMPLE]
    filled = [value for value in values if value is not None]
    return bool(filled) and _KINDS[kind](filled)


def _text(values: Sequence[object]) -> bool:
    """Whether most are several words, or characters of a script without spaces that no labels are."""
    several = sum(isinstance(value, str) and len(spaced(value)) > 1 for value in values)
    return all(isinstance(value, str) for value in values) and several > len(values) / 2 and not _label(values)


def _label(values: Sequence[object]) -> bool:
    simple = bool(values) and all(isinstance(value, str | int) for value in values)
    return (
        simple
        and len(set(values)) <= max(2, len(values) // 2)
        and not any(" " in str(value).strip() or is_fractional(value) for value in values)
    )


def _dialogues(values: Sequence[object]) -> bool:
    """Whether all are lists of texts or of messages, or messages in the cells of a table."""
    try:
        lists = all(isinstance(value, list) or messages(value) for value in values)
        return lists and all(READERS["turns"][0](value) is not None for value in values)
    except ValueError:
        return False


def _lists(values: Sequence[object]) -> bool:
    return all(isinstance(value, list) and not any(isinstance(each, Mapping) for each in value) for value in values)


_KINDS: Mapping[str, Callable[[Sequence[object]], bool]] = {
    "text": _text,
    "marked": _text,
    "target": lambda values: _text(values) or _lists(values),
    "label": _label,
    "texts": _lists,
    "tags": _lists,
    "turns": _dialogues,
    "labels": _lists,
    "score": lambda values: all(isinstance(value, float) for value in values),
    "answers": lambda values: all(_object(value) for value in values),
}


def _object(value: object) -> bool:
    return isinstance(value, Mapping) or (isinstance(value, str) and value.startswith("{"))


def is_fractional(value: object) -> bool:
    """Return whether a value is a score, such as 3.8, and no name or number of a class."""
    try:
        number = float(str(value))
    except ValueError:
        return False
    return math.isfinite(number) and not number.is_integer()
