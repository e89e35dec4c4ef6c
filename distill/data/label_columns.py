"""Columns of labels: the hub's class numbers as names, and labels that are spread over columns."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from distill.base.terminal_text import shown
from distill.data.cells import empty, label
from distill.errors import DataError

if TYPE_CHECKING:
    from datasets import ClassLabel, Dataset

OFF = frozenset({"0", "0.0", "false", "no", "f", "n", "off", "-"})
ON = frozenset({"1", "1.0", "true", "yes", "t", "y", "on", "x", "✓", "✔"})
"""How a label is said to be there, or not, in small letters."""
_FEW = 2
"""Values that columns of names have more of, all together."""
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)")
HIDDEN = frozenset({"-1", "-1.0"})
"""How it is said that nobody knows."""


def named(rows: "Dataset", where: str) -> "Dataset":
    """Replace the hub's class numbers by the names of the classes, also in lists.

    Numbers below 0, which are no classes, become texts.

    Raises:
        DataError: a number has no name.
    """
    from datasets import List, Value

    for column, feature in rows.features.items():
        kind = _class_label(feature)
        if kind is None:
            continue
        single, names = kind is feature, [str(name) for name in kind.names]
        values: list[Any] = []
        for number, value in enumerate(rows[column][:], 1):
            if strangers := [each for each in ((value,) if single else value or ()) if (each or 0) >= len(names)]:
                raise DataError(
                    f"row {number} of {where}: the column {column} holds the class {strangers[0]}, "
                    f"but has the names of 0 to {len(names) - 1}"
                )
            values.append(_name(value, names) if single else value and [_name(each, names) for each in value])
        new = Value("string") if single else List(Value("string"))
        rows = rows.remove_columns(column).add_column(column, values, feature=new)
    return rows


def _name(value: int | None, names: Sequence[str]) -> str | None:
    if value is None:
        return None
    return names[value] if value >= 0 else str(value)


def classes(rows: "Dataset", column: str) -> list[str]:
    """Return the names of the hub's classes in a column, or in ``one+other``, by number; nothing for other columns."""
    parts = [column] if column in rows.column_names else column.split("+")
    kinds = [_class_label(rows.features[part]) for part in parts]
    return [str(name) for kind in kinds if kind is not None for name in kind.names]


def joined(
    splits: Mapping[str, "Dataset"],
    roles: Mapping[str, str],
    column_of_role: Mapping[str, str],
    names: Mapping[str, str] = {},
) -> dict[str, "Dataset"]:
    """Add the column ``one+other`` of label lists where the labels of a role are spread over several columns.

    Where these hold nothing but 0 and 1 in train, or true and false, yes and no, a row's labels are the names of the
    columns that say yes; a row of which one says -1 has the label -1. A cell that is empty says no; where train has no
    such cell, its row has no labels, and none stands in their place. Others hold names; ``names`` makes numbers some.

    Raises:
        DataError: another split holds something else then, or a label is none.
    """
    from datasets import List, Value

    joined_splits = dict(splits)
    for column in (
        column_of_role[role] for role, kind in roles.items() if kind == "labels" and "+" in column_of_role.get(role, "")
    ):
        parts = column.split("+")
        values_by_split = {
            split: [rows[part][:] for part in parts]
            for split, rows in splits.items()
            if set(parts) <= set(rows.column_names)
        }
        of_train = values_by_split.get("train", [])
        switches = _switches(parts, of_train, names)
        full = switches and not any(empty(value) for values in of_train for value in values)
        for split, columns in values_by_split.items():
            rows = [dict(zip(parts, values, strict=True)) for values in zip(*columns, strict=True)]
            read = _switched if switches else _labels_in_cells
            labels = [
                None if full and any(map(empty, row.values())) else _read(read, row, f"row {number} of {split}")
                for number, row in enumerate(rows, 1)
            ]
            joined_splits[split] = splits[split].add_column(column, labels, feature=List(Value("string")))
    return joined_splits


def never_on(splits: Mapping[str, "Dataset"], column: str) -> list[str]:
    """Return those of the columns in ``one+other`` that are switches and off in all rows of train."""
    train, parts = splits["train"], column.split("+")
    if len(parts) == 1 or not set(parts) <= set(train.column_names):
        return []
    columns = [train[part][:] for part in parts]
    if not all(is_switch(value) for values in columns for value in values):
        return []
    return [part for part, values in zip(parts, columns, strict=True) if not any(map(is_on, values))]


def _switches(parts: Sequence[str], columns: Sequence[Sequence[object]], names: Mapping[str, str]) -> bool:
    """Whether columns of train are switches.

    Raises:
        DataError: some are, and others are not; or what they hold says nothing of the label.
    """
    kinds = [all(map(is_switch, values)) for values in columns]
    for part, values, switch in zip(parts, columns, kinds, strict=False):
        if switch and not all(kinds) and {_word(value) in ON for value in values if not empty(value)} == {True, False}:
            raise DataError(
                f"the column {part} holds nothing but switches such as {shown(values[0])}, "
                f"the column {parts[kinds.index(False)]} does not: labels are columns of switches, or columns of names"
            )
    if not all(kinds):
        _refuse_shared(parts, columns, names)
    return all(kinds)


def _refuse_shared(parts: Sequence[str], columns: Sequence[Sequence[object]], names: Mapping[str, str]) -> None:
    """Refuse numbers that several columns hold, and the few values of all of them, which are no names."""
    values_by_part = [{str(value).strip() for value in values if not empty(value)} - {*names} for values in columns]
    few = len(set().union(*values_by_part)) <= _FEW
    holders: dict[str, str] = {}
    for part, values in zip(parts, values_by_part, strict=False):
        for value in sorted(values):
            number = _NUMBER.fullmatch(value) is not None
            if (number or few) and (value in holders or not float(value if number else 0).is_integer()):
                both = f"s {holders[value]} and {part} hold" if value in holders else f" {part} holds"
                raise DataError(
                    f"the column{both} {shown(value)}, which is no name of a label: labels are columns of switches "
                    "such as 0 and 1, or columns of names; a card that names it in data.labels makes it one"
                )
            holders.setdefault(value, part)


def _read(read: Callable[[Mapping[str, object]], list[str]], row: Mapping[str, object], where: str) -> list[str]:
    try:
        return read(row)
    except ValueError as error:
        raise DataError(f"{where}: {error}") from error


def _class_label(feature: object) -> "ClassLabel | None":
    """What a column, or the lists in it, say of their class numbers."""
    from datasets import ClassLabel, List

    inner = feature.feature if isinstance(feature, List) else feature
    return inner if isinstance(inner, ClassLabel) else None


def _word(value: object) -> str:
    return str(value).strip().lower()


def is_switch(value: object) -> bool:
    """Return whether a value says that a label applies, that it does not, or that nobody knows."""
    return empty(value) or _word(value) in ON | OFF | HIDDEN


def is_on(value: object) -> bool:
    """Return whether a value says that a label applies."""
    return _word(value) in ON


def is_hidden(value: object) -> bool:
    """Return whether a value says that nobody knows whether a label applies."""
    return _word(value) in HIDDEN


def _switched(row: Mapping[str, object]) -> list[str]:
    if wrong := [column for column, value in row.items() if not is_switch(value)]:
        raise ValueError(
            f"the column {wrong[0]} holds {shown(row[wrong[0]])}, but in train no more than switches such as 0 and 1"
        )
    return ["-1"] if any(map(is_hidden, row.values())) else [column for column, value in row.items() if is_on(value)]


def _labels_in_cells(row: Mapping[str, object]) -> list[str]:
    names = []
    for column, value in row.items():
        try:
            read = [label(each) for each in (value if isinstance(value, list) else [value])]
        except ValueError as error:
            raise ValueError(
                f"the column {column} cannot be one of labels: it holds {error}: {shown(value)}"
            ) from error
        names += [str(each) for each in read if not empty(each)]
    return names
