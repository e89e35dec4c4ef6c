"""The choice of the column of the files that plays each role of the task."""

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from distill.base.terminal_text import name
from distill.base.terminal_text import names as listed
from distill.base.unusable_rows import Fault, Ids, ids_of, usable
from distill.data import (
    bookkeeping,
    contents,
    hidden,
    impossible_questions,
    joined_columns,
    label_columns,
    label_separators,
    label_values,
    objects,
)
from distill.data.choosing import Rules as Rules
from distill.data.choosing import choose
from distill.data.contents import Column
from distill.errors import DataError

if TYPE_CHECKING:
    from datasets import Dataset


class RoleColumns(NamedTuple):
    """The splits with one column for each role of the task, and what was decided on the way.

    Attributes:
        splits: under the role's name, without the rows that cannot be used; of chats with ``LEARNT`` beside the turns.
        notes: a sentence for whatever was decided on the way, such as a column that was taken instead of a named one.
        classes: the names of the hub's class numbers in the column of the labels, by number; of 0/1 vectors, the label
            of each place.
        columns: role to the name that its column had.
        numbers: of the rows that were kept, in each split of which some were left out.
        ids: of all rows of the files that have a column of that name.
    """

    splits: dict[str, "Dataset"]
    notes: list[str]
    classes: list[str]
    columns: dict[str, str]
    numbers: dict[str, Sequence[int]]
    ids: Ids


def take(
    splits: Mapping[str, "Dataset"],
    roles: Mapping[str, str],
    named: Mapping[str, str],
    source: str,
    rules: Rules = Rules(),  # noqa: B008  (nobody changes it)
    problems: Mapping[str, Mapping[str, str]] | None = None,
    absent: Mapping[str, Mapping[str, str]] | None = None,
) -> RoleColumns:
    """Choose the column of each role, read it as the role needs it, and leave out rows that cannot be used.

    Args:
        splits: as they were read, that of train first.
        roles: role to the kind of its content: text, texts (a list), label, labels, tags, score, answers, marked (text
            with marks in it), or target (a text, or a list of right ones).
        named: role to the name of its column; a role that is not named has a column of its own name. Several labels
            may be spread over columns, ``one+other``.
        source: where the data came from, for messages.
        rules: how strictly they are read.
        problems: split to column to why it cannot be used, of those that are not among the split's columns.
        absent: split to column to a row that lacks it, and holds none there.

    Raises:
        DataError: a column is absent and no other can be meant, or holds what its role cannot mean, or a row cannot be
            used.
    """
    _refuse_strangers(roles, named, rules)
    _refuse_bare(splits, source)
    (first, train), kind = next(iter(splits.items())), roles.get("label")
    for split_problems in (problems or {}).values():
        _refuse_problems(_expected_columns(roles, named, {*train.column_names, *split_problems}), split_problems)
    by_name = {split: label_columns.named(rows, f"{split} in {source}") for split, rows in splits.items()}
    together = joined_columns.joined(objects.opened(by_name, named), roles, named, source, rules.exact)
    joined = label_columns.joined(together.splits, roles, named, rules.names)
    chosen, notes = choose(joined[first], roles, together.named, source, rules, (problems or {}).get(first, {}))
    joined, hidden_notes = hidden.without_column(joined, roles, chosen, source)
    notes += [*together.notes, *hidden_notes, *bookkeeping.of_splits(train, chosen.values(), first, source)]
    readable: dict[str, Dataset] = {}
    faults: dict[str, dict[int, Fault]] = {}
    for split, rows in joined.items():
        _refuse_problems(chosen, (problems or {}).get(split, {}))
        _refuse_absent_columns(rows, chosen, split, first, source)
        columns = [Column(column, role, roles[role], split, source) for role, column in chosen.items()]
        readable[split], faults[split], split_notes = _read_columns(rows, columns, rules.max_characters)
        notes += [note for note in split_notes if note not in notes]
        if kind == "labels":
            faults[split] = _without_key(rows, chosen["label"], (absent or {}).get(split, {})) | faults[split]
    of_labels = objects.opened({first: train}, named)[first]
    order = label_columns.classes(of_labels, chosen["label"]) if "label" in chosen else []
    off = label_columns.never_on(by_name, chosen["label"]) if "label" in chosen else []
    notes += label_values.never(off)
    if kind in label_values.KINDS:
        readable, notes, places = _labelled(readable, kind, chosen["label"], rules.names, order, faults, notes)
        notes += [] if places else _never_named(readable[first]["label"][:], order, rules.names)
        order = places or order or (sorted(chosen["label"].split("+")) if off else [])
    labelled, notes = hidden.without_labels(readable, roles, faults, source, notes)
    ids, wrong_rows = ids_of(splits), {split: faults[split] for split in labelled}
    result = usable(labelled, wrong_rows, drop=rules.drop_bad, source=source, ids=ids)
    return RoleColumns(result.splits, [*notes, *result.notes], order, chosen, result.numbers, ids)


def _refuse_strangers(roles: Mapping[str, str], named: Mapping[str, str], rules: Rules) -> None:
    """Refuse settings that name a role which the task does not have."""
    if strangers := sorted({*named, *rules.exact} - set(roles)):
        raise DataError(f"{rules.key} names {listed(strangers)}; the task has {', '.join(roles)}")


def _refuse_bare(splits: Mapping[str, "Dataset"], source: str) -> None:
    """Refuse a split without rows."""
    if bare := [split for split, rows in splits.items() if not len(rows)]:
        raise DataError(f"{bare[0]} of {source} has no rows")


def _read_columns(
    rows: "Dataset", columns: Sequence[Column], max_characters: int
) -> tuple["Dataset", dict[int, Fault], list[str]]:
    """Return a split with its columns under the names of their roles, the rows that cannot be used, and notes."""
    renamed = {column.name: column.role for column in columns if column.name != column.role}
    without = {column.role: impossible_questions.impossible(rows, column) for column in columns}
    rows = rows.select_columns([column.name for column in columns]).rename_columns(renamed)
    faults: dict[int, Fault] = {}
    notes: list[str] = []
    for column in columns:
        rows, wrong, column_notes = contents.read(rows, column, max_characters)
        if places := without[column.role]:
            rows = impossible_questions.without_answers(rows, column.role, places)
            wrong = {row: fault for row, fault in wrong.items() if row not in places}
        faults = {**wrong, **faults}
        notes += [note for note in column_notes if note not in notes]
    return rows, faults, notes


def _without_key(rows: "Dataset", column: str, absent: Collection[str]) -> dict[int, Fault]:
    """Return the rows of which nobody has said which labels apply: a file that leaves the key out does not say none."""
    way = "" if "+" in column else "; [] says that no label applies"
    return {
        row: Fault("no labels", f"has no {name(part)}", way)
        for part in {column, *column.split("+")} & {*absent}
        for row, value in enumerate(rows[part][:])
        if value is None
    }


def _refuse_absent_columns(rows: "Dataset", chosen: Mapping[str, str], split: str, first: str, source: str) -> None:
    """Refuse a split that lacks a column of the ``first`` one."""
    if missing := [column for column in chosen.values() if column not in rows.column_names]:
        raise DataError(
            f"{split} of {source} has no column {name(missing[0])}; it has {listed(rows.column_names)}: "
            f"name its column as in {first}, or take another file with data.files.{split}=NAME"
        )


def _labelled(
    splits: dict[str, "Dataset"],
    kind: str,
    column: str,
    names: Mapping[str, str],
    classes: Sequence[str],
    faults: dict[str, dict[int, Fault]],
    notes: list[str],
) -> tuple[dict[str, "Dataset"], list[str], list[str]]:
    """The splits with labels as they are meant, notes, and the places of vectors; ``faults`` gets what they lack."""
    before = {split: rows["label"][:] for split, rows in splits.items()}
    settled_labels = label_values.settled(before, kind, names, classes=classes, hides="+" in column)
    for split, wrong in settled_labels.faults.items():
        faults[split] = {**wrong, **faults[split]}
    return (
        {
            split: rows
            if settled_labels.values[split] == before[split]
            else contents.replaced(rows, "label", settled_labels.values[split])
            for split, rows in splits.items()
        },
        [*notes, *settled_labels.notes],
        settled_labels.places,
    )


def _never_named(labels: Sequence[object], classes: Sequence[str], names: Mapping[str, str]) -> list[str]:
    """Return a sentence on the hub's classes that the settings name and no row of train has."""
    present = {*label_separators.names_in(labels)}
    wanted = [each for number, each in enumerate(classes) if names.keys() & {str(number), each}]
    return label_values.never([each for each in wanted if each not in present])


def _expected_columns(roles: Mapping[str, str], named: Mapping[str, str], columns: Collection[str]) -> dict[str, str]:
    """The column that each role is looked for in, before any is guessed."""
    meant = {role: named.get(role, role) for role in roles}
    return {role: column if {column, *column.split("+")} & set(columns) else role for role, column in meant.items()}


def _refuse_problems(chosen: Mapping[str, str], problems: Mapping[str, str]) -> None:
    """Refuse a column that plays a role and cannot be used."""
    for column in (part for each in chosen.values() for part in (each, *each.split("+"))):
        if column in problems:
            raise DataError(problems[column])


def guessed(
    rows: "Dataset", roles: Mapping[str, str], named: Mapping[str, str], source: str, rules: Rules
) -> dict[str, str]:
    """Return the column of each role of one split; nothing where one of them is not to be found."""
    try:
        return choose(rows, roles, named, source, rules)[0]
    except DataError:
        return {}


def sampled(
    sample: Mapping[str, "Dataset"], roles: Mapping[str, str], named: Mapping[str, str], exact: Collection[str] = ()
) -> dict[str, "Dataset"]:
    """Return the embedded sample's columns by role: the named ones where it has them, else the roles' own.

    Raises:
        DataError: it lacks one of which the name is to be ``exact``.
    """
    splits = label_columns.joined(sample, roles, named)
    column_names = splits["train"].column_names
    if strangers := [role for role in exact if named.get(role, role) not in column_names]:
        role = strangers[0]
        raise DataError(
            f"the embedded sample has no column {name(named.get(role, role))}, which data.columns.{role} names; "
            f"it has {listed(column_names)}; give your own data with data.path=FOLDER"
        )
    chosen = {role: named[role] if named.get(role) in column_names else role for role in roles}
    renamed = {column: role for role, column in chosen.items() if column != role}
    selected = {split: rows.select_columns(list(chosen.values())) for split, rows in splits.items()}
    return {split: rows.rename_columns(renamed) for split, rows in selected.items()}
