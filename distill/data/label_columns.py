"""Columns of labels: the hub's class numbers as names, and labels that are spread over columns."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from distill.data.streaming import empty

if TYPE_CHECKING:
    from datasets import ClassLabel, Dataset


def named(rows: "Dataset") -> "Dataset":
    """Class numbers of the hub as their names, also those in lists."""
    from datasets import ClassLabel, List, Value

    def name(feature: ClassLabel, value: int | None) -> str | None:
        if value is None:
            return None
        return str(feature.int2str(value)) if value >= 0 else str(value)

    for column, feature in rows.features.items():
        kind = _class_label(feature)
        if kind is None:
            continue
        names: list[Any]
        if kind is feature:
            names, new = [name(kind, value) for value in rows[column][:]], Value("string")
        else:
            names = [values and [name(kind, value) for value in values] for values in rows[column][:]]
            new = List(Value("string"))
        rows = rows.remove_columns(column).add_column(column, names, feature=new)
    return rows


def classes(rows: "Dataset", column: str) -> list[str]:
    """The names of the class numbers in a column, or in ``one+other``, by number; none where there are none."""
    parts = [column] if column in rows.column_names else column.split("+")
    kinds = [_class_label(rows.features[part]) for part in parts]
    return [str(name) for kind in kinds if kind is not None for name in kind.names]


def joined(splits: Mapping[str, "Dataset"], roles: Mapping[str, str], given: Mapping[str, str]) -> dict[str, "Dataset"]:
    """Add the column ``one+other`` where a role of several labels is spread over columns.

    Where these hold nothing but 0 and 1, a row's labels are the names of the columns that hold 1.
    """
    made = dict(splits)
    for column in (given[role] for role, kind in roles.items() if kind == "labels" and "+" in given.get(role, "")):
        parts = column.split("+")
        found = {
            split: [rows[part][:] for part in parts]
            for split, rows in splits.items()
            if set(parts) <= set(rows.column_names)
        }
        switches = all(_is_switch(value) for columns in found.values() for values in columns for value in values)
        for split, columns in found.items():
            rows = [dict(zip(parts, values, strict=True)) for values in zip(*columns, strict=True)]
            made[split] = splits[split].add_column(column, [_switched(row) if switches else _said(row) for row in rows])
    return made


def _class_label(feature: Any) -> "ClassLabel | None":  # noqa: ANN401
    """What a column, or the lists in it, say of their class numbers."""
    from datasets import ClassLabel, List

    inner = feature.feature if isinstance(feature, List) else feature
    return inner if isinstance(inner, ClassLabel) else None


def _is_switch(value: Any) -> bool:  # noqa: ANN401
    return value in (0, 1, "0", "1") or empty(value)


def _switched(row: Mapping[str, Any]) -> list[str]:
    return [column for column, value in row.items() if value in (1, "1")]


def _said(row: Mapping[str, Any]) -> list[str]:
    return [str(value) for value in row.values() if value is not None]
