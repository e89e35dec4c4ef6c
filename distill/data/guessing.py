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
    values = rows[column][:SAMPLE]
    present = filled(values) if kind in _OF_CELLS else [value for value in values if value is not None]
    return bool(present) and _KINDS[kind](present)


def filled(values: Sequence[object]) -> list[object]:
    """Return the values that say something: a cell without content does not."""
    return [value for value in values if value is not None and not (isinstance(value, str) and not value.strip())]


def has_numbers(rows: "Dataset", column: str) -> bool:
    """Return whether a column, by most of its first values, holds numbers, also in the cells of a table."""
    return _are_numbers(filled(rows[column][:SAMPLE]))


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
    "score": lambda values: all(isinstance(value, float) for value in values) or _fractions(values),
    "answers": lambda values: all(_object(value) for value in values),
}

_OF_CELLS = frozenset({"label", "score"})
"""Kinds of content that stand in the cells of tables, where one without content is an empty text."""


def _fractions(values: Sequence[object]) -> bool:
    """Whether most are numbers, and some are none of a class."""
    return _are_numbers(values) and any(map(is_fractional, values))


def _are_numbers(values: Sequence[object]) -> bool:
    return 2 * sum(map(_is_number, values)) > len(values)


def _is_number(value: object) -> bool:
    try:
        return not isinstance(value, bool) and isinstance(value, int | float | str) and math.isfinite(float(value))
    except ValueError:
        return False


def _object(value: object) -> bool:
    return isinstance(value, Mapping) or (isinstance(value, str) and value.startswith("{"))


def is_fractional(value: object) -> bool:
    """Return whether a value is a score, such as 3.8, and no name or number of a class."""
    try:
        number = float(str(value))
    except ValueError:
        return False
    return math.isfinite(number) and not number.is_integer()
