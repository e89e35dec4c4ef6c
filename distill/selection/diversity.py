"""Texts that are unlike each other: by k-means++ seeding, and by the greedy algorithm for k centres."""

from collections.abc import Callable
from typing import Protocol, cast

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Numbers = NDArray[np.int64]
Tick = Callable[[int], None]


class Points(Protocol):
    """The protocol of points whose distances can be told."""

    @property
    def lengths(self) -> Floats:
        """The squared length of each."""

    def distances(self, point: int) -> Floats:
        """Return the squared distance of every point from one of them."""


class Vectors:
    """Points that are the rows of an array ``[points, width]``."""

    def __init__(self, rows: Floats) -> None:
        """Keep the rows."""
        self._rows = rows
        self.lengths: Floats = np.square(rows).sum(axis=1)

    def distances(self, point: int) -> Floats:
        """Return the squared distance of every point from one of them."""
        squares = self.lengths + self.lengths[point] - 2 * (self._rows @ self._rows[point])
        return cast(Floats, np.maximum(squares, 0))


class OuterProducts:
    """Points that are outer products of two rows, which are never made: their inner products factorise."""

    def __init__(self, left: Floats, right: Floats) -> None:
        """Keep the rows ``[points, labels]`` and ``[points, width]``."""
        self._left, self._right = left, right
        self.lengths: Floats = np.square(left).sum(axis=1) * np.square(right).sum(axis=1)

    def distances(self, point: int) -> Floats:
        """Return the squared distance of every point from one of them."""
        inner = (self._left @ self._left[point]) * (self._right @ self._right[point])
        return cast(Floats, np.maximum(self.lengths + self.lengths[point] - 2 * inner, 0))


def k_means_plus_plus(points: Points, count: int, random: np.random.Generator, tick: Tick) -> list[int]:
    """Return points as k-means++ seeds its clusters: the longest, then each by its squared distance from the nearest.

    Arthur and Vassilvitskii 2007. Points that coincide with one that was taken are drawn last.
    """
    taken = [int(points.lengths.argmax())]
    nearest = points.distances(taken[0]).astype(np.float64)
    while len(taken) < count:
        nearest[taken] = 0
        total = nearest.sum()
        if total <= 0:
            left = random.permutation(np.setdiff1d(np.arange(len(nearest)), taken))
            return [*taken, *(int(number) for number in left[: count - len(taken)])]
        taken.append(int(random.choice(len(nearest), p=nearest / total)))
        nearest = np.minimum(nearest, points.distances(taken[-1]))
        tick(len(taken))
    return taken


def k_centres(points: Points, count: int, covered: Floats | None, tick: Tick) -> list[int]:
    """Return points that cover the others: each is the farthest from those taken before.

    The greedy algorithm of Gonzalez 1985, which is at most twice as far as the best (Sener and Savarese 2018 take it to
    choose texts).

    Args:
        points: to be covered.
        count: how many are taken.
        covered: the squared distance of each point from what is covered already; none begins with the longest.
        tick: is told how many are taken.
    """
    taken = [int((points.lengths if covered is None else covered).argmax())]
    nearest = points.distances(taken[0])
    if covered is not None:
        nearest = np.minimum(nearest, covered)
    while len(taken) < count:
        nearest[taken] = -1
        taken.append(int(nearest.argmax()))
        nearest = np.minimum(nearest, points.distances(taken[-1]))
        tick(len(taken))
    return taken


def squared_distances(rows: Floats, others: Floats) -> Floats:
    """Return the squared distance of each row from the nearest of others: ``[rows]``."""
    nearest = np.full(len(rows), np.inf, dtype=np.float32)
    own, far = np.square(rows).sum(axis=1), np.square(others).sum(axis=1)
    for start in range(0, len(others), 512):
        some = slice(start, start + 512)
        squares = own[:, None] + far[some][None, :] - 2 * rows @ others[some].T
        nearest = np.minimum(nearest, squares.min(axis=1))
    return cast(Floats, np.maximum(nearest, 0))
