"""Columns of objects, whose keys can be named as columns of their own: ``translation.de``."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datasets import Dataset


def opened(splits: Mapping[str, "Dataset"], named: Mapping[str, str]) -> dict[str, "Dataset"]:
    """Return the splits with a column of its own for each ``column.key`` that is named."""
    opened_splits = dict(splits)
    for name in (name for name in dict.fromkeys(named.values()) if "." in name):
        for split, rows in splits.items():
            if name not in rows.column_names and name in paths(rows):
                column, *path = name.split(".")
                values = [_within(value, path) for value in rows[column][:]]
                opened_splits[split] = opened_splits[split].add_column(name, values)
    return opened_splits


def paths(rows: "Dataset") -> list[str]:
    """Return the names of the values within the objects of all columns, such as ``translation.de``."""
    return [f"{column}.{path}" for column in rows.column_names for path in _paths(rows.features[column])]


def _paths(feature: object) -> Iterator[str]:
    from datasets import Translation

    if isinstance(feature, Translation):
        yield from feature.languages
    for key, inner in feature.items() if isinstance(feature, Mapping) else ():
        yield key
        yield from (f"{key}.{path}" for path in _paths(inner))


def _within(value: object, path: Sequence[str]) -> object:
    """The value at the end of a path of keys; none where an object on the way is missing."""
    for key in path:
        value = value[key] if isinstance(value, Mapping) else None
    return value


def has(row: Mapping[str, object], name: str) -> bool:
    """Return whether a row has a column of a name, or an object under ``column`` with that ``key``."""
    column, *path = name.split(".")
    inner: object = row.get(column)
    for key in path:
        if not isinstance(inner, Mapping) or key not in inner:
            return name in row
        inner = inner[key]
    return name in row or column in row


def value(row: Mapping[str, object], name: str) -> object:
    """Return the value of a row's column, or of a key ``column.key`` of the object in it.

    >>> value({"translation": {"de": "Hallo"}}, "translation.de"), value({"a.b": 1}, "a.b")
    ('Hallo', 1)
    """
    column, *path = name.split(".")
    return row[name] if name in row or not path else _within(row[column], path)
