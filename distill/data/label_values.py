"""The meaning of labels in any notation: 0/1 vectors, white space, decimals, and numbers for no label."""

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from distill.base.terminal_text import names as shown_names
from distill.base.terminal_text import shown
from distill.base.unusable_rows import Fault
from distill.data import label_separators, no_labels
from distill.data.label_columns import HIDDEN, is_hidden, is_on
from distill.data.label_separators import names_in
from distill.errors import DataError

Values = Mapping[str, Sequence[Any]]
"""Split to the labels of its rows: one, a list of some, or a list of one for each word."""

KINDS = ("label", "labels", "tags")
_WHOLE = re.compile(r"-?\d+")
_DECIMAL = re.compile(r"(-?\d+)\.0+")
_BITS = frozenset({"0", "1", "0.0", "1.0", "true", "false"}) | HIDDEN
_EMPTY_CELL = Fault("no label", "has an empty cell in the place of a label")
_UNSEEN = "\ufeff\u200b\u2060"
"""Characters without width that get into cells, and are none of a label."""
_PACKED = re.compile(r"[01]{2,}")


@dataclass
class Settled:
    """The labels of all splits in one notation, with the rows that have none.

    Attributes:
        values: split to the labels of its rows.
        faults: split to the rows that have none.
        notes: what was decided on the way, each a sentence.
        places: of 0/1 vectors, the label of each place.
    """

    values: dict[str, list[Any]]
    faults: dict[str, dict[int, Fault]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    places: list[str] = field(default_factory=list)


def settled(values: Values, kind: str, names: Mapping[str, str], *, classes: Sequence[str], hides: bool) -> Settled:
    """Bring the labels of all splits into one notation, and find the rows that have no label.

    Args:
        values: labels as their cells were read.
        kind: label | labels | tags.
        names: label to the name that the settings give it: such a label is one, whatever it looks like.
        classes: the names of the hub's class numbers, which the labels are then; numbers below 0 are none.
        hides: whether -1 says that nobody knows.

    Raises:
        DataError: 0/1 vectors differ in length, or lists of numbers are neither vectors nor labels.
    """
    hub = bool(classes)
    result = Settled({split: list(column) for split, column in values.items()}, {split: {} for split in values})
    if kind == "labels":
        _vectors(_bits(result, () if hides else classes), classes, named=bool(names))
        label_separators.refuse(result.values["train"], names)
    _spelled(result, names, hub=hub)
    _without_label(result, kind, names, hub=hub, hides=hides)
    return result


def _bits(settled_labels: Settled, classes: Sequence[str]) -> Settled:
    """Turn names of the hub's classes 0 and 1 back into these where they are the entries of 0/1 vectors.

    Raises:
        DataError: a list has a class twice, and is none.
    """
    train = settled_labels.values["train"]
    twice = next((row for row, labels in enumerate(train) if labels and len(set(labels)) < len(labels)), None)
    if not classes or twice is None or all(_is_bit(each) for labels in train for each in labels or ()):
        return settled_labels
    numbers = {name: str(number) for number, name in enumerate(classes)}
    entries = {numbers.get(each, each) for labels in train for each in labels or ()}
    if {len(labels) for labels in train if labels} != {len(classes)} or not all(map(_is_bit, entries)):
        raise DataError(
            f"row {twice + 1} of train has the labels {shown(train[twice])}: a list of labels has each once, and a 0/1 "
            "vector a place for each of the classes"
        )
    for split, column in settled_labels.values.items():
        settled_labels.values[split] = [labels and [numbers.get(each, each) for each in labels] for labels in column]
    return settled_labels


def _vectors(settled_labels: Settled, classes: Sequence[str], *, named: bool) -> None:
    """Turn 0/1 vectors into the places that are 1: their numbers, or the hub's names of as many classes."""
    train = [(row, labels) for row, labels in enumerate(settled_labels.values["train"], 1) if labels]
    sizes = {len(labels) for _, labels in train}
    if not all(_is_bit(each) for _, labels in train for each in labels):
        _refuse_numbers(train, sizes)
        return
    sure = any(isinstance(each, bool) for _, labels in train for each in labels)
    sure = sure or any(len({str(each) for each in labels}) < len(labels) for _, labels in train)
    if not sure and (len(sizes) != 1 or sizes == {1}):
        return  # labels that are called 0 and 1
    size = len(train[0][1])
    places = list(classes) if len(classes) == size else list(map(str, range(size)))
    for split, column in settled_labels.values.items():
        for row, labels in enumerate(column):
            if labels and (len(labels) != size or not all(map(_is_bit, labels))):
                raise DataError(
                    f"row {row + 1} of {split} has the labels {shown(labels)}, but row {train[0][0]} of train a 0/1 "
                    f"vector of {size}: all need the same length, and nothing but 0 and 1"
                )
            if not labels or any(map(is_hidden, labels)):
                reason = f"has the labels {shown(labels)}, which are none" if labels else "has no 0/1 vector"
                settled_labels.faults[split][row] = Fault("no labels", reason)
        settled_labels.values[split] = [
            [place for place, each in zip(places, labels or (), strict=False) if is_on(each)] for labels in column
        ]
    if places == list(classes):
        settled_labels.notes.append(f"the labels are 0/1 vectors of {size}: their places are the classes, in order")
    else:
        way = "" if named else ", which +data.labels.0=NAME +data.labels.1=NAME and so on name"
        settled_labels.notes.append(f"the labels are 0/1 vectors of {size}: their places from 0 up are the labels{way}")
    present = {place for row in settled_labels.values["train"] for place in row}
    settled_labels.notes += never([place for place in places if place not in present])
    settled_labels.places = places


def never(labels: Sequence[str]) -> list[str]:
    """Return a sentence on labels that no row of train has, or nothing where there is no such label."""
    some, many = f"no row of train has the label {shown_names(labels)}", len(labels) > 1
    return [f"{some}: the model does not learn {'them' if many else 'it'}"] if labels else []


def _is_bit(value: object) -> bool:
    return str(value).strip().lower() in _BITS


def _refuse_numbers(rows: Sequence[tuple[int, Sequence[object]]], sizes: set[int]) -> None:
    """Refuse vectors of counts or probabilities, or without commas, whose numbers would be taken for labels."""
    single = [str(labels[0]) for _, labels in rows if sizes == {1}]
    packed = bool(single) and len({len(each) for each in single}) == 1 and all(map(_PACKED.fullmatch, single))
    if packed and any(each.startswith("0") for each in single):
        raise DataError(
            f"row {rows[0][0]} of train has the label {shown(single[0])}, which looks like a 0/1 vector: "
            f"write it as {shown([int(each) for each in single[0]])}"
        )
    entries = [entry for _, labels in rows for entry in labels]
    numbers = [entry for entry in entries if isinstance(entry, int | float)]
    if len(numbers) < len(entries):
        return
    shares = sizes != {1} and len(sizes) == 1 and all(0 <= number <= 1 for number in numbers)
    for row, labels in rows:
        if shares or len(set(labels)) < len(labels):
            raise DataError(
                f"row {row} of train has the labels {shown(labels)}: a list of labels has each once, "
                "and a 0/1 vector nothing but 0 and 1"
            )


def _spelled(settled_labels: Settled, names: Mapping[str, str], *, hub: bool) -> None:
    """Leave out white space around labels, and decimals of numbers that stand without them elsewhere.

    Names of the hub's classes keep their spaces.
    """
    labels = {name for column in settled_labels.values.values() for name in names_in(column)}
    spelling = {name: bare for name in labels if not hub and (bare := _bare(name)) != name}
    if spelling:
        settled_labels.notes.append(f"white space around labels is left out, such as that of {shown(min(spelling))}")
    labels = {spelling.get(name, name) for name in labels} - {""}  # gaps, which are why numbers have decimals
    decimals = {name: whole[1] for name in labels if (whole := _DECIMAL.fullmatch(name)) and name not in names}
    floats = not hub and all(name in decimals or _WHOLE.fullmatch(name) for name in labels)
    if decimals and (floats or any(whole in labels or whole in names for whole in decimals.values())):
        settled_labels.notes.append(
            f"labels that are whole numbers lose their decimals: {min(decimals)} is {decimals[min(decimals)]}"
        )
        spelling = {**decimals, **{name: decimals.get(bare, bare) for name, bare in spelling.items()}}
    settled_labels.notes += _alike({spelling.get(name, name) for name in labels} - {*names})
    if spelling:
        _replace(settled_labels, lambda name: spelling.get(name, name))


def _alike(labels: set[str]) -> list[str]:
    """A sentence on labels that differ by nothing but capitals, or by how accents are coded, or nothing."""
    by_folded: dict[str, list[str]] = {}
    for label in sorted(labels):
        by_folded.setdefault(unicodedata.normalize("NFKC", label).casefold(), []).append(label)
    alike = next((several for several in by_folded.values() if len(several) > 1), None)
    if alike is None:
        return []
    return [
        f"the labels {shown_names(alike)} differ in capitals or in how accents are coded, and each is a label of its "
        "own: where one is meant, write them alike"
    ]


def _bare(name: str) -> str:
    """A label without what cannot be seen around it."""
    return name.strip().strip(_UNSEEN).strip()


def _without_label(settled_labels: Settled, kind: str, names: Mapping[str, str], *, hub: bool, hides: bool) -> None:
    """Find the rows whose label is a number that says that there is none."""
    labels = {name for column in settled_labels.values.values() for name in names_in(column)}
    known = {*names, *names.values()}
    what = "tag" if kind == "tags" else "label"
    way = ""
    if hub:
        none = {name for name in labels if name.startswith("-") and _WHOLE.fullmatch(name)} - known
    elif hides:
        none = {"-1"} - known
    else:
        none = no_labels.no_labels({*names_in(settled_labels.values["train"])}) - known
        if kind == "label" and "-1" in none:
            no_labels.refuse_opinions(settled_labels.values["train"])
        way = no_labels.way(labels & none) if labels & none else ""
    for split, column in settled_labels.values.items() if labels & none else ():
        for row, value in enumerate(column):
            if wrong := [name for name in names_in([value]) if name in none]:
                reason = f"has the {what} {wrong[0]}, which is none"
                settled_labels.faults[split][row] = Fault(f"no {what}", reason, way)
    if hides:
        for split, column in settled_labels.values.items():
            missing = [row for row, value in enumerate(column) if value is None]
            settled_labels.faults[split] |= dict.fromkeys(missing, _EMPTY_CELL)


def _replace(settled_labels: Settled, spelled: Callable[[str], str]) -> None:
    def new(value: object) -> object:
        return None if value is None else spelled(str(value))

    for split, column in settled_labels.values.items():
        settled_labels.values[split] = [
            [new(each) for each in value] if isinstance(value, list) else new(value) for value in column
        ]
