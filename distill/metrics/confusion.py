"""How often each label is taken for each other one."""

from collections import Counter
from collections.abc import Hashable, Iterable
from itertools import chain
from typing import Any, TypeAlias

Triplet: TypeAlias = tuple[Hashable, Hashable, int]
"""A right label, the one that was predicted, and how often."""


def confusion(references: Iterable[Any], predictions: Iterable[Any]) -> list[Triplet]:
    """Return how often each label was predicted for each right one, the most frequent first, without what is never.

    Args:
        references: the right label of each example, or those of its words.
        predictions: the same of a model.

    Example:
        >>> confusion([0, 0, 1], [0, 1, 1]), confusion([["O", "B"]], [["O", "O"]])
        ([(0, 0, 1), (0, 1, 1), (1, 1, 1)], [('B', 'O', 1), ('O', 'O', 1)])
    """
    counts = Counter(chain.from_iterable(map(_pairs, references, predictions)))
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return [(right, said, count) for (right, said), count in ordered]


def _pairs(right: object, said: object) -> list[tuple[Any, Any]]:
    if isinstance(right, list) and isinstance(said, list):
        return list(zip(right, said, strict=True))
    return [(right, said)]
