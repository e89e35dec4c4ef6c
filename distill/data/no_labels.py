"""What stands for no label beside others: numbers below 0, and a dash."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from distill.data.label_separators import names_in
from distill.errors import DataError

_NUMBERS = ("-1", "-100")
"""Numbers by which files say that there is no label, beside labels that are numbers from 0 up, or names."""
_DASH = "-"
"""The sign for no label in files whose labels are words."""
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)")
_OPINIONS = {"-1", "0", "1"}
"""Three classes of many files: against, neither, and for."""
_SEVERAL = 5
"""Rows of -1 from which on they may be those of a class."""
_TIMES = 3
"""How many times as many rows the one class of such three may have as the other."""


def no_labels(labels: set[str]) -> set[str]:
    """Return what stands for no label: numbers below 0 beside those from 0 up or names, a dash beside words.

    >>> sorted(no_labels({"0", "1", "-1"})), sorted(no_labels({"-2", "-1", "0"})), sorted(no_labels({"yes", "no", "-"}))
    (['-1', '-100'], [], ['-', '-1', '-100'])

    Args:
        labels: all that train has.
    """
    others = labels - {*_NUMBERS, _DASH}
    if len(others) < 2:
        return set()
    numbers = [name for name in others if _NUMBER.fullmatch(name)]
    below = not numbers or (len(numbers) == len(others) and all(map(str.isdecimal, others)))
    words = all(len(name) > 1 for name in others) and not numbers
    return {*(_NUMBERS if below else ()), *((_DASH,) if words else ())}


def refuse_opinions(train: Sequence[object]) -> None:
    """Refuse labels of -1, 0 and 1 of which -1 is about as frequent as the others: it may be a class or none.

    Args:
        train: the label of each row.

    Raises:
        DataError: they are so.
    """
    counts = Counter(names_in(train))
    below = counts["-1"]
    others = [counts[label] for label in _OPINIONS - {"-1"}]
    if counts.keys() == _OPINIONS and below >= _SEVERAL and min(others) <= _TIMES * below <= _TIMES**2 * max(others):
        raise DataError(
            f"{below:,} of {len(train):,} rows of train have the label -1, beside 0 and 1: it may be a class, such as "
            "that of a bad opinion, or say that there is no label, and then these rows are to be left out of the file"
            f"{way(['-1'])}"
        )


def way(none: Iterable[str]) -> str:
    """Return how what looks like no label becomes one, as the end of a sentence.

    >>> way(["-1"])
    '; a card that names it in data.labels, as in "-1": NAME, makes it one'
    """
    return f'; a card that names it in data.labels, as in "{min(none)}": NAME, makes it one'
