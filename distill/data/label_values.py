"""What labels say, whatever their notation: 0/1 vectors, white space, decimals, and numbers that mean no label."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from distill.base.terminal_text import names as shown_names
from distill.base.terminal_text import shown
from distill.base.unusable_rows import Fault
from distill.data.label_columns import HIDDEN, is_hidden, is_on
from distill.errors import DataError

Values = Mapping[str, Sequence[Any]]
"""Split to the labels of its rows: one, a list of some, or a list of one for each word."""

KINDS = ("label", "labels", "tags")
_WHOLE = re.compile(r"-?\d+")
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)")
_DECIMAL = re.compile(r"(-?\d+)\.0+")
_BITS = frozenset({"0", "1", "0.0", "1.0", "true", "false"}) | HIDDEN
_SEPARATORS = ("|", ";", "/", "#", "\n", "\t", " ")
"""What some files have between the labels of a cell, besides commas."""
_RARE = frozenset({"|", ";"})
"""Those of them that names hardly have."""
_NO_LABEL = ("-1", "-100")
"""Numbers by which files say that there is no label, beside labels that are numbers from 0 up, or names."""
_DASH = "-"
"""What files have instead of a label, beside labels that are words."""
_UNSEEN = "\ufeff\u200b\u2060"
"""Characters without width that get into cells, and are none of a label."""
_PACKED = re.compile(r"[01]{2,}")


@dataclass
class Settled:
    """Labels as they are meant.

    Attributes:
        values: split to the labels of its rows.
        faults: split to the rows that have none.
        notes: what was decided on the way, each a sentence.
    """

    values: dict[str, list[Any]]
    faults: dict[str, dict[int, Fault]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def settled(values: Values, kind: str, names: Mapping[str, str], *, hub: bool, hides: bool) -> Settled:
    """Read the labels of all splits as what they mean.

    Args:
        values: labels as their cells were read.
        kind: label | labels | tags.
        names: label to the name that the settings give it: such a label is one, whatever it looks like.
        hub: whether they are class numbers of the hub, of which those below 0 are none.
        hides: whether -1 says that nobody knows.

    Raises:
        DataError: 0/1 vectors differ in length, or lists of numbers are neither vectors nor labels.
    """
    made = Settled({split: list(column) for split, column in values.items()}, {split: {} for split in values})
    if kind == "labels":
        _vectors(made, named=bool(names))
        _refuse_separators(made, names)
    _spelled(made, names, hub=hub)
    _without_label(made, kind, names, hub=hub, hides=hides)
    return made


def _vectors(made: Settled, *, named: bool) -> None:
    """Turn 0/1 vectors into the numbers of their places that are 1."""
    train = [(row, labels) for row, labels in enumerate(made.values["train"], 1) if labels]
    sizes = {len(labels) for _, labels in train}
    if not all(_is_bit(each) for _, labels in train for each in labels):
        _refuse_numbers(train, sizes)
        return
    sure = any(isinstance(each, bool) for _, labels in train for each in labels)
    sure = sure or any(len({str(each) for each in labels}) < len(labels) for _, labels in train)
    if not sure and (len(sizes) != 1 or sizes == {1}):
        return  # labels that are called 0 and 1
    size = len(train[0][1])
    for split, column in made.values.items():
        for row, labels in enumerate(column):
            if labels and (len(labels) != size or not all(map(_is_bit, labels))):
                raise DataError(
                    f"row {row + 1} of {split} has the labels {shown(labels)}, but row {train[0][0]} of train a 0/1 "
                    f"vector of {size}: all need the same length, and nothing but 0 and 1"
                )
            if not labels or any(map(is_hidden, labels)):
                said = f"has the labels {shown(labels)}, which are none" if labels else "has no 0/1 vector"
                made.faults[split][row] = Fault("no labels", said)
        made.values[split] = [
            [str(place) for place, each in enumerate(labels or ()) if is_on(each)] for labels in column
        ]
    way = "" if named else ", which +data.labels.0=NAME +data.labels.1=NAME and so on name"
    made.notes.append(f"the labels are 0/1 vectors of {size}: their places from 0 up are the labels{way}")
    there = {place for row in made.values["train"] for place in row}
    made.notes += never([place for place in map(str, range(size)) if place not in there])


def never(labels: Sequence[str]) -> list[str]:
    """A sentence on labels that no row of train has, where there are some."""
    some, many = f"no row of train has the label {shown_names(labels)}", len(labels) > 1
    return [f"{some}: the model does not learn {'them' if many else 'it'}"] if labels else []


def _is_bit(value: Any) -> bool:  # noqa: ANN401
    return str(value).strip().lower() in _BITS


def _refuse_numbers(rows: Sequence[tuple[int, Sequence[Any]]], sizes: set[int]) -> None:
    """Refuse vectors of counts or probabilities, or without commas, whose numbers would be taken for labels."""
    single = [str(labels[0]) for _, labels in rows if sizes == {1}]
    packed = bool(single) and len({len(each) for each in single}) == 1 and all(map(_PACKED.fullmatch, single))
    if packed and any(each.startswith("0") for each in single):
        raise DataError(
            f"row {rows[0][0]} of train has the label {shown(single[0])}, which looks like a 0/1 vector: "
            f"write it as {shown([int(each) for each in single[0]])}"
        )
    if not all(isinstance(each, int | float) for _, labels in rows for each in labels):
        return
    shares = sizes != {1} and len(sizes) == 1 and all(0 <= each <= 1 for _, labels in rows for each in labels)
    for row, labels in rows:
        if shares or len(set(labels)) < len(labels):
            raise DataError(
                f"row {row} of train has the labels {shown(labels)}: a list of labels has each once, "
                "and a 0/1 vector nothing but 0 and 1"
            )


def _refuse_separators(made: Settled, names: Mapping[str, str]) -> None:
    """Refuse labels such as ``law|sport`` whose parts are labels as well, or stand in others of that kind.

    One that has a name, or stands beside others in a list, is meant.
    """
    found = Counter(name.strip() for name in _names(made.values["train"]))
    meant = {name.strip() for name in _names([row for row in made.values["train"] if len(row or ()) > 1])} | {*names}
    for sign in _SEPARATORS:
        parts = {name: [part.strip() for part in name.split(sign)] for name in found if sign in name}
        among = Counter(part for each in parts.values() for part in set(each) if sign in _RARE)
        for name, each in parts.items():
            if name not in meant and all(part in found or among[part] > 1 for part in each):
                between = sign if sign in _RARE or sign in "/#" else shown(sign)
                raise DataError(
                    f"train has the label {shown(name)}, which looks like {len(each)} labels with {between} between "
                    "them: "
                    "several labels are a JSON list, or have commas between them; a card that names it in data.labels "
                    "makes it one"
                )


def _spelled(made: Settled, names: Mapping[str, str], *, hub: bool) -> None:
    """Leave out white space around labels, and decimals of numbers that stand without them elsewhere.

    Names of the hub's classes keep their spaces.
    """
    found = {name for column in made.values.values() for name in _names(column)}
    spelling = {name: bare for name in found if not hub and (bare := _bare(name)) != name}
    if spelling:
        made.notes.append(f"white space around labels is left out, such as that of {shown(min(spelling))}")
    found = {spelling.get(name, name) for name in found}
    decimals = {name: whole[1] for name in found if (whole := _DECIMAL.fullmatch(name)) and name not in names}
    if any(whole in found or whole in names for whole in decimals.values()):
        made.notes.append(
            f"labels that are whole numbers lose their decimals: {min(decimals)} is {decimals[min(decimals)]}"
        )
        spelling = {**decimals, **{name: decimals.get(bare, bare) for name, bare in spelling.items()}}
    if spelling:
        _replace(made, lambda name: spelling.get(name, name))


def _bare(name: str) -> str:
    """A label without what cannot be seen around it."""
    return name.strip().strip(_UNSEEN).strip()


def _without_label(made: Settled, kind: str, names: Mapping[str, str], *, hub: bool, hides: bool) -> None:
    """Find the rows whose label is a number that says that there is none."""
    found = {name for column in made.values.values() for name in _names(column)}
    known = {*names, *names.values()}
    what = "tag" if kind == "tags" else "label"
    way = ""
    if hub:
        none = {name for name in found if name.startswith("-") and _WHOLE.fullmatch(name)} - known
    elif hides:
        none = {"-1"} - known
    else:
        none = _no_labels({*_names(made.values["train"])}) - known
        way = "; a card that names it in data.labels makes it one"
    for split, column in made.values.items() if found & none else ():
        for row, value in enumerate(column):
            if wrong := [name for name in _names([value]) if name in none]:
                said = f"has the {what} {wrong[0]}, which is none"
                made.faults[split][row] = Fault(f"no {what}", said, way)


def _no_labels(found: set[str]) -> set[str]:
    """What stands for no label beside others: numbers below 0 beside those from 0 up or names, a dash beside words."""
    others = found - {*_NO_LABEL, _DASH}
    if len(others) < 2:
        return set()
    numbers = [name for name in others if _NUMBER.fullmatch(name)]
    below = not numbers or (len(numbers) == len(others) and all(map(str.isdecimal, others)))
    words = all(len(name) > 1 for name in others) and not numbers
    return {*(_NO_LABEL if below else ()), *((_DASH,) if words else ())}


def _names(column: Sequence[Any]) -> Iterator[str]:
    for value in column:
        yield from (str(each) for each in (value if isinstance(value, list) else (value,)) if each is not None)


def _replace(made: Settled, spelled: Callable[[str], str]) -> None:
    def new(value: Any) -> Any:  # noqa: ANN401
        return None if value is None else spelled(str(value))

    for split, column in made.values.items():
        made.values[split] = [
            [new(each) for each in value] if isinstance(value, list) else new(value) for value in column
        ]
