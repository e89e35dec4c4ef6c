"""What the cells of a column mean for its role, and which of its rows cannot be used."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from distill.base.terminal_text import name, shown
from distill.base.unusable_rows import Fault
from distill.data import label_objects, label_values, objects
from distill.data.cells import (
    READERS,
    Reader,
    are_sentences,
    characters,
    empty,
    listed,
    said_joined,
    sentences,
    targets,
)
from distill.data.chats import has_tools, messages
from distill.data.dialogues import replies
from distill.data.literals import literal
from distill.errors import DataError
from distill.types import LEARNT

if TYPE_CHECKING:
    from datasets import Dataset

_SAMPLE = 1000
"""Rows that are looked at to tell whether there are messages."""
_LONG = {"text", "marked", "target", "texts", "turns"}
"""Kinds of content whose length has a limit."""
_ENTRY = "an empty entry"
_ENTRY_OF_CHAT = "a message without text, or with parts that are none,"
_NEW = " new"


class Column(NamedTuple):
    """The column of a split that plays a role, as messages speak of it."""

    name: str
    role: str
    kind: str
    split: str
    source: str


def read(rows: "Dataset", column: Column, longest: int) -> tuple["Dataset", dict[int, Fault], list[str]]:
    """Read the cells of one column as its role needs them, and find the rows that cannot be used.

    Returns the split with the values that were read, the rows that cannot be used with the fault of each, and a
    sentence for each decision.

    Raises:
        DataError: a cell holds what its role cannot mean.
    """
    expected = READERS[column.kind][1]
    stored: Sequence[Any] = rows[column.role][:]
    cells = _as_written(rows, column, stored)
    reader = _reader(column, cells)
    values, faults = [], {}
    for row, cell in enumerate(cells):
        try:
            value = reader(cell)
        except ValueError as error:
            raise DataError(
                f"the column {name(column.name)} of {column.source} cannot be the {column.role}: it holds {error} "
                f"(row {row + 1} of {column.split}: {shown(cell)}); {expected} is expected{_way(rows, column)}"
            ) from error
        values.append(value)
        entry = _ENTRY_OF_CHAT if column.kind == "turns" and messages(cell) else _ENTRY
        if (fault := _fault(value, column, longest, entry)) is not None:
            faults[row] = fault
    notes = []
    if reader is sentences:
        notes.append(said_joined(column.name))
    if column.kind == "turns" and any(map(messages, cells[:_SAMPLE])):
        notes.append(f"{name(column.name)} holds messages: what they say are the turns, without what the system says")
        if any(has_tools(literal(cell) if isinstance(cell, str) else cell) for cell in cells):
            notes.append(
                f"messages of tools, and calls of these, in {name(column.name)} are no turns: they are left out"
            )
    changed = any(value is not cell for value, cell in zip(values, stored, strict=True))
    if changed and column.kind in label_values.KINDS:
        values = _of_one_type(values)
    if column.kind == "turns":
        rows = _with_replies(rows, cells)
    return replaced(rows, column.role, values) if changed else rows, faults, notes


def _way(rows: "Dataset", column: Column) -> str:
    """The setting that names the turns within objects, as the end of a sentence; nothing where they have none."""
    if column.kind != "turns":
        return ""
    few = rows.select(range(min(len(rows), _SAMPLE)))
    for path in (path for path in objects.paths(few) if path.startswith(f"{column.role}.")):
        values = objects.opened({"": few}, {column.role: path})[""][path][:]
        if any(isinstance(value, list) and any(len(str(turn).split()) > 1 for turn in value) for value in values):
            return f": data.columns.{column.role}={column.name}{path.removeprefix(column.role)} is one"
    return ""


def _with_replies(rows: "Dataset", cells: Sequence[object]) -> "Dataset":
    """Return the rows of dialogues with the places of the turns that are learnt, where any of them is a chat."""
    from datasets import List, Value

    places = list(map(replies, cells))
    return (
        rows if all(each is None for each in places) else rows.add_column(LEARNT, places, feature=List(Value("int64")))
    )


def _reader(column: Column, cells: Sequence[Any]) -> Reader:
    """How the cells of a column are read, which may depend on all of them."""
    if column.kind == "target" and targets(cells):
        return listed
    if column.kind == "labels" and label_objects.in_cells(cells):
        return label_objects.of_cell
    if column.kind == "text" and any(map(are_sentences, cells[:_SAMPLE])):
        return sentences
    return READERS[column.kind][0]


def _as_written(rows: "Dataset", column: Column, stored: Sequence[Any]) -> Sequence[Any]:
    """The values of a column, labels of 32 bits as they are written, such as 1.1, and not as doubles."""
    short = getattr(rows.features[column.role], "dtype", None) in ("float16", "float32")
    if short and column.kind in label_values.KINDS:
        return [None if value is None else float(str(np.float32(value))) for value in stored]
    return stored


def _of_one_type(labels: Sequence[object]) -> list[object]:
    """Labels as they are, or as texts where some are and others are not, since a column holds one type."""
    types = {type(each) for value in labels for each in (value if isinstance(value, list) else (value,))}
    if len(types - {type(None)}) < 2:
        return list(labels)

    def text(value: object) -> object:
        return value if value is None else str(value)

    return [list(map(text, value)) if isinstance(value, list) else text(value) for value in labels]


def replaced(rows: "Dataset", column: str, values: Sequence[object]) -> "Dataset":
    """Return the rows with other values in one column, which becomes the last one."""
    more = rows.add_column(_NEW, list(values))
    return more.remove_columns(column).rename_column(_NEW, column)  # a table without columns has no rows


def _fault(value: object, column: Column, longest: int, entry: str) -> Fault | None:
    """Why a row cannot be used for what it has in a column, of which ``entry`` says what an empty part is."""
    if column.kind == "labels":
        return None  # none of them is a set of labels, too
    if empty(value):
        what = column.role if column.role != "label" else {"tags": "tag"}.get(column.kind, "label")
        return Fault(f"no {what}", f"has no {name(column.name)}")
    if isinstance(value, list) and any(map(empty, value)):
        reason = f"{entry} in {name(column.name)}"
        return Fault(reason, f"has {reason}")
    if column.kind in _LONG and isinstance(value, str | list) and (length := characters(value)) > longest:
        reason = f"has {length:,} characters in {name(column.name)}, more than data.max_characters={longest}"
        return Fault("too many characters", reason)
    return None
