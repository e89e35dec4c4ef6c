"""Rows of two data sets as one: old ones, corrected and drawn, and new ones, with the names of their labels."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from datasets import Dataset
from numpy.typing import NDArray

from distill.data import splits
from distill.data.prepared import Prepared
from distill.data.slices import column_of
from distill.tasks import Task

ID, ORIGIN = "id", "refresh"
OLD, NEW = "old rows", "new rows"
"""Values of the column ``ORIGIN``."""
_SEEN = "trained_on.npy"

Label: TypeAlias = Any
"""A name, a list of names, a score, or what a task without labels has."""


@dataclass(frozen=True, eq=False)
class NamedRows:
    """Some rows with the names of their labels.

    Attributes:
        columns: role of the task to its values.
        keys: ``[rows]``, of their texts.
        ids: of the rows, where the data has any.
        more: columns that slices are by.
    """

    columns: Mapping[str, Sequence[Any]]
    keys: NDArray[np.int64]
    ids: Sequence[str] | None
    more: Mapping[str, Sequence[str]]

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.keys)

    @property
    def labels(self) -> Sequence[Label]:
        """The label of each."""
        return self.columns["label"]

    def at(self, places: Iterable[int]) -> "NamedRows":
        """Return some of them."""
        chosen = list(places)
        return NamedRows(
            {role: [values[place] for place in chosen] for role, values in self.columns.items()},
            self.keys[chosen],
            None if self.ids is None else [self.ids[place] for place in chosen],
            {name: [values[place] for place in chosen] for name, values in self.more.items()},
        )

    def labelled(self, labels: Sequence[Label]) -> "NamedRows":
        """Return them with other labels."""
        return replace(self, columns={**self.columns, "label": list(labels)})


def named(data: Prepared, module: Task, split: str) -> NamedRows:
    """Return the rows of a split with the names of their labels."""
    rows = data.splits[split]
    columns: dict[str, Sequence[Any]] = {role: rows[role][:] for role in module.roles if role in rows.column_names}
    columns["label"] = [_named(label, module.roles.get("label", ""), data.labels) for label in columns["label"]]
    more: dict[str, list[str]] = {}
    if split == ("test" if "test" in data.splits else "validation"):
        for part in data.slices:
            if (column := column_of(part.by)) is not None:
                values = more.setdefault(column, [""] * len(rows))
                for place in part.places:
                    values[place] = part.name
    return NamedRows(columns, np.asarray(rows["key"][:], dtype=np.int64), data.ids.get(split), more)


def _named(label: Label, kind: str, names: Sequence[str]) -> Label:
    if kind == "label":
        return names[label]
    if kind == "labels":
        return [name for name, given in zip(names, label, strict=True) if given]
    return [names[tag] for tag in label] if kind == "tags" else label


def names_in(label: Label, kind: str) -> list[str]:
    """Return the names of labels that a row gives; nothing for scores and answers."""
    if kind == "label":
        return [label]
    return list(label) if kind in ("labels", "tags") else []


def counted(rows: Iterable[NamedRows], kind: str) -> Counter[str]:
    """Return in how many rows each label stands."""
    return Counter(name for part in rows for label in part.labels for name in set(names_in(label, kind)))


def renamed(rows: NamedRows, kind: str, names: Mapping[str, str]) -> NamedRows:
    """Return rows whose labels have new names."""
    if not names or not names_in_any(kind):
        return rows
    return rows.labelled(
        [
            names.get(label, label) if kind == "label" else [names.get(each, each) for each in label]
            for label in rows.labels
        ]
    )


def names_in_any(kind: str) -> bool:
    """Return whether rows of a kind give labels with names."""
    return kind in ("label", "labels", "tags")


def drawn(rows: NamedRows, kind: str, count: int, seed: int, always: Sequence[int]) -> NamedRows:
    """Return as many rows, drawn with the seed, of single labels by the share of each; some of them always.

    Args:
        rows: to draw from.
        kind: of their labels.
        count: how many.
        seed: of the draw.
        always: places of rows that are among them.
    """
    others = np.setdiff1d(np.arange(len(rows)), np.asarray(always, dtype=np.int64))
    count = max(0, min(count - len(always), len(others)))
    values = [rows.labels[place] if kind == "label" else "" for place in others]
    numbers = np.unique(np.asarray(values, dtype=object).astype(str), return_inverse=True)[1].tolist()
    places = others[splits.stratified(numbers, count, seed)] if count else others[:0]
    return rows.at(sorted([*places.tolist(), *always]))


def write(parts: Mapping[str, Sequence[tuple[str, NamedRows]]], folder: Path) -> None:
    """Write the splits of several data sets as one, each split a Parquet file.

    Args:
        parts: split to its rows, each part with the name of its origin.
        folder: takes the files.
    """
    folder.mkdir(parents=True, exist_ok=True)
    every = [rows for of_split in parts.values() for _, rows in of_split]
    roles = list(dict.fromkeys(role for rows in every for role in rows.columns))
    more = list(dict.fromkeys(name for rows in every for name in rows.more))
    with_ids = any(rows.ids is not None for rows in every)
    for split, of_split in parts.items():
        columns: dict[str, list[Any]] = {name: [] for name in [*([ID] if with_ids else []), *roles, *more, ORIGIN]}
        for origin, rows in of_split:
            if with_ids:
                columns[ID] += [f"text {key:x}" for key in rows.keys.tolist()] if rows.ids is None else rows.ids
            for role in roles:
                columns[role] += list(rows.columns[role])
            for name in more:
                columns[name] += list(rows.more.get(name, [""] * len(rows)))
            columns[ORIGIN] += [origin] * len(rows)
        Dataset.from_dict(columns).to_parquet(folder / f"{split}.parquet")


def write_seen(keys: Iterable[int], folder: Path) -> None:
    """Write the keys of all texts that were ever trained on, for those who go on from here."""
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / _SEEN, np.asarray(sorted(set(keys)), dtype=np.int64), allow_pickle=False)


def seen_before(folder: Path) -> set[int]:
    """Return the keys of texts that earlier runs were trained on, as far as a run's data says so."""
    path = folder / _SEEN
    return set(np.load(path, allow_pickle=False).tolist()) if path.is_file() else set()
