"""Which column of the files plays which role of the task."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from distill.data import label_columns
from distill.data.streaming import answers, empty, labels, listed, turns
from distill.errors import DataError
from distill.words import spaced

if TYPE_CHECKING:
    from datasets import Dataset

_SAMPLE = 1000
"""Rows that are looked at to tell what a column holds."""


class Taken(NamedTuple):
    """The columns that play a role.

    Attributes:
        splits: under the role's name.
        notes: a sentence for each column that was taken instead of a named one.
        classes: the names of the hub's class numbers in the column of the labels, by number.
        columns: role to the name that its column had.
    """

    splits: dict[str, "Dataset"]
    notes: list[str]
    classes: list[str]
    columns: dict[str, str]


def take(
    splits: Mapping[str, "Dataset"],
    roles: Mapping[str, str],
    named: Mapping[str, str],
    source: str,
    key: str = "data.columns",
    problems: Mapping[str, Mapping[str, str]] | None = None,
    absent: Mapping[str, Mapping[str, str]] | None = None,
) -> "Taken":
    """Keep the columns that play a role, under the role's name.

    Args:
        splits: as they were read.
        roles: role to the kind of its content: text, texts (a list), label, labels, tags, score, answers, marked (text
            with marks in it), or target (a text, or a list of right ones).
        named: role to the name of its column; a role that is not named has a column of its own name. Several labels
            may be spread over columns, ``one+other``.
        source: where the data came from, for messages.
        key: the setting that names the columns, for messages.
        problems: split to column to why it cannot be used, of those that are not among the split's columns.
        absent: split to column to a row that lacks it, and holds none there.

    Raises:
        DataError: a column is absent and no other can be meant, or a row has no content.
    """
    if strangers := sorted(set(named) - set(roles)):
        raise DataError(f"{key} names {', '.join(strangers)}; the task has {', '.join(roles)}")
    if bare := [split for split, rows in splits.items() if not len(rows)]:
        raise DataError(f"{bare[0]} of {source} has no rows")
    train = splits["train"]
    for found in (problems or {}).values():
        meant = {role: named.get(role, role) for role in roles}
        there = {*train.column_names, *found}
        _usable(
            {role: column if {column, *column.split("+")} & there else role for role, column in meant.items()}, found
        )
    splits = label_columns.joined({split: label_columns.named(rows) for split, rows in splits.items()}, roles, named)
    chosen, notes = _choose(splits["train"], roles, named, source, key)
    taken = {}
    for split, rows in splits.items():
        _usable(chosen, (problems or {}).get(split, {}))
        _usable({role: chosen[role] for role in roles if roles[role] == "labels"}, (absent or {}).get(split, {}))
        if missing := [column for column in chosen.values() if column not in rows.column_names]:
            raise DataError(f"{split} of {source} has no column {missing[0]}; it has {', '.join(rows.column_names)}")
        kept = _read(rows.select_columns(list(chosen.values())), chosen, roles, f"{split} in {source}")
        taken[split] = kept.rename_columns({column: role for role, column in chosen.items() if column != role})
        _complete(taken[split], {role: chosen[role] for role in roles if roles[role] != "labels"}, split, source)
        _fitting(taken[split], roles, chosen, source)
    order = label_columns.classes(train, chosen["label"]) if "label" in chosen else []
    return Taken(taken, notes, order, chosen)


def _usable(chosen: Mapping[str, str], problems: Mapping[str, str]) -> None:
    """Refuse a column that plays a role and cannot be used."""
    for column in (part for each in chosen.values() for part in (each, *each.split("+"))):
        if column in problems:
            raise DataError(problems[column])


def _choose(
    train: "Dataset", roles: Mapping[str, str], named: Mapping[str, str], source: str, key: str
) -> tuple[dict[str, str], list[str]]:
    wanted = {role: named.get(role, role) for role in roles}
    chosen = {role: column for role, column in wanted.items() if column in train.column_names}
    if doubled := [role for role, column in chosen.items() if list(chosen.values()).count(column) > 1]:
        raise DataError(f"{key} gives the column {chosen[doubled[0]]} to {' and '.join(doubled)}")
    notes = []
    for role in (role for role in roles if role not in chosen):
        if roles[role] == "turns" and set(_HALVES) <= set(train.column_names):
            raise DataError(
                f"{source} has {' and '.join(_HALVES)} instead of {wanted[role]}: a dialogue is one list of its turns, "
                f"the reply last; say which column holds it with {key}.{role}=NAME"
            )
        free = [column for column in train.column_names if column not in chosen.values()]
        fitting = [role] if role in free else [column for column in free if _fits(train, column, roles[role])]
        if len(fitting) != 1:
            raise DataError(
                f"{source} has no column {wanted[role]}; it has {', '.join(train.column_names)}: "
                f"say which one is the {role} with {key}.{role}=NAME"
            )
        chosen[role] = fitting[0]
        notes.append(f"there is no column {wanted[role]} in {source}; {fitting[0]} is taken as the {role}")
    return chosen, notes


def sampled(
    sample: Mapping[str, "Dataset"], roles: Mapping[str, str], named: Mapping[str, str]
) -> dict[str, "Dataset"]:
    """The embedded sample's columns by role: the named ones where it has them, else those of the role's own name."""
    splits = label_columns.joined(sample, roles, named)
    there = splits["train"].column_names
    chosen = {role: named[role] if named.get(role) in there else role for role in roles}
    renamed = {column: role for role, column in chosen.items() if column != role}
    kept = {split: rows.select_columns(list(chosen.values())) for split, rows in splits.items()}
    return {split: rows.rename_columns(renamed) for split, rows in kept.items()}


_HALVES = ("history", "reply")
"""What some files have instead of the turns of a dialogue."""
_CELLS: Mapping[str, Callable[[Any], Any]] = {
    "texts": listed, "tags": listed, "turns": turns, "labels": labels, "answers": answers,
}  # fmt: skip
"""How a cell of a table holds more than a text."""
_NEW = " new"


def _read(rows: "Dataset", chosen: Mapping[str, str], roles: Mapping[str, str], where: str) -> "Dataset":
    """Make what they stand for of the cells of a table that hold several texts, tags or labels, or answers."""
    for role, column in chosen.items():
        read = _CELLS.get(roles[role])
        if read is not None and any(isinstance(cell, str) for cell in rows[column][:]):
            more = rows.add_column(_NEW, list(_cells(read, rows[column][:], column, where)))
            rows = more.remove_columns(column).rename_column(_NEW, column)  # a table without columns has no rows
    return rows


def _cells(read: Callable[[Any], Any], cells: Sequence[Any], column: str, where: str) -> Iterator[Any]:
    for number, cell in enumerate(cells, 1):
        try:
            yield None if empty(cell) else read(cell)
        except ValueError as error:
            raise DataError(f"row {number} of {where}: the column {column} holds {error}") from error


def _fits(rows: "Dataset", column: str, kind: str) -> bool:
    """Whether a column can be meant by a role."""
    values: Sequence[Any] = rows[:_SAMPLE][column]
    return _KINDS[kind](values)


def _text(values: Sequence[Any]) -> bool:
    """Whether most are several words, or characters of a script without spaces that no labels are."""
    several = sum(isinstance(value, str) and len(spaced(value)) > 1 for value in values)
    return all(isinstance(value, str) for value in values) and several > len(values) / 2 and not _label(values)


def _label(values: Sequence[Any]) -> bool:
    simple = all(isinstance(value, str | int) for value in values)
    return (
        simple
        and len(set(values)) <= max(2, len(values) // 2)
        and not any(" " in str(value) or _fractional(value) for value in values)
    )


def _lists(values: Sequence[Any]) -> bool:
    return all(isinstance(value, list) for value in values)


_KINDS: Mapping[str, Callable[[Sequence[Any]], bool]] = {
    "text": _text,
    "marked": _text,
    "target": lambda values: _text(values) or _lists(values),
    "label": _label,
    "texts": _lists,
    "tags": _lists,
    "turns": _lists,
    "labels": _lists,
    "score": lambda values: all(isinstance(value, float) for value in values),
    "answers": lambda values: all(_object(value) for value in values),
}


def _object(value: Any) -> bool:  # noqa: ANN401
    return isinstance(value, Mapping) or (isinstance(value, str) and value.startswith("{"))


def _fractional(value: str | int) -> bool:
    """Whether it is a score, such as 3.8, and no name or number of a class."""
    try:
        return not float(value).is_integer()
    except ValueError:
        return False


def _complete(rows: "Dataset", chosen: Mapping[str, str], split: str, source: str) -> None:
    for role, column in chosen.items():
        for number, value in enumerate(rows[role][:], 1):
            if empty(value):
                raise DataError(f"row {number} of {split} in {source} has no {column}")
            if isinstance(value, list) and any(map(empty, value)):
                raise DataError(f"row {number} of {split} in {source} has an empty entry in {column}")


def _fitting(rows: "Dataset", roles: Mapping[str, str], chosen: Mapping[str, str], source: str) -> None:
    """Refuse a column that holds one value where its role has several, or the other way round."""
    for role, kind in roles.items():
        wanted, said = _TYPES.get(kind, (object, ""))
        if not all(isinstance(value, wanted) for value in rows[:_SAMPLE][role]):
            raise DataError(f"the column {chosen[role]} of {source} cannot be the {role}: it holds no {said}")


_TYPES: Mapping[str, tuple[type | tuple[type, ...], str]] = {
    "text": (str, "text"),
    "marked": (str, "text"),
    "target": ((str, list), "text"),
    "texts": (list, "lists"),
    "tags": (list, "lists"),
    "turns": (list, "lists"),
    "answers": (Mapping, "objects with text and answer_start"),
}
"""What a kind of content is in Python, and how that is said."""
