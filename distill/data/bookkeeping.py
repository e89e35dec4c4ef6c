"""Columns that say how a row was made, such as the split that it is of: none of them is guessed to be its label."""

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from distill.base.terminal_text import name
from distill.data.guessing import SAMPLE, plain

if TYPE_CHECKING:
    from datasets import Dataset

KINDS = frozenset({"label", "labels", "tags", "score"})
"""Kinds of content that such a column looks like."""
_NAMES = frozenset({
    "split", "subset", "fold", "partition", "status", "annotator", "annotators", "annotatorid", "annotatedby",
    "worker", "workers", "workerid", "reviewer", "reviewers", "user", "users", "userid", "username", "createdby",
    "batch", "batchid", "session", "sessionid", "version", "confidence", "agreement", "duration", "leadtime", "time",
    "timestamp",
})  # fmt: skip
_OF_ORIGIN = frozenset({"lang", "language", "languages", "locale", "source", "sources", "origin", "dataset"})
"""Names of columns that are a label where there is no other column: that texts are to be told apart by it is usual."""
_IDS = frozenset({"", "id", "ids", "idx", "index", "guid", "uid", "uuid", "unnamed0"})
_TRAIN = frozenset({"train", "training"})
_SPLITS = _TRAIN | {"test", "testing", "validation", "valid", "val", "dev", "eval", "trial"}
_DECISIONS = frozenset({"accept", "reject", "ignore"})
"""What an annotator has said in Prodigy of a row as a whole."""


def is_bookkeeping(rows: "Dataset", column: str, free: Collection[str]) -> bool:
    """Return whether a column says how a row was made, by its name or by what its first values are.

    Args:
        rows: of the files.
        column: one of theirs.
        free: the columns that play no role yet.
    """
    if plain(column) in _OF_ORIGIN:
        return any(plain(other) not in _IDS for other in free if other != column)
    values = _values(rows[column][:SAMPLE])
    return plain(column) in _NAMES or (bool(values) and (values <= _SPLITS or values <= _DECISIONS))


def of_splits(rows: "Dataset", chosen: Collection[str], split: str, source: str) -> list[str]:
    """Return a sentence on a column of a file that gives its rows to several splits and is not read, or nothing."""
    used = {part for column in chosen for part in (column, *column.split("+"))}
    features = rows.features  # a copy of all each time that it is asked for
    free = [
        column
        for column in rows.column_names
        if column not in used and str(getattr(features[column], "dtype", "")) in ("string", "large_string")
    ]
    first = rows.select_columns(free).with_format("arrow")[:SAMPLE] if free else {}
    for column in free:
        if not _values(first[column].unique().to_pylist()) <= _SPLITS:
            continue
        if len(values := _values(rows.unique(column))) > 1 and values <= _SPLITS and values & _TRAIN:
            return [
                f"the column {name(column)} of {source} says {', '.join(sorted(values))} and is not read: all of its "
                f"rows are {split}, unless you write those of each split into a file of its own"
            ]
    return []


def _values(values: Sequence[object]) -> set[str]:
    return {str(value).strip().lower() for value in values if value is not None and str(value).strip()}
