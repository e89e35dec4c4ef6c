"""Objects that say of each label whether it is there: true or 1, and false, 0 or nothing."""

from collections.abc import Mapping, Sequence

from distill.data.cell_values import empty
from distill.data.literals import literal

_ON, _OFF = frozenset({1}), frozenset({0, None})
"""What the values of such an object say; true is 1, and false 0."""


def are_switches(value: Mapping[object, object]) -> bool:
    """Return whether an object says nothing but whether labels are there."""
    return all(isinstance(each, int | float | None) and each in _ON | _OFF for each in value.values())


def those_on(value: Mapping[object, object]) -> list[object]:
    """Return the labels that are there.

    >>> those_on({"film": 1, "book": False, "music": True})
    ['film', 'music']
    """
    return [label for label, switch in value.items() if switch in _ON]


def in_cells(values: Sequence[object]) -> bool:
    """Return whether the cells of a table hold nothing but such objects, which together name more than one label.

    Of one alone nobody could tell that it is a label, and not the name of a column of numbers.

    >>> in_cells(['{"film": 1}', "{}", '{"book": 1}']), in_cells(['{"id": 0}', '{"id": 1}'])
    (True, False)
    """
    labels: set[object] = set()
    for value in values:
        if empty(value):
            continue
        read = literal(value) if isinstance(value, str) and value.lstrip().startswith("{") else None
        if not isinstance(read, Mapping) or not are_switches(read):
            return False
        labels |= read.keys()
    return len(labels) > 1


def of_cell(value: object) -> object:
    """Read the labels that the object in a cell says are there; nothing of an empty one.

    >>> of_cell('{"film": 1, "book": 0}'), of_cell("{}"), of_cell("")
    (['film'], [], None)
    """
    read = literal(value) if isinstance(value, str) else None
    return those_on(read) if isinstance(read, Mapping) else None
