"""Draw training curves as SVG pictures that stand inside the page and take their colours from it."""

import io
import math
import re
from collections.abc import Iterable, Mapping
from html import escape
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

from distill.report import NOT_FRACTIONS, Curves, JsonObject, metric, number, percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Points = list[tuple[float, float]]
COLOURS = ("#0d8a7b", "#5b62d6", "#d9822b", "#c2477f", "#4f8fc0", "#7d8590")
"""Of the series in their order, and what a picture outside the page falls back to."""
_INK, _GRID = "#010101", "#020202"
_MARKS = tuple(f"#0304{n:02x}" for n in range(len(COLOURS)))
_PLACEHOLDERS = {_INK: "var(--soft, #656d76)", _GRID: "var(--line, #d0d7de)"} | {
    mark: f"var(--curve-{n}, {colour})" for n, (mark, colour) in enumerate(zip(_MARKS, COLOURS, strict=True))
}
"""Colours that nothing else in a picture has to what the page puts in their place: matplotlib knows no variables."""
_POINTS = 300
"""A longer series is drawn as the means of that many neighbourhoods."""
_LOSSES, _PARTS, _PULLS, _RATE = "training losses", "share of the loss", "share of the gradient", "learning rate"
"""Titles of the pictures of what is trained on: the terms, their parts of the weighted sum, and of its gradient."""
_TITLES = {"train": _LOSSES, "train/loss_share": _PARTS, "train/share": _PULLS}
_APART = 10
"""From that many times the least median on, terms are drawn on a logarithmic axis: else small ones would lie flat."""


class Picture(NamedTuple):
    """One picture of a stage; ``key`` pairs each series, in the order of the colours, with its last value."""

    stage: str
    title: str
    key: list[tuple[str, str]]
    svg: str


def draw(curves: Curves) -> list[Picture]:
    """Draw one picture for each stage and family of metrics; equal rows give equal pictures, and no two share an id.

    Args:
        curves: stage to rows of ``step``, ``name`` and ``value``; values that are not finite are left out.
    """
    pictures: list[Picture] = []
    for stage, rows in curves.items():
        for title, series in _families(rows).items():
            key = [(name, _shown(title, name, points[-1][1])) for name, points in series.items()]
            svg = _svg(title, {name: _thinned(points) for name, points in series.items()})
            pictures.append(
                Picture(stage, title, key, _inline(svg, f"curve{len(pictures)}-", f"{stage}: {title} by step"))
            )
    return pictures


def _families(rows: Iterable[JsonObject]) -> dict[str, dict[str, Points]]:
    families: dict[str, dict[str, Points]] = {}
    for row in sorted(rows, key=lambda row: row["step"]):
        if math.isfinite(row["value"]):
            split, _, name = row["name"].rpartition("/")
            title = _RATE if name == "lr" else _TITLES.get(split, f"{split} {name}".strip())
            families.setdefault(title, {}).setdefault(name, []).append((row["step"], row["value"]))
    return families


def _shown(title: str, name: str, value: float) -> str:
    if title == _RATE:
        return f"{value:.2g}"
    if title in (_PARTS, _PULLS):
        return percent(value, 1)
    return number(value) if title == _LOSSES else metric(name, value)


def _thinned(points: Points) -> Points:
    width = math.ceil(len(points) / _POINTS)
    parts = (points[start : start + width] for start in range(0, len(points), width))
    return [(sum(x for x, _ in part) / len(part), sum(y for _, y in part) / len(part)) for part in parts]


def _svg(title: str, series: Mapping[str, Points]) -> str:
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    with rc_context({"svg.fonttype": "none", "svg.hashsalt": "distill", "font.size": 9, "axes.unicode_minus": True}):
        figure = Figure(figsize=(5, 2.6), layout="constrained")
        axes = figure.add_subplot()
        if title == _PARTS and len({tuple(step for step, _ in points) for points in series.values()}) == 1:
            _stack(axes, series)
        else:
            _lines(axes, series)
        if title == _LOSSES and _is_wide(series):
            axes.set_yscale("log")
        scores = title.startswith(("validation", "test")) and not NOT_FRACTIONS & set(series)
        _dress(axes, in_percent=scores or title in (_PARTS, _PULLS))
        file = io.StringIO()
        figure.savefig(file, format="svg", transparent=True, metadata={"Date": None})
    return file.getvalue()


def _lines(axes: "Axes", series: Mapping[str, Points]) -> None:
    for n, points in enumerate(series.values()):
        steps, values = zip(*points, strict=True)
        marker = "o" if len(points) <= 12 else ""
        axes.plot(steps, values, color=_MARKS[n % len(_MARKS)], linewidth=1.6, marker=marker, markersize=3.5)


def _stack(axes: "Axes", series: Mapping[str, Points]) -> None:
    """Draw parts of a whole one upon the other, the first at the bottom."""
    steps = [step for step, _ in next(iter(series.values()))]
    heights = [[value for _, value in points] for points in series.values()]
    colours = [_MARKS[n % len(_MARKS)] for n in range(len(series))]
    axes.stackplot(steps, *heights, colors=colours, linewidth=0)
    axes.set_ylim(0, 1)


def _is_wide(series: Mapping[str, Points]) -> bool:
    """Return whether terms are of such different sizes that they find no room on one even axis."""
    values = [[value for _, value in points] for points in series.values()]
    medians = [median(some) for some in values]
    return min(map(min, values)) > 0 and max(medians) >= _APART * min(medians)


def _dress(axes: "Axes", in_percent: bool) -> None:
    from matplotlib.ticker import FuncFormatter, MaxNLocator, NullFormatter, PercentFormatter

    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.spines["bottom"].set_color(_GRID)
    axes.grid(axis="y", color=_GRID, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.tick_params(length=0, labelcolor=_INK, pad=5)
    axes.set_xlabel("step", color=_INK)
    axes.set_xlim(left=0)
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    if axes.get_yscale() == "linear":
        axes.yaxis.set_major_locator(MaxNLocator(5))
    else:
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.yaxis.set_minor_formatter(NullFormatter())
    if in_percent:
        axes.yaxis.set_major_formatter(PercentFormatter(1, symbol=" %"))


def _inline(svg: str, prefix: str, label: str) -> str:
    """Return a picture without preamble, fixed size and fonts, with ids that no other picture on the page has."""
    svg = re.sub(r"<(metadata|style).*?</\1>", "", svg[svg.index("<svg") :], flags=re.DOTALL)
    box = re.search(r'viewBox="[^"]*"', svg)
    svg = re.sub(r"<svg[^>]*>", f'<svg role="img" aria-label="{escape(label)}" {box[0] if box else ""}>', svg, count=1)
    svg = re.sub(r"font-family: [^;]*; ", "", svg.replace("xlink:href=", "href="))
    svg = re.sub(r'(\bid="|href="#|url\(#)', rf"\g<1>{prefix}", svg)
    for colour, variable in _PLACEHOLDERS.items():
        svg = svg.replace(colour, variable)
    return re.sub(r"\n\s*", "\n", svg)
