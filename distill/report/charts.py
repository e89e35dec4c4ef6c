"""Draw points and lines as SVG that stands inside a page, takes its colours from it and needs no script."""

import math
from collections.abc import Callable, Mapping, Sequence
from html import escape
from itertools import pairwise
from typing import NamedTuple

from distill.report.chart_labels import Box, Mark, placed

_WIDTH, _HEIGHT = 400, 270
"""Units of a picture, which are pixels on a phone: its text is read there, too."""
_LEFT, _RIGHT, _TOP, _BOTTOM = 68, 14, 14, 44
_TICKS = 5
_MOST_POWERS = 5
_CHARACTER = 7.0
"""The width of a letter, at most."""
_LOGARITHMIC = 8
"""From that many times the least value on, an axis of costs is logarithmic."""
COLOURS = 6
"""Of lines, which the page names ``--curve-0`` and so on."""

Format = Callable[[float], str]


class Point(NamedTuple):
    """A model's cost and quality; ``tone`` is its role, by which the page colours it, and ``mark`` stands beside it."""

    cost: float
    quality: float
    tone: str
    name: str
    mark: str = ""


class Axis(NamedTuple):
    """What an axis shows, how its numbers are written, and whether they are whole ones."""

    title: str
    written: Format
    whole: bool = False


def front(points: Sequence[Point], lower_is_better: bool) -> list[Point]:
    """Return the points that no other one beats in cost and quality alike (the Pareto front), by cost.

    >>> [point.name for point in front([Point(1, 0.8, "", "a"), Point(2, 0.7, "", "b"), Point(3, 0.9, "", "c")], False)]
    ['a', 'c']
    """
    sign = -1 if lower_is_better else 1
    best, kept = -math.inf, []
    for point in sorted(points, key=lambda point: (point.cost, -sign * point.quality)):
        if sign * point.quality > best:
            kept.append(point)
            best = sign * point.quality
    return kept


def scatter(points: Sequence[Point], on_front: Sequence[Point], x: Axis, y: Axis) -> str:
    """Draw models by cost and quality, joined where they are on the front; each says in its title what it is."""
    costs = [point.cost for point in points]
    logarithmic = min(costs) > 0 and max(costs) / min(costs) >= _LOGARITHMIC
    across = _scale(costs, _LEFT, _WIDTH - _RIGHT, logarithmic)
    up = _scale([point.quality for point in points], _HEIGHT - _BOTTOM, _TOP)
    steps = " ".join(f"{across(point.cost):.1f},{up(point.quality):.1f}" for point in on_front)
    marks = [f'<polyline class="front" points="{steps}"/>', *_names(points, across, up)]
    for point in points:
        kind = "dot best" if point in on_front else "dot"
        text = f"{point.name}: {y.written(point.quality)}, {x.written(point.cost)}"
        place = f'cx="{across(point.cost):.1f}" cy="{up(point.quality):.1f}"'
        marks.append(
            f'<circle class="{kind} {escape(point.tone)}" {place} r="5"><title>{escape(text)}</title></circle>'
        )
    axes = _axes(costs, [point.quality for point in points], x, y, across, up, logarithmic)
    return svg(f"{y.title} against {x.title}", [*axes, *marks])


def _names(points: Sequence[Point], across: Callable[[float], float], up: Callable[[float], float]) -> list[str]:
    """Return what stands beside the points, and lines to what stands far from them."""
    marks = [Mark(across(point.cost), up(point.quality), point.mark) for point in points]
    labels = placed(marks, Box(_LEFT, _TOP - 8, _WIDTH, _HEIGHT - _BOTTOM))
    joined = [
        f'<line class="grid" x1="{x:.1f}" y1="{y:.1f}" x2="{label.x:.1f}" y2="{label.y:.1f}"/>'
        for label in labels
        for x, y in ([label.point] if label.point else ())
    ]
    texts = (
        f'x="{label.x:.1f}" y="{label.y:.1f}" text-anchor="{label.anchor}">{escape(label.text)}' for label in labels
    )
    return [*joined, *(f'<text class="name" {text}</text>' for text in texts)]


class Line(NamedTuple):
    """A series of points; those of one ``row`` share a colour, and colours repeat, dashed, where rows are more."""

    name: str
    row: int
    points: Sequence[tuple[float, float]]


def lines(series: Sequence[Line], x: Axis, y: Axis) -> str:
    """Draw one line for each series; each says in its title what it is."""
    steps = [step for line in series for step, _ in line.points]
    values = [value for line in series for _, value in line.points]
    across, up = _scale([0, *steps], _LEFT, _WIDTH - _RIGHT), _scale(values, _HEIGHT - _BOTTOM, _TOP)
    marks = []
    for line in series:
        path = " ".join(f"{across(step):.1f},{up(value):.1f}" for step, value in line.points)
        dash = f' stroke-dasharray="{2 * (line.row // COLOURS) + 2} 3"' if line.row >= COLOURS else ""
        style = f'class="line" style="--tone: var(--curve-{line.row % COLOURS})"{dash}'
        marks.append(f'<polyline {style} points="{path}"><title>{escape(line.name)}</title></polyline>')
    return svg(f"{y.title} by {x.title}", [*_axes([0, *steps], values, x, y, across, up), *marks])


def reliability(label: str, series: Mapping[str, Sequence[tuple[float, float, float]]]) -> str:
    """Draw how often a model is right by how sure it is; each series has bins of a count, a confidence, a frequency.

    The area of a dot is the count's share of all.
    """
    across, up = _between(_LEFT, _WIDTH - _RIGHT), _between(_HEIGHT - _BOTTOM, _TOP)
    ends = f'x1="{across(0):.1f}" y1="{up(0):.1f}" x2="{across(1):.1f}" y2="{up(1):.1f}"'
    parts = [f'<line class="even" {ends}/>']
    for name, bins in series.items():
        if not bins:
            continue
        path = " ".join(f"{across(sure):.1f},{up(right):.1f}" for _, sure, right in bins)
        parts.append(f'<polyline class="{escape(name)}" points="{path}"/>')
        whole = sum(count for count, _, _ in bins)
        for count, sure, right in bins:
            text = f"{name}: {count:,} that are {sure:.0%} sure, {right:.0%} right"
            radius = 2.5 + 9 * math.sqrt(count / whole)
            place = f'cx="{across(sure):.1f}" cy="{up(right):.1f}" r="{radius:.1f}"'
            parts.append(f'<circle class="{escape(name)}" {place}><title>{escape(text)}</title></circle>')
    written = Axis("how sure the model is", "{:.0%}".format), Axis("how often it is right", "{:.0%}".format)
    return svg(label, [*_axes([0, 1], [0, 1], *written, across, up), *parts])


def _between(start: float, end: float) -> Callable[[float], float]:
    """Return the function that places a fraction between two ends of a picture."""
    return lambda fraction: start + fraction * (end - start)


def _scale(values: Sequence[float], start: float, end: float, logarithmic: bool = False) -> Callable[[float], float]:
    """Return the function that places a value between two ends of a picture, with a margin where all are equal."""
    change = math.log10 if logarithmic else float
    low, high = change(min(values)), change(max(values))
    if not high > low:
        low, high = low - (abs(low) / 10 or 0.5), high + (abs(high) / 10 or 0.5)
    margin = 0.04 * (high - low)
    low, high = low - margin, high + margin
    return lambda value: start + (change(value) - low) / (high - low) * (end - start)


def _axes(
    costs: Sequence[float],
    values: Sequence[float],
    x: Axis,
    y: Axis,
    across: Callable[[float], float],
    up: Callable[[float], float],
    logarithmic: bool = False,
) -> list[str]:
    """Return grid, numbers and titles."""
    parts = []
    for value in _ticks(min(values), max(values)):
        height = up(value)
        parts.append(f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{height:.1f}" y2="{height:.1f}"/>')
        parts.append(f'<text x="{_LEFT - 8}" y="{height + 4:.1f}" text-anchor="end">{escape(y.written(value))}</text>')
    bottom = _HEIGHT - _BOTTOM + 18
    ends = min(costs), max(costs)
    below = _powers(*ends) if logarithmic else _ticks(*ends, finest=1 if x.whole else 0)
    parts += [_below(across(cost), bottom, x.written(cost)) for cost in _with_room(below, across, x.written)]
    middle = (_LEFT + _WIDTH - _RIGHT) / 2
    parts.append(f'<text x="{middle:.0f}" y="{_HEIGHT - 6}" text-anchor="middle">{escape(x.title)}</text>')
    return parts


def _below(place: float, height: float, text: str) -> str:
    """Return a number in the middle below its place, or, where the picture would cut it, up to its edge."""
    cut = _middle(place, text) < place
    where = (
        f'x="{_WIDTH}" y="{height}" text-anchor="end"' if cut else f'x="{place:.1f}" y="{height}" text-anchor="middle"'
    )
    return f"<text {where}>{escape(text)}</text>"


def _middle(place: float, text: str) -> float:
    """Return where the middle of a text below a picture is, which stays within its right edge."""
    return min(place, _WIDTH - _CHARACTER * (len(text) + 1) / 2)


def _with_room(costs: Sequence[float], across: Callable[[float], float], written: Format) -> Sequence[float]:
    """Return as many of some numbers, evenly spread, as find room beside each other below a picture."""
    widest = _CHARACTER * max(len(written(cost)) + 1 for cost in costs)
    middles = [_middle(across(cost), written(cost)) for cost in costs]
    for every in range(1, len(costs)):
        if all(after - before >= widest for before, after in pairwise(middles[::every])):
            return costs[::every]
    return costs[:1]


def _ticks(low: float, high: float, finest: float = 0) -> list[float]:
    """Return round numbers from the least to the largest value, no closer to each other than ``finest``.

    >>> _ticks(0, 10), _ticks(0, 2, finest=1)
    ([0, 2, 4, 6, 8, 10], [0, 1, 2])
    """
    if not high > low:
        return [low]
    step = 10 ** math.floor(math.log10((high - low) / _TICKS))
    step = next(size for size in (step, 2 * step, 5 * step, 10 * step) if (high - low) / size <= _TICKS)
    step = max(step, finest)
    return [number * step for number in range(math.ceil(low / step), math.floor(high / step) + 1)]


def _powers(low: float, high: float) -> list[float]:
    """Return 1, 3, 10, 30 and so on within two values, or both where none is between them."""
    exponents = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for factors in ((1, 3), (1,)):
        between = [factor * 10.0**exponent for exponent in exponents for factor in factors]
        if len(inside := [value for value in between if low <= value <= high]) <= _MOST_POWERS:
            break
    return inside[:: math.ceil(len(inside) / _MOST_POWERS)] if len(inside) > 1 else [low, high]


def svg(label: str, parts: Sequence[str]) -> str:
    """Return a picture of these parts that says to those who do not see it what it shows."""
    box = f'viewBox="0 0 {_WIDTH} {_HEIGHT}"'
    return f'<svg class="chart" role="img" aria-label="{escape(label)}" {box}>{"".join(parts)}</svg>'
