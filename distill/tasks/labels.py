"""Labels: named, numbered, and refused where train does not have them."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from distill.errors import DataError
from distill.tasks import Options

if TYPE_CHECKING:
    from datasets import Dataset

AVERAGES = ("micro", "macro", "weighted")
"""Rows of the report's table besides the labels."""


def label_names(train: Sequence[Any], options: Options) -> dict[str, str]:
    """Each label in train to its name, in order; a label that is not named keeps its own.

    Args:
        train: the labels, strings or integers.
        options: their names, and what there is to know of their order.

    Raises:
        DataError: the labels are continuous, there is only one, or a name belongs to no label.
    """
    found = {str(value) for value in train}
    if example := next((value for value in sorted(found) if is_fraction(value) and all(map(is_number, found))), None):
        raise DataError(f"the label column holds {example}: continuous values are scores, not classes")
    if len(found) < 2:
        raise DataError(f"train has only the label {', '.join(found)}: nothing can be learned from one class")
    refuse_strangers(options.labels, found)
    named = {value: options.labels.get(value, value) for value in in_order(found, options)}
    if taken := sorted(name for name in named.values() if name in AVERAGES or list(named.values()).count(name) > 1):
        raise DataError(f"the name {taken[0]} is that of another label or of an average; give others with data.labels")
    return named


def refuse_strangers(names: Mapping[str, str], found: set[str]) -> None:
    """Refuse names for labels that are not there.

    Raises:
        DataError: neither a label nor its name is ``found``.
    """
    if strangers := sorted(value for value, name in names.items() if not {value, name} & found):
        raise DataError(
            f"data.labels names {', '.join(strangers)}, which train does not have; it has {', '.join(sorted(found))}; "
            "give their names, or data.labels=null"
        )


def in_order(found: set[str], options: Options) -> list[str]:
    """Labels in order: as they are given names, then as the data has them, then numbers by value, words by alphabet.

    >>> in_order({"10", "2", "b", "a"}, Options({}))
    ['2', '10', 'a', 'b']
    >>> in_order({"no", "yes", "perhaps", "never"}, Options({"yes": "+", "no": "-"}, order=["perhaps", "no", "never"]))
    ['yes', 'no', 'perhaps', 'never']
    """
    named = [label if label in found else name for label, name in options.labels.items()]
    place = {label: number for number, label in enumerate(dict.fromkeys([*named, *options.order]))}

    def key(label: str) -> tuple[int, int, float, str]:
        words = not is_number(label)
        return place.get(label, len(place)), int(words), 0.0 if words else float(label), label

    return sorted(found, key=key)


def label_ids(labels: Sequence[Any], known: Mapping[str, str], split: str) -> list[int]:
    """The position of each label among the ``known`` ones.

    Raises:
        DataError: a label that train does not have, with the row it first stands in.
    """
    refuse_unknown([{str(value)} for value in labels], known, split)
    position = {value: index for index, value in enumerate(known)}
    return [position[str(value)] for value in labels]


def refuse_unknown(rows: Sequence[set[str]], known: Mapping[str, str], split: str) -> None:
    """Refuse the first row that has a label which train does not have.

    Raises:
        DataError: there is one.
    """
    for row, labels in enumerate(rows, 1):
        if strangers := sorted(labels - known.keys()):
            there = ", ".join(known)
            raise DataError(
                f"{split} has the label {strangers[0]} (row {row}), which train does not have; train has {there}"
            )


def numbered(splits: Mapping[str, "Dataset"], options: Options) -> tuple[dict[str, "Dataset"], tuple[str, ...]]:
    """The splits with each label as its number, and the labels' names."""
    found = {name: rows["label"][:] for name, rows in splits.items()}  # a column by itself is read row by row
    known = label_names(found["train"], options)
    ids = {name: label_ids(labels, known, name) for name, labels in found.items()}
    return {name: replaced(rows, "label", ids[name]) for name, rows in splits.items()}, tuple(known.values())


def replaced(rows: "Dataset", column: str, values: Sequence[Any]) -> "Dataset":
    """The rows with other values in a column, which stands last then."""
    kept = rows.remove_columns(column) if column in rows.column_names else rows
    return kept.add_column(column, list(values))


def is_number(value: Any) -> bool:  # noqa: ANN401
    """Whether it can be read as a number."""
    try:
        float(value)
    except (TypeError, ValueError):
        return False
    return True


def is_fraction(value: str) -> bool:
    """Whether it is a number that is not whole."""
    return is_number(value) and not float(value).is_integer()
