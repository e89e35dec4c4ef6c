"""What a value of a column is, before anybody knows what its role makes of it."""

import math
from collections.abc import Mapping
from typing import NoReturn

MANY = 2**63
"""The least whole number that is too large for a table."""


def empty(value: object) -> bool:
    """Return whether a value is missing: none, not a number, white space, or an empty list.

    >>> [empty(value) for value in (None, float("nan"), " ", [], "a", 0)]
    [True, True, True, True, False, False]
    """
    if isinstance(value, str):
        return not value.strip()
    return value is None or (isinstance(value, list) and not value) or (isinstance(value, float) and math.isnan(value))


def holds(value: object) -> str:
    """Return, as a phrase for messages, what kind of values a column holds that has a value like this one.

    >>> holds(["a"]), holds([1]), holds({}), holds(True), holds(2)
    ('lists', 'lists of numbers', 'objects', 'true and false', 'numbers')
    """
    if isinstance(value, list):
        others = [each for each in value if not isinstance(each, str) and each is not None]
        return f"lists of {holds(others[0])}" if others else "lists"
    names = ((str, "text"), (bool, "true and false"), (int | float, "numbers"), (Mapping, "objects"))
    return next((said for kind, said in names if isinstance(value, kind)), f"values of type {type(value).__name__}")


def refuse(value: object) -> NoReturn:
    """Say what a value holds instead of what is expected.

    Raises:
        ValueError: always.
    """
    raise ValueError(holds(value))


def texts(value: object) -> object:
    """Read a list of texts, some of which may be missing, and return it as it is.

    Raises:
        ValueError: it is none; the message says what a value holds.
    """
    if empty(value):
        return value
    if not isinstance(value, list) or not all(isinstance(each, str) or each is None for each in value):
        refuse(value)
    return value
