"""Draw what trackers have no chart for, as pixels."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from distill.tracking import Pixels

_COLOURS = {
    "teacher": "#d9822b",
    "student": "#0d8a7b",
    "control": "#5b62d6",
    "baseline": "#7d8590",
    "export": "#c2477f",
}


class Shown(NamedTuple):
    """A model as a point: its name, its role, what it costs and how good it is."""

    name: str
    role: str
    cost: float
    quality: float


def quality_against_cost(axis: str, quality: str, points: Sequence[Shown]) -> "Pixels":
    """Return a picture of models by cost and quality, ``[height, width, red green blue]``."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 4), dpi=110, layout="constrained")
    canvas = FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    for point in points:
        axes.scatter([point.cost], [point.quality], color=_COLOURS.get(point.role, "#4f8fc0"), s=42, zorder=3)
        axes.annotate(
            point.name.replace("$", r"\$"), (point.cost, point.quality), xytext=(6, 4), textcoords="offset points"
        )
    axes.set_xlabel(axis)
    axes.set_ylabel(quality)
    axes.grid(linewidth=0.5)
    axes.margins(0.15)
    canvas.draw()  # type: ignore[no-untyped-call]
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()  # type: ignore[no-untyped-call]
