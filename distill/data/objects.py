"""Columns of objects, whose keys can be named as columns of their own: ``translation.de``."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from datasets import Dataset


def opened(splits: Mapping[str, "Dataset"], named: Mapping[str, str]) -> dict[str, "Dataset"]:
    """Return the splits with a column of its own for each ``column.key`` that is named."""
    opened_splits = dict(splits)
    for name in (name for name in dict.fromkeys(named.values()) if "." in name):
        for split, rows in splits.items():
            column, _, key = name.partition(".")
            if name not in rows.column_names and key in keys(rows, column):
                opened_splits[split] = opened_splits[split].add_column(
                    name, [value and value[key] for value in rows[column][:]]
                )
    return opened_splits


def keys(rows: "Dataset", column: str) -> list[str]:
    """Return the keys of the objects in a column; nothing where the column holds no objects."""
    from datasets import Translation

    feature = rows.features.get(column)
    if isinstance(feature, Translation):
        return list(feature.languages)
    return list(feature) if isinstance(feature, Mapping) else []


def has(row: Mapping[str, object], name: str) -> bool:
    """Return whether a row has a column of a name, or an object under ``column`` with that ``key``."""
    column, _, key = name.partition(".")
    return name in row or (column in row and isinstance(inner := row[column], Mapping) and key in inner)


def value(row: Mapping[str, object], name: str) -> object:
    """Return the value of a row's column, or of a key ``column.key`` of the object in it.

    >>> value({"translation": {"de": "Hallo"}}, "translation.de"), value({"a.b": 1}, "a.b")
    ('Hallo', 1)
    """
    column, _, key = name.partition(".")
    return row[name] if name in row else cast(Mapping[str, object], row[column])[key]
