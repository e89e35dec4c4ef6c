"""JSON parsed so that strings stay strings and faulty values can be named with their column."""

import json
from collections import Counter
from typing import cast

_MOST_DIGITS = 4000
"""The longest number that is read; Python itself refuses to convert longer ones."""


class Doubled:
    """Stands for the value of a key that an object has twice, so that its column can be refused."""

    def __repr__(self) -> str:
        """Return how a message shows such a value."""
        return "a key that stands twice"


def parse(text: str) -> object:
    """Parse a JSON value; Infinity becomes a float, and keys that stand twice hold ``Doubled``.

    NaN, which is no JSON, is what Python writes for a value that a table lacks, so that it is null.

    >>> parse('{"date": "2024-01-01", "price": "1.10", "id": 7, "label": NaN}')
    {'date': '2024-01-01', 'price': '1.10', 'id': 7, 'label': None}

    Raises:
        ValueError: it is no JSON.
    """
    try:
        return cast(object, _DECODER.decode(text))
    except RecursionError:
        raise ValueError("it is nested too deep") from None
    except json.JSONDecodeError:
        raise
    except ValueError:  # a number of thousands of digits
        return cast(object, _OF_LONG_NUMBERS.decode(text))


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) < len(pairs):
        counts = Counter(key for key, _ in pairs)
        members |= {key: Doubled() for key, count in counts.items() if count > 1}
    return members


def _constant(name: str) -> float | None:
    """The number that JSON has no sign for, or none for what is not a number."""
    return None if name == "NaN" else float(name)


def _integer(digits: str) -> int:
    """The number, or one that is beyond 64 bits as well."""
    return int(digits[:_MOST_DIGITS])


# made once: json.loads would make one for each line, which takes longer than to read a short one
_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_constant)
_OF_LONG_NUMBERS = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_constant, parse_int=_integer)
