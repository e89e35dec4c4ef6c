"""Splits whose labels are withheld, as in tests of competitions: they are left out, with a note."""

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from distill.base.terminal_text import name
from distill.base.unusable_rows import ID, Fault
from distill.data.cells import empty
from distill.data.guessing import fits, is_fractional

if TYPE_CHECKING:
    from datasets import Dataset

_NO_LABEL = {"no label", "no labels", "no tag"}
"""Faults of rows whose labels are hidden."""


def without_column(
    splits: Mapping[str, "Dataset"], roles: Mapping[str, str], chosen: Mapping[str, str], source: str
) -> tuple[dict[str, "Dataset"], list[str]]:
    """Leave out splits without a column of labels, and without another that may hold them under a name of its own.

    Returns the remaining splits, and a sentence on each that was left out.
    """
    if "label" not in roles:
        return dict(splits), []
    first, *others = splits
    train, label = splits[first], chosen["label"]
    parts, known = {label, *label.split("+")}, set(train.column_names)
    inputs = {column for role, column in chosen.items() if role != "label"}
    lacking = [split for split in others if not parts & set(splits[split].column_names)]
    names = {str(value).strip() for part in parts & known if lacking for value in train[part][:]}
    hidden = []
    for split in lacking:
        rows, columns = splits[split], set(splits[split].column_names)
        further = columns - known - {ID}
        of_inputs = not further or inputs <= columns
        if of_inputs and not any(_may_be_labels(rows, each, roles, names) for each in further):
            hidden.append(split)
    hidden_notes = [f"{split} in {source} has no column {name(label)}: it is left out" for split in hidden]
    return {split: rows for split, rows in splits.items() if split not in hidden}, hidden_notes


def _may_be_labels(rows: "Dataset", column: str, roles: Mapping[str, str], names: Collection[str]) -> bool:
    """Whether a column that train lacks may hold labels: some that train has, or what is no name of a row."""
    values = [value for value in rows[column][:] if not empty(value)]
    if fits(rows, column, roles["label"]) or sum(str(value).strip() in names for value in values) > len(values) / 2:
        return True
    names_rows = all(map(_is_name, values)) and len({*values}) == len(values)
    return not names_rows and roles["label"] != "label"  # a single label has no words beside it, and is repeated


def _is_name(value: object) -> bool:
    """Whether a value may be the name or number of a row: a word or a whole number."""
    return type(value) is int or (isinstance(value, str) and len(value.split()) == 1 and not is_fractional(value))


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
