"""Place the names beside the points of a picture so that they lie neither on each other nor on a point."""

from collections.abc import Sequence
from typing import NamedTuple

_CHARACTER, _LINE = 6.3, 13.0
"""The width and the height of a letter, in units of the picture."""
_SAME = 5.0
"""Points that are nearer than that share one label."""
_DOT = 6.0
_PLACES = (
    (9.0, 4.0, "start"), (-9.0, 4.0, "end"), (0.0, -10.0, "middle"), (0.0, 18.0, "middle"),
    (8.0, -7.0, "start"), (8.0, 15.0, "start"), (-8.0, -7.0, "end"), (-8.0, 15.0, "end"),
    (0.0, -25.0, "middle"), (0.0, 33.0, "middle"), (9.0, -22.0, "start"), (9.0, 30.0, "start"),
    (-9.0, -22.0, "end"), (-9.0, 30.0, "end"), (0.0, -40.0, "middle"), (0.0, 48.0, "middle"),
    (9.0, -38.0, "start"), (9.0, 46.0, "start"), (-9.0, -38.0, "end"), (-9.0, 46.0, "end"),
)  # fmt: skip
"""Where a label may begin, seen from its point, the best first."""
_NEAR = 20.0
"""A label that is further away is joined with its point by a line."""


class Box(NamedTuple):
    """A rectangle by its edges."""

    left: float
    top: float
    right: float
    bottom: float

    def shared(self, other: "Box") -> float:
        """Return the area that two rectangles have in common."""
        width = min(self.right, other.right) - max(self.left, other.left)
        height = min(self.bottom, other.bottom) - max(self.top, other.top)
        return max(0.0, width) * max(0.0, height)

    @property
    def area(self) -> float:
        """The area of the rectangle."""
        return (self.right - self.left) * (self.bottom - self.top)


class Mark(NamedTuple):
    """A point in a picture, and what stands beside it."""

    x: float
    y: float
    text: str


class Label(NamedTuple):
    """A text in a picture, by its baseline; ``point`` is joined with it by a line where it is far away."""

    x: float
    y: float
    anchor: str
    text: str
    point: tuple[float, float] | None


def placed(marks: Sequence[Mark], inside: Box) -> list[Label]:
    """Return a label for each point, or for points that coincide one, each where it covers least.

    Args:
        marks: the points with their names.
        inside: the rectangle that labels stay in.
    """
    groups = _together(marks)
    taken = [Box(mark.x - _DOT, mark.y - _DOT, mark.x + _DOT, mark.y + _DOT) for mark in marks]
    labels = []
    for group in groups:
        text = ", ".join(dict.fromkeys(mark.text for mark in group if mark.text))
        if not text:
            continue
        point = group[0]
        own = [box for box in taken if box.left < point.x < box.right and box.top < point.y < box.bottom]
        others = [box for box in taken if box not in own]
        x, y, anchor = min(_PLACES, key=lambda place: _covers(_box(point, place, text), others, inside))
        box = _box(point, (x, y, anchor), text)
        taken.append(box)
        far = abs(y - 4) > _NEAR
        labels.append(Label(point.x + x, point.y + y, anchor, text, (point.x, point.y) if far else None))
    return labels


def _together(marks: Sequence[Mark]) -> list[list[Mark]]:
    groups: list[list[Mark]] = []
    for mark in marks:
        near = (group for group in groups if abs(group[0].x - mark.x) < _SAME and abs(group[0].y - mark.y) < _SAME)
        group = next(near, None)
        if group is None:
            groups.append([mark])
        else:
            group.append(mark)
    return groups


def _box(point: Mark, place: tuple[float, float, str], text: str) -> Box:
    shift, down, anchor = place
    width = _CHARACTER * len(text)
    left = point.x + shift - {"start": 0.0, "middle": width / 2, "end": width}[anchor]
    bottom = point.y + down + 3
    return Box(left, bottom - _LINE, left + width, bottom)


def _covers(box: Box, taken: Sequence[Box], inside: Box) -> float:
    return sum(box.shared(other) for other in taken) + 3 * (box.area - box.shared(inside))
