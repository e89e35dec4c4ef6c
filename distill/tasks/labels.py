"""The labels of a data set: their names and numbers, and which of them are refused."""

import math
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple, SupportsFloat

from distill.base.terminal_text import name, names
from distill.base.unusable_rows import Fault, usable
from distill.errors import DataError
from distill.tasks import Options, Read

if TYPE_CHECKING:
    from datasets import Dataset

_CLASSES = 20
"""Numbers with decimals up to which they may be classes though some stand only once, as scores do."""
Problem = Callable[..., Fault | None]
"""Returns what is wrong with the values of a row, or none."""
AVERAGES = ("micro", "macro", "weighted")
"""Rows of the report's table besides the labels."""


class Sifted(NamedTuple):
    """The rows of all splits that can be used, with notes on the others."""

    splits: dict[str, "Dataset"]
    notes: tuple[str, ...]
    options: Options


def label_names(train: Sequence[object], options: Options) -> dict[str, str]:
    """Return the name of each label in train, in order; a label that is given none keeps its own.

    Args:
        train: the labels, strings or integers.
        options: their names, and what there is to know of their order.

    Raises:
        DataError: the labels are continuous, there is only one, or a name belongs to no label.
    """
    counts = Counter(map(str, train))
    distinct = set(counts)
    many = 2 * len(distinct) > len(train) or (len(distinct) > _CLASSES and min(counts.values()) == 1)
    if many and (example := _fraction(distinct)) is not None and not distinct <= set(options.labels):
        raise DataError(
            f"the label column holds {example}: continuous values are scores, not classes; "
            "a card that names each in data.labels makes them classes"
        )
    if len(distinct) < 2:
        raise DataError(
            f"train has only the label {names(list(distinct))}{options.in_column()}: "
            "nothing can be learned from one class"
        )
    refuse_strangers(options.labels, distinct, options.order)
    named = {value: options.labels.get(value, value) for value in in_order(distinct, options)}
    called = list(named.values())
    if clashing := sorted(each for each in called if each in AVERAGES or called.count(each) > 1):
        raise DataError(
            f"the name {name(clashing[0])} is that of another label or of an average; give others with data.labels"
        )
    return named


def refuse_strangers(named: Mapping[str, str], labels: set[str], possible: Collection[str] = ()) -> None:
    """Refuse names that the settings give to labels which train does not have.

    Args:
        named: label to its name.
        labels: of train.
        possible: labels that the data itself knows, such as places of vectors, though no row of train may have them.

    Raises:
        DataError: neither a label nor its name is ``labels``.
    """
    if strangers := sorted(value for value, called in named.items() if not {value, called} & {*labels, *possible}):
        raise DataError(
            f"data.labels names {names(strangers)}, which train does not have; it has {names(sorted(labels))}; "
            "give their names, or data.labels=null"
        )


def in_order(labels: set[str], options: Options) -> list[str]:
    """Return labels in order: those with given names, then the data's order, then numbers, then words by alphabet.

    >>> in_order({"10", "2", "b", "a"}, Options({}))
    ['2', '10', 'a', 'b']
    >>> in_order({"no", "yes", "perhaps", "never"}, Options({"yes": "+", "no": "-"}, order=["perhaps", "no", "never"]))
    ['yes', 'no', 'perhaps', 'never']
    """
    named = [label if label in labels else called for label, called in options.labels.items()]
    place = {label: number for number, label in enumerate(dict.fromkeys([*named, *options.order]))}

    def key(label: str) -> tuple[int, int, float, str]:
        words = not is_number(label)
        return place.get(label, len(place)), int(words), 0.0 if words else float(label), label

    return sorted(labels, key=key)


def label_ids(labels: Sequence[object], known: Mapping[str, str], split: str, options: Options) -> list[int]:
    """Return the position of each label among the ``known`` ones.

    Raises:
        DataError: a label that train does not have, with the row it first stands in.
    """
    refuse_unknown([{str(value)} for value in labels], known, split, options)
    position = {value: index for index, value in enumerate(known)}
    return [position[str(value)] for value in labels]


def refuse_unknown(rows: Sequence[set[str]], known: Mapping[str, str], split: str, options: Options) -> None:
    """Refuse the first row that has a label which train does not have.

    Raises:
        DataError: there is one.
    """
    for place, labels in enumerate(rows):
        if strangers := sorted(labels - known.keys()):
            raise DataError(
                f"{split} has the label {name(strangers[0])} (row {options.row(split, place)}), "
                f"which train does not have; train has {names(list(known))}"
            )


def numbered(splits: Mapping[str, "Dataset"], options: Options) -> Read:
    """Replace each label by its number in all splits."""
    label_columns = {split: rows["label"][:] for split, rows in splits.items()}  # a column by itself is read row by row
    known = label_names(label_columns["train"], options)
    ids = {split: label_ids(labels, known, split, options) for split, labels in label_columns.items()}
    ready = {split: replaced(rows, "label", ids[split]) for split, rows in splits.items()}
    example = _fraction(known)
    notes = () if example is None else (f"the labels are numbers such as {example}: each is a class of its own",)
    return Read(ready, tuple(known.values()), notes)


def sifted(splits: Mapping[str, "Dataset"], roles: Sequence[str], problem: Problem, options: Options) -> "Sifted":
    """Leave out, or refuse, the rows of which ``problem`` finds fault with the values of their ``roles``.

    Raises:
        DataError: there are such rows and they are not to be left out, or a split has no other.
    """
    faults = {}
    for split, rows in splits.items():
        row_faults = (problem(*values) for values in zip(*(rows[role][:] for role in roles), strict=True))
        faults[split] = {place: fault for place, fault in enumerate(row_faults) if fault is not None}
    return judged(splits, faults, options)


def judged(splits: Mapping[str, "Dataset"], faults: Mapping[str, Mapping[int, Fault]], options: Options) -> "Sifted":
    """Leave out, or refuse, the rows of ``faults``, which are known by split and position.

    Raises:
        DataError: there are such rows and they are not to be left out, or a split has no other.
    """
    usable_rows = usable(splits, faults, drop=options.drop_bad, numbers=options.numbers, ids=options.ids)
    return Sifted(usable_rows.splits, tuple(usable_rows.notes), replace(options, numbers=usable_rows.numbers))


def replaced(rows: "Dataset", column: str, values: Sequence[object]) -> "Dataset":
    """Return the rows with other values in one column, which becomes the last one."""
    other_columns = rows.remove_columns(column) if column in rows.column_names else rows
    return other_columns.add_column(column, list(values))


def is_number(value: str | SupportsFloat) -> bool:
    """Return whether a value can be read as a finite number."""
    try:
        return math.isfinite(float(value))
    except (TypeError, ValueError):
        return False


def _fraction(labels: Collection[str]) -> str | None:
    """The first of numbers that are not all whole, or none."""
    return next(filter(is_fraction, sorted(labels)), None) if all(map(is_number, labels)) else None


def is_fraction(value: str) -> bool:
    """Return whether a text is a number that is not whole."""
    return is_number(value) and not float(value).is_integer()
