"""Splits whose labels are withheld, as in tests of competitions: they are left out, with a note."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from distill.base.terminal_text import name
from distill.base.unusable_rows import Fault
from distill.data.cells import empty

if TYPE_CHECKING:
    from datasets import Dataset

_NO_LABEL = {"no label", "no labels", "no tag"}
"""Faults of rows whose labels are hidden."""


def without_column(
    splits: Mapping[str, "Dataset"], roles: Mapping[str, str], chosen: Mapping[str, str], source: str
) -> tuple[dict[str, "Dataset"], list[str]]:
    """Leave out splits without a column of labels whose other columns are those of the first split.

    Returns the remaining splits, and a sentence on each that was left out.
    """
    if "label" not in roles:
        return dict(splits), []
    first, *others = splits
    label, known = chosen["label"], set(splits[first].column_names)
    hidden = [
        split
        for split in others
        if (columns := set(splits[split].column_names)) <= known and not {label, *label.split("+")} & columns
    ]
    hidden_notes = [f"{split} in {source} has no column {name(label)}: it is left out" for split in hidden]
    return {split: rows for split, rows in splits.items() if split not in hidden}, hidden_notes


def without_labels(
    splits: dict[str, "Dataset"],
    roles: Mapping[str, str],
    faults: Mapping[str, Mapping[int, Fault]],
    source: str,
    notes: list[str],
) -> tuple[dict[str, "Dataset"], list[str]]:
    """Leave out validation and test where no row has a label.

    A score of -1 in all rows counts as no label where train has no score below 0.
    """
    if "label" not in roles:
        return splits, notes
    others = [split for split in splits if split != "train"]
    hidden = [
        split
        for split in others
        if len(faults[split]) == len(splits[split]) and {each.kind for each in faults[split].values()} <= _NO_LABEL
    ]
    if roles["label"] == "answers":
        hidden += [split for split in others if not any((row or {}).get("text") for row in splits[split]["label"][:])]
    if roles["label"] == "labels":
        hidden += [split for split in others if all(labels is None for labels in splits[split]["label"][:])]
    if roles["label"] == "score":
        scores = {split: _scores(rows) for split, rows in splits.items()}
        hidden += [split for split in others if scores[split] == {-1.0} and min(scores["train"], default=0.0) >= 0]
    hidden = list(dict.fromkeys(hidden))
    hidden_notes = [f"no row of {split} in {source} has a label: it is left out" for split in hidden]
    return {split: rows for split, rows in splits.items() if split not in hidden}, [*notes, *hidden_notes]


def _scores(rows: "Dataset") -> set[float]:
    return {float(value) for value in rows["label"][:] if not empty(value)}
