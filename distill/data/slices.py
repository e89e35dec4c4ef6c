"""Parts of the rows that models are scored on by themselves: by a column, by length, or by a word."""

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from distill.base.segmentation import words
from distill.base.terminal_text import name, names
from distill.errors import DataError

if TYPE_CHECKING:
    from datasets import Dataset

LENGTH, CONTAINS, COLUMN = "length", "contains:", "column:"
_PARTS = 3
"""Parts by length, of about as many rows each."""
_VALUES = 50
"""Values that a column may have: of more, each slice would be a handful of rows."""
_CARRIED = "slice of "
"""What begins the name of a column that travels with the rows; no role of a task begins so."""
_NO_VALUE = "(none)"
SMALL = 30
"""Rows below which a slice is too small to judge a model by."""


class Slice(NamedTuple):
    """Some rows of a split.

    Attributes:
        by: what the settings ask for: a column, ``length`` or ``contains:WORD``.
        name: which of its parts this is.
        places: ``[rows]``, the positions of its rows in the split.
    """

    by: str
    name: str
    places: NDArray[np.intp]

    @property
    def title(self) -> str:
        """What it is called, such as ``genre=fiction``."""
        return self.by if self.by.startswith(CONTAINS) else f"{self.by}={self.name}"


def column_of(wanted: str) -> str | None:
    """Return the column that a slice is by, or none; ``column:length`` is one of that name.

    >>> column_of("genre"), column_of("column:length"), column_of("length"), column_of("contains:not")
    ('genre', 'length', None, None)
    """
    if wanted == LENGTH or wanted.startswith(CONTAINS):
        return None
    return wanted.removeprefix(COLUMN)


def carrying(
    splits: Mapping[str, "Dataset"],
    files: Mapping[str, "Dataset"],
    numbers: Mapping[str, Sequence[int]],
    wanted: Sequence[str],
) -> dict[str, "Dataset"]:
    """Return splits with the columns of the files that slices are by, to travel with the rows.

    Args:
        splits: as they were read, with the roles of the task.
        files: the same with all columns, as they stand in the files.
        numbers: the number in its file of each row of a split of which some were left out.
        wanted: the slices that are asked for.

    Raises:
        DataError: what a column holds are no plain values.
    """
    carried = dict(splits)
    for column in dict.fromkeys(column for each in wanted if (column := column_of(each)) is not None):
        for split, rows in splits.items():
            if split in files and column in files[split].column_names:
                values = [_value(value, column, split) for value in files[split][column][:]]
                kept = [values[row - 1] for row in numbers.get(split, range(1, len(values) + 1))]
                if len(kept) == len(rows):
                    carried[split] = carried[split].add_column(_CARRIED + column, kept)
    return carried


def without(rows: "Dataset") -> tuple["Dataset", dict[str, list[str]]]:
    """Return rows without the columns that were carried, and the values of each of these."""
    carried = [column for column in rows.column_names if column.startswith(_CARRIED)]
    values = {column.removeprefix(_CARRIED): list(rows[column][:]) for column in carried}
    return rows.remove_columns(carried) if carried else rows, values


def slices(
    wanted: Sequence[str],
    split: str,
    texts: Sequence[str],
    values: Mapping[str, Sequence[str]],
    columns: Sequence[str] = (),
    roles: Mapping[str, str] | None = None,
) -> list[Slice]:
    """Return the slices of a split that are asked for, each part of them.

    Args:
        wanted: columns, ``length``, or ``contains:WORD``.
        split: the name of it.
        texts: what models read of each row.
        values: column to its value in each row.
        columns: all that the file of the split has, for messages.
        roles: role of the task to the column that plays it.

    Raises:
        DataError: one names no column, has no rows, or would have too many parts.
    """
    found: list[Slice] = []
    for each in wanted:
        column = column_of(each)
        if column is not None:
            found += _by_column(each, column, split, values, columns, roles or {})
        elif each == LENGTH:
            found += _by_length(texts)
        else:
            found.append(_by_word(each, split, texts))
    return found


def readable(rows: Mapping[str, Sequence[str | Sequence[str]]], roles: Sequence[str]) -> list[str]:
    """Return what models read of each row as one text, of columns by role.

    >>> readable({"text": ["so it is"], "pair": [["it", "is"]]}, ["text", "pair"])
    ['so it is | it is']
    """
    parts = [
        [value if isinstance(value, str) else " ".join(map(str, value)) for value in rows[role]]
        for role in roles
        if role in rows
    ]
    return [" | ".join(texts) for texts in zip(*parts, strict=True)]


def _value(value: object, column: str, split: str) -> str:
    if isinstance(value, list | dict):
        raise DataError(f"slices by {name(column)}: a row of {split} holds a list there; a slice is by plain values")
    return _NO_VALUE if value is None or value == "" else str(value)


def _by_column(
    by: str,
    column: str,
    split: str,
    values: Mapping[str, Sequence[str]],
    columns: Sequence[str],
    roles: Mapping[str, str],
) -> list[Slice]:
    played = [role for role, played_by in roles.items() if column in (played_by, *played_by.split("+"))]
    if played:
        raise DataError(
            f"slices by {name(column)}: that column is the {played[0]} of the task; a slice is by a column without a "
            f"role, {LENGTH} or {CONTAINS}WORD"
        )
    if column not in values:
        used = {part for each in roles.values() for part in (each, *each.split("+"))}
        free = [each for each in columns if each not in used]
        there = f"it has {names(free)}" if free else "it has none without a role"
        raise DataError(f"slices by {name(column)}: {split} has no such column; {there}")
    of_rows = np.asarray(values[column], dtype=object)
    different = sorted(set(of_rows))
    if len(different) > _VALUES:
        raise DataError(
            f"slices by {name(column)}: the {len(of_rows):,} rows of {split} have {len(different):,} values there; a "
            f"slice is by a column of at most {_VALUES}"
        )
    return [Slice(by, value, np.flatnonzero(of_rows == value)) for value in different]


def _by_length(texts: Sequence[str]) -> list[Slice]:
    """Return the shortest third of the rows, the middle one and the longest; equal lengths stay together."""
    lengths = np.array([len(text) for text in texts])
    ends = np.quantile(lengths, np.arange(1, _PARTS) / _PARTS, method="inverted_cdf")
    part = np.searchsorted(ends, lengths, side="left")
    thirds = [np.flatnonzero(part == number) for number in range(_PARTS)]
    return [
        Slice(LENGTH, f"{lengths[places].min():,} to {lengths[places].max():,} characters", places)
        for places in thirds
        if len(places)
    ]


def _by_word(by: str, split: str, texts: Sequence[str]) -> Slice:
    """Return the rows that hold a word, or several in a row, whatever their case and the marks around them."""
    looked_for = words(by.removeprefix(CONTAINS))
    if not looked_for:
        raise DataError(f"slices by {name(by)}: give a word, as in {CONTAINS}not")
    pattern = re.compile(rf"(?<!\S){re.escape(' '.join(looked_for))}(?!\S)")
    places = np.flatnonzero([pattern.search(" ".join(words(text))) is not None for text in texts])
    if not len(places):
        raise DataError(f"slices by {name(by)}: no row of {split} holds that")
    return Slice(by, by.removeprefix(CONTAINS), places)
