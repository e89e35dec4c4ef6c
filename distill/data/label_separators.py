"""Several labels in one cell with a sign between them that is no comma, such as ``law|sport``: they are refused."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence

from distill.base.terminal_text import shown
from distill.errors import DataError

_SEPARATORS = ("|", ";", "/", "#", "\n", "\t", " ")
"""The signs that some files have between the labels of a cell, besides commas."""
_RARE = frozenset({"|", ";"})
"""The separators that names of labels hardly ever contain."""
_BETWEEN = frozenset({"#", "/"})
"""Separators that names contain as well, as in C#, and/or and FOOD#PRICE, whose parts have places of their own."""


def names_in(column: Sequence[object]) -> Iterator[str]:
    """Yield the labels of a column as texts, also those in lists."""
    for value in column:
        yield from (str(each) for each in (value if isinstance(value, list) else (value,)) if each is not None)


def refuse(train: Sequence[object], names: Mapping[str, str]) -> None:
    """Refuse labels such as ``law|sport`` whose parts are labels as well, or stand in others of that kind.

    One that has a name, or stands beside others in a list, is meant.

    Args:
        train: the labels of each row, as a list.
        names: label to the name that the settings give it.

    Raises:
        DataError: there is one.
    """
    label_counts = Counter(name.strip() for name in names_in(train))
    lists = [labels for labels in train if isinstance(labels, list) and len(labels) > 1]
    meant = {*(name.strip() for name in names_in(lists)), *names}
    for sign in _SEPARATORS:
        parts = {name: [part.strip() for part in name.split(sign)] for name in label_counts if sign in name}
        several = _several(sign, parts, label_counts)
        for name in (name for name in parts if name in several and name not in meant):
            between = sign if sign in _RARE | _BETWEEN else shown(sign)
            raise DataError(
                f"train has the label {shown(name)}, which looks like {len(parts[name])} labels with {between} "
                "between them: several labels are a JSON list, or have commas between them; "
                "a card that names it in data.labels makes it one"
            )


def _several(sign: str, parts: Mapping[str, Sequence[str]], labels: Collection[str]) -> set[str]:
    """Return the names whose parts are labels, by themselves or in other names with the same sign."""
    among = Counter(part for name_parts in parts.values() for part in set(name_parts))
    shared = {part for part, count in among.items() if count > 1} | {part for part in among if part in labels}
    if sign in _RARE:
        return {name for name, name_parts in parts.items() if shared.intersection(name_parts)}
    of_labels = {name for name, name_parts in parts.items() if all(part in labels for part in name_parts)}
    if sign not in _BETWEEN:
        return of_labels
    whole = {name: name_parts for name, name_parts in parts.items() if all(name_parts)}
    if sign == "#":
        of_labels |= {name for name, name_parts in whole.items() if any(part in labels for part in name_parts)}
    anywhere = {name_parts[0] for name_parts in whole.values()} & {name_parts[-1] for name_parts in whole.values()}
    return of_labels | {name for name, name_parts in whole.items() if anywhere and shared.issuperset(name_parts)}
