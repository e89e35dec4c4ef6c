"""Read splits of which train has no labels, since a labeller's answers take their place."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from distill.data import columns as roles_of
from distill.data.columns import RoleColumns, Rules

if TYPE_CHECKING:
    from datasets import Dataset

LABEL = "label"
_Notes = Mapping[str, Mapping[str, str]]


def take(
    splits: Mapping[str, "Dataset"],
    roles: Mapping[str, str],
    named: Mapping[str, str],
    source: str,
    rules: Rules,
    problems: _Notes | None = None,
    absent: _Notes | None = None,
    *,
    replaced: bool = False,
) -> RoleColumns:
    """Choose the column of each role as ``columns.take`` does; train need not have labels.

    Validation and test without labels are left out, with a note.

    Args:
        splits: as they were read, that of train first.
        roles: role to the kind of its content.
        named: role to the name of its column.
        source: where the data came from, for messages.
        rules: how strictly columns are read.
        problems: see ``columns.take``.
        absent: see ``columns.take``.
        replaced: whether the labels of train are not read though there are some.

    Raises:
        DataError: see ``columns.take``.
    """
    train, *others = splits
    found = {split: _label_of(splits[split], roles, named, source, rules) for split in others}
    theirs = {column for column in found.values() if column is not None}
    has_labels = _has(splits[train], named.get(LABEL, LABEL)) or bool(theirs & set(splits[train].column_names))
    if has_labels and not replaced:
        return roles_of.take(splits, roles, named, source, rules, problems, absent)
    of_inputs = {role: kind for role, kind in roles.items() if role != LABEL}
    named_inputs = {role: column for role, column in named.items() if role != LABEL}
    exact = rules._replace(exact=[role for role in rules.exact if role != LABEL])
    first = roles_of.take({train: splits[train]}, of_inputs, named_inputs, source, exact, problems, absent)
    labelled = {split: splits[split] for split in others if found[split] is not None}
    notes = [f"{split} in {source} has no labels: it is left out" for split in others if split not in labelled]
    if not labelled:
        return first._replace(notes=[*first.notes, *notes])
    shown = {**labelled, train: next(iter(labelled.values()))}  # stands in for train: what labels look like, it shows
    rest = roles_of.take(shown, roles, named, source, rules, problems, absent)
    more = [note for note in rest.notes if f" of {train} " not in note]
    return RoleColumns(
        {**rest.splits, **first.splits},
        list(dict.fromkeys([*first.notes, *more, *notes])),
        rest.classes,
        {**rest.columns, **first.columns},
        {name: numbers for name, numbers in rest.numbers.items() if name != train} | first.numbers,
        {name: ids for name, ids in rest.ids.items() if name != train} | dict(first.ids),
    )


def _has(rows: "Dataset", column: str) -> bool:
    return bool({LABEL, *column.split("+")} & set(rows.column_names))


def _label_of(
    rows: "Dataset", roles: Mapping[str, str], named: Mapping[str, str], source: str, rules: Rules
) -> str | None:
    """Return the column of labels of a split, or none where it has none."""
    if _has(rows, column := named.get(LABEL, LABEL)):
        return column
    return None if LABEL in rules.exact else roles_of.guessed(rows, roles, named, source, rules).get(LABEL)


def without_labels(splits: Mapping[str, "Dataset"]) -> dict[str, "Dataset"]:
    """Return the splits of a sample, train without its labels."""
    return {split: rows.remove_columns(LABEL) if split == "train" else rows for split, rows in splits.items()}
