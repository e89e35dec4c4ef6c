"""Pairs of segments of text, half of which follow each other, for next-sentence prediction (Devlin et al. 2019)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

FOLLOWS, OTHER = 0, 1
"""Whether the second segment of a pair is the one after the first, as BERT's checkpoints number it."""
_PASSAGE = 16
"""Lines of a document that are learnt from or held out together."""
_SHORT = 0.1
"""Share of pairs that are shorter than there is room for, as most texts of a task are."""
_TRIES = 10
"""How often a passage of another document is looked for, where there are few of them."""


class Passage(NamedTuple):
    """Lines of one document that follow each other, by their numbers: ``start`` to ``stop``, without the latter."""

    document: int
    start: int
    stop: int


class Pair(NamedTuple):
    """Two segments, each some lines that follow each other, and whether the second one follows the first."""

    first: range
    second: range
    label: int


@dataclass(frozen=True)
class PairForm:
    """The form of a pair: ``before``, the first segment, ``between``, the second one, ``between`` again.

    Attributes:
        length: tokens of a pair at most, with those around.
        before: tokens that begin each pair.
        between: tokens that end each segment.
    """

    length: int
    before: tuple[int, ...]
    between: tuple[int, ...]

    @property
    def room(self) -> int:
        """The tokens of both segments together at most."""
        return self.length - len(self.before) - 2 * len(self.between)

    def inputs(self, first: Sequence[int], second: Sequence[int]) -> tuple[list[int], list[int]]:
        """Return the tokens of a pair, and the number of the segment that each belongs to.

        >>> PairForm(8, (1,), (2,)).inputs([5, 6], [7])
        ([1, 5, 6, 2, 7, 2], [0, 0, 0, 0, 1, 1])
        """
        begin, end = [*self.before, *first, *self.between], [*second, *self.between]
        return begin + end, [0] * len(begin) + [1] * len(end)


def passages(documents: NDArray[np.int64]) -> list[Passage]:
    """Return the lines of documents, given the document ``[lines]`` of each, in passages of a few lines.

    >>> [tuple(passage) for passage in passages(np.array([0] * 18 + [1] * 2))]
    [(0, 0, 16), (0, 16, 18), (1, 18, 20)]
    """
    edges = [0, *(np.flatnonzero(np.diff(documents)) + 1).tolist(), len(documents)]
    return [
        Passage(int(documents[start]), begin, min(begin + _PASSAGE, stop))
        for start, stop in pairwise(edges)
        for begin in range(start, stop, _PASSAGE)
    ]


def pairs(lengths: NDArray[np.int64], given: Sequence[Passage], room: int, seed: int) -> Iterator[Pair]:
    """Yield pairs of segments that fill the room, about half of which follow each other.

    A passage is read from its start on: as many lines as fill the room are cut in two segments at a random place. With
    a probability of one half the second one stays; else lines from a random place of another document stand there, and
    those that were cut off are read again. A line alone has no second segment: for each such pair the next one that can
    follow does.

    Args:
        lengths: tokens ``[lines]`` of each line.
        given: the passages to read, and to draw other segments from.
        room: tokens of both segments.
        seed: of all that is drawn.
    """
    owed = 0
    for number, passage in enumerate(given):
        draw, place = np.random.default_rng((seed, number)), passage.start
        while place < passage.stop:
            target = int(draw.integers(2, room + 1)) if draw.random() < _SHORT else room
            stop = _filled(lengths, place, passage.stop, target)
            alone = stop - place == 1
            cut = place + 1 if alone else place + int(draw.integers(1, stop - place))
            follows = not alone and (owed > 0 or draw.random() < 0.5)
            owed += int(alone) - int(follows and owed > 0)
            if follows:
                yield Pair(range(place, cut), range(cut, stop), FOLLOWS)
            else:
                rest = max(1, target - int(lengths[place:cut].sum()))
                yield Pair(range(place, cut), _elsewhere(lengths, given, number, cut, rest, draw), OTHER)
            place = stop if follows else cut


def _filled(lengths: NDArray[np.int64], start: int, stop: int, target: int) -> int:
    """Return where lines from ``start`` on end that have ``target`` tokens or more together; at ``stop`` at last."""
    enough = np.flatnonzero(np.cumsum(lengths[start:stop]) >= target)
    return start + int(enough[0]) + 1 if len(enough) else stop


def _elsewhere(
    lengths: NDArray[np.int64],
    given: Sequence[Passage],
    number: int,
    following: int,
    target: int,
    draw: np.random.Generator,
) -> range:
    """Return lines from a random place, of another document where one is found, and never the line that follows."""
    own = given[number]
    drawn = (given[int(draw.integers(len(given)))] for _ in range(_TRIES))
    other = next((passage for passage in drawn if passage.document != own.document), None)
    if other is None:
        other = given[(number + int(draw.integers(1, len(given)))) % len(given)] if len(given) > 1 else own
    places = [place for place in range(other.start, other.stop) if place != following]
    start = places[int(draw.integers(len(places)))] if places else own.start
    return range(start, _filled(lengths, start, other.stop, target))


def fitted(
    first: Sequence[int], second: Sequence[int], room: int, draw: np.random.Generator
) -> tuple[list[int], list[int]]:
    """Return segments of at most ``room`` tokens together: the longer one loses a token at either end until they fit.

    >>> [len(each) for each in fitted(range(9), range(3), 8, np.random.default_rng(0))]
    [5, 3]
    """
    kept = [list(first), list(second)]
    while len(kept[0]) + len(kept[1]) > room:
        longer = kept[0] if len(kept[0]) > len(kept[1]) else kept[1]
        longer.pop(0 if draw.random() < 0.5 else -1)
    return kept[0], kept[1]
