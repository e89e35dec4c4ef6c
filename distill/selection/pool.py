"""The texts among which is chosen: each once, none that has a label already, and no more than fit."""

import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from distill.data.text_file import TextRow

T = TypeVar("T")


@dataclass(frozen=True)
class Pool:
    """The texts among which is chosen.

    Attributes:
        rows: in the order of the file.
        read: how many rows the file has.
        repeated: how many of them stand twice.
        labelled: how many have a label already.
    """

    rows: list[TextRow]
    read: int
    repeated: int
    labelled: int


def pool(rows: Iterable[TextRow], labelled: Iterable[TextRow], most: int, seed: int) -> Pool:
    """Return the texts of rows, whatever their case and spaces, each once, without those that are labelled.

    Args:
        rows: of the file.
        labelled: rows that have labels already.
        most: how many are kept, drawn with the seed where there are more.
        seed: of the draw.
    """
    known = {normalised(row.inputs) for row in labelled}
    seen: set[tuple[object, ...]] = set()
    kept: list[tuple[int, TextRow]] = []
    draw = random.Random(seed)  # noqa: S311 - draws rows, keeps no secret
    read = repeated = old = fresh = 0
    for read, row in enumerate(rows, start=1):
        key = normalised(row.inputs)
        if key in known:
            old += 1
        elif key in seen:
            repeated += 1
        else:
            seen.add(key)
            fresh += 1
            _draw(kept, (read, row), fresh, most, draw)
    return Pool([row for _, row in sorted(kept, key=lambda pair: pair[0])], read, repeated, old)


def normalised(inputs: Mapping[str, object]) -> tuple[object, ...]:
    """Return what texts have in common that differ in case and spaces alone.

    >>> normalised({"text": "A  Text "}) == normalised({"text": "a text"})
    True
    """
    return tuple(" ".join(str(value).split()).casefold() for value in inputs.values())


def _draw(kept: list[T], entry: T, number: int, most: int, draw: random.Random) -> None:
    """Keep the ``number``-th entry as one of ``most`` that are as likely as any (reservoir sampling, Vitter 1985)."""
    if len(kept) < most:
        kept.append(entry)
    elif (place := draw.randrange(number)) < most:
        kept[place] = entry
