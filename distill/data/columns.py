"""Which column of the files plays which role of the task."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from distill.errors import DataError

if TYPE_CHECKING:
    from datasets import Dataset

_SAMPLE = 1000
"""Rows that are looked at to tell what a column holds."""


def take(
    splits: Mapping[str, "Dataset"], roles: Mapping[str, str], named: Mapping[str, str], source: str
) -> tuple[dict[str, "Dataset"], list[str]]:
    """Keep the columns that play a role, under the role's name.

    Args:
        splits: as they were read.
        roles: role to the kind of its content, text or label.
        named: role to the name of its column; a role that is not named has a column of its own name.
        source: where the data came from, for messages.

    Returns:
        The splits, and a sentence for each column that was taken instead of a named one.

    Raises:
        DataError: a column is absent and no other can be meant, or a row has no content.
    """
    if strangers := sorted(set(named) - set(roles)):
        raise DataError(f"data.columns names {', '.join(strangers)}; the task has {', '.join(roles)}")
    if empty := [split for split, rows in splits.items() if not len(rows)]:
        raise DataError(f"{empty[0]} of {source} has no rows")
    chosen, notes = _choose(splits["train"], roles, named, source)
    taken = {}
    for split, rows in splits.items():
        if missing := [column for column in chosen.values() if column not in rows.column_names]:
            raise DataError(f"{split} of {source} has no column {missing[0]}; it has {', '.join(rows.column_names)}")
        kept = _named(rows).select_columns(list(chosen.values()))
        taken[split] = kept.rename_columns({column: role for role, column in chosen.items() if column != role})
        _complete(taken[split], chosen, split, source)
    return taken, notes


def _choose(
    train: "Dataset", roles: Mapping[str, str], named: Mapping[str, str], source: str
) -> tuple[dict[str, str], list[str]]:
    wanted = {role: named.get(role, role) for role in roles}
    chosen = {role: column for role, column in wanted.items() if column in train.column_names}
    if doubled := [role for role, column in chosen.items() if list(chosen.values()).count(column) > 1]:
        raise DataError(f"data.columns gives the column {chosen[doubled[0]]} to {' and '.join(doubled)}")
    notes = []
    for role in (role for role in roles if role not in chosen):
        free = [column for column in train.column_names if column not in chosen.values()]
        fitting = [role] if role in free else [column for column in free if _fits(train, column, roles[role])]
        if len(fitting) != 1:
            raise DataError(
                f"{source} has no column {wanted[role]}; it has {', '.join(train.column_names)}: "
                f"say which one is the {role} with data.columns.{role}=NAME"
            )
        chosen[role] = fitting[0]
        notes.append(f"there is no column {wanted[role]} in {source}; {fitting[0]} is taken as the {role}")
    return chosen, notes


def _fits(rows: "Dataset", column: str, kind: str) -> bool:
    values: Sequence[Any] = rows[:_SAMPLE][column]
    if kind == "text":
        return (
            all(isinstance(value, str) for value in values) and sum(" " in value for value in values) > len(values) / 2
        )
    simple = all(isinstance(value, str | int) for value in values)
    return (
        simple
        and len(set(values)) <= max(2, len(values) // 2)
        and not any(" " in str(value) or _fractional(value) for value in values)
    )


def _fractional(value: str | int) -> bool:
    """Whether it is a score, such as 3.8, and no name or number of a class."""
    try:
        return not float(value).is_integer()
    except ValueError:
        return False


def _named(rows: "Dataset") -> "Dataset":
    """Class numbers of the hub as their names."""
    from datasets import ClassLabel, Value

    for column, feature in rows.features.items():
        if isinstance(feature, ClassLabel):
            names = [feature.int2str(value) if value >= 0 else str(value) for value in rows[column]]
            rows = rows.remove_columns(column).add_column(column, names, feature=Value("string"))
    return rows


def _complete(rows: "Dataset", chosen: Mapping[str, str], split: str, source: str) -> None:
    for role, column in chosen.items():
        for number, value in enumerate(rows[role], 1):
            if value is None or (isinstance(value, str) and not value.strip()):
                raise DataError(f"row {number} of {split} in {source} has no {column}")
