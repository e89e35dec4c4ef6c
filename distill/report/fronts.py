"""Draw quality against latency and against size, and say in words which models no other one beats."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

from distill.report import (
    LOWER_IS_BETTER,
    JsonObject,
    Report,
    charts,
    difference,
    first_of,
    headline,
    known,
    listed,
    metric,
    milliseconds,
    precision,
    present,
    role,
    size,
)
from distill.report.charts import Axis, Point

_COSTS: tuple[tuple[str, str, Callable[[JsonObject], object], Callable[[object], str]], ...] = (
    (
        "latency",
        "latency of one text, median",
        lambda model: (model.get("latency_ms") or {}).get("p50"),
        milliseconds,
    ),
    ("size", "size of the weights", lambda model: model.get("bytes"), size),
)
"""What quality costs: its name, what the axis says, where the report has it, and how it is written."""


class Front(NamedTuple):
    """A picture of quality and cost; ``rows`` say the same: model, quality, cost, and whether it is on the front."""

    title: str
    svg: str
    sentence: str
    quality: str
    cost: str
    rows: Sequence[tuple[str, str, str, bool]]


def fronts(report: Report) -> list[Front]:
    """Return a picture for each cost that at least two models have."""
    lead = headline(report)
    if lead is None:
        return []
    name, split = lead
    drawn = []
    for title, axis, cost_of, written in _COSTS:
        points = []
        for model in present(report):
            entry = report["models"][model]
            cost, quality = cost_of(entry), ((entry.get("metrics") or {}).get(split) or {}).get(name)
            if known(cost) and cost > 0 and known(quality):
                points.append(Point(float(cost), float(quality), role(report, model), model, model))
        if len(points) > 1:
            drawn.append(_front(f"{name} against {title}", points, Axis(axis, written), lead))
    return drawn


def chance(report: Report) -> str:
    """Return how far a score may be from what other examples would give, to be read beside the pictures; or nothing."""
    lead, student = headline(report), first_of(report, "student")
    model = student or next(iter(present(report)), None)
    if lead is None or model is None or not (report["models"][model].get("metrics") or {}).get(lead[1]):
        return ""
    ends = precision.of_score(report, model, lead[1])
    if ends is None:
        return ""
    within = difference(lead[0], ends.half, sign="-")
    return (
        f"On so few examples as {lead[1]} has, a score is known within {within} to either side "
        "(95 %): models that are closer to each other than that may stand the other way round."
    )


def _front(title: str, points: Sequence[Point], cost: Axis, lead: tuple[str, str]) -> Front:
    name, split = lead
    best = charts.front(points, name in LOWER_IS_BETTER)
    quality = Axis(f"{name} on {split}", partial(metric, name))
    picture = charts.scatter(points, best, cost, quality)
    rows = [
        (point.name, quality.written(point.quality), cost.written(point.cost), point in best)
        for point in sorted(points, key=lambda point: point.cost)
    ]
    names = listed([point.name for point in best])
    less = f"Less {name} is better. " if name in LOWER_IS_BETTER else ""
    sentence = f"{less}On the dashed line, where no other model is both better and cheaper: {names}."
    return Front(title, picture, sentence, quality.title, cost.title, rows)
