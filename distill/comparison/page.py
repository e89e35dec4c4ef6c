"""Write a comparison as one page that opens anywhere; without script it lacks nothing but sorting and filtering."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from distill import report as words
from distill.base.disk import replacing
from distill.comparison.columns import Column, columns, heading, notes
from distill.comparison.pairs import Pair
from distill.comparison.table import Comparison, Group, Row, written
from distill.report import charts, templates
from distill.report.charts import Axis, Line, Point

_MOST_CURVES = 24
"""Pictures of curves on a page."""
_MOST_MARKS = 3
"""Rows that stand beside a point; of more its name does."""
_MOST_POINTS = 200
"""Points of a line; of a longer one so many are drawn, evenly spread."""

_OF_EACH_SEED = ("distill", "control")
"""The stages that a run of several seeds trains with each."""


class Picture(NamedTuple):
    """A picture with its title."""

    title: str
    svg: str


class Setting(NamedTuple):
    """One setting side by side: its value in each row, and whether they differ."""

    key: str
    values: list[str]
    differs: bool


class Section(NamedTuple):
    """What the page shows of a group; ``options`` are the values by which each differing setting can be filtered."""

    heading: str
    rows: Sequence[Row]
    columns: Sequence[Column]
    differing: Sequence[str]
    values: Sequence[Sequence[str]]
    options: Mapping[str, Sequence[str]]
    fronts: Sequence[Picture]
    roles: Sequence[str]
    curves: Sequence[tuple[str, list[Picture]]]
    lines: Sequence[str]
    settings: Sequence[Setting]


def write(comparison: Comparison, title: str, path: Path, pair: Pair | None = None) -> None:
    """Write the page, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as hidden:
        hidden.write_text(render(comparison, title, pair), encoding="utf-8")


def render(comparison: Comparison, title: str, pair: Pair | None = None) -> str:
    """Return the page as HTML."""
    environment = templates.environment("comparison")
    environment.filters["tie"] = words.tie
    return environment.get_template("comparison.html").render(
        title=title,
        amount=_amount(comparison),
        notes=notes(comparison),
        sections=[_section(group, comparison.differing) for group in comparison.groups],
        pair=pair,
        colours=charts.COLOURS,
    )


def _amount(comparison: Comparison) -> str:
    count, runs = len(comparison.rows), sum(len(row.runs) for row in comparison.rows)
    seeds = "" if count == runs else f" in {count} rows, where those that differ only in their seed are one"
    return f"{runs} run{'s' * (runs != 1)} of the task {comparison.task}{seeds}"


def _section(group: Group, differing: Sequence[str]) -> Section:
    values = [[written(row.settings.get(key)) for key in differing] for row in group.rows]
    options = {key: list(dict.fromkeys(each)) for key, each in zip(differing, zip(*values, strict=True), strict=True)}
    return Section(
        heading(group),
        group.rows,
        columns(group, exports=True),
        differing,
        values,
        {key: given for key, given in options.items() if len(given) > 1},
        _fronts(group),
        [
            role
            for role in words.ROLES
            if any(model.role == role for row in group.rows for model in row.models.values())
        ],
        list(_curves(group)),
        [row.title for row in group.rows],
        _settings(group.rows),
    )


def _fronts(group: Group) -> list[Picture]:
    """Return quality against latency and against size, as far as both are known."""
    if (metric := group.metric) is None:
        return []
    pictures = []
    for title, what, show in (("latency", "milliseconds", words.milliseconds), ("size", "bytes", words.size)):
        if points := _points(group.rows, metric, what):
            best = charts.front(points, metric in words.LOWER_IS_BETTER)
            quality = Axis(f"{metric} on {group.split}", partial(words.metric, metric))
            axis = Axis("latency of one text, median" if title == "latency" else "size of the weights", show)
            pictures.append(Picture(f"{metric} against {title}", charts.scatter(points, best, axis, quality)))
    return pictures


def _points(rows: Sequence[Row], metric: str, what: str) -> list[Point]:
    """Return the models of all rows; those once that rows have in common, such as their teacher."""
    found: dict[tuple[float, float, str, str], list[int]] = {}
    for number, row in enumerate(rows, 1):
        for model in row.models.values():
            cost, score = getattr(model, what), model.scores.get(metric)
            if cost is not None and score is not None:
                found.setdefault((cost.mean, score.mean, model.role, model.name), []).append(number)
    return [
        Point(cost, quality, role, _named(name, numbers, rows), _mark(name, numbers, len(rows)))
        for (cost, quality, role, name), numbers in found.items()
    ]


def _named(name: str, numbers: Sequence[int], rows: Sequence[Row]) -> str:
    return f"{name} of {words.listed_short([f'{number} ({rows[number - 1].title})' for number in numbers], 3)}"


def _mark(name: str, numbers: Sequence[int], count: int) -> str:
    """Return what stands beside a point: its rows, or its name where it is the same in several."""
    return name if 1 < len(numbers) == count or len(numbers) > _MOST_MARKS else ", ".join(map(str, numbers))


def _curves(group: Group) -> Iterable[tuple[str, list[Picture]]]:
    """Yield each stage with its curves laid over each other, without those that all runs share."""
    runs = [(number, row, run) for number, row in enumerate(group.rows) for run in row.runs]
    families: dict[tuple[str, str], dict[tuple[str, int], list[tuple[float, float]]]] = {}
    for number, row, run in runs:
        for point in run.curves:
            if words.known(point["value"]) and not point["name"].endswith("/lr"):
                stage, _, other = point["stage"].partition(":seed")
                own = run.student_seed if stage in _OF_EACH_SEED else run.seed
                line = f"{row.title}, seed {other or own}", number
                family = families.setdefault((stage, point["name"]), {})
                family.setdefault(line, []).append((point["step"], point["value"]))
    telling = {key: series for key, series in families.items() if not _shared(series.values(), len(runs))}
    by_stage: dict[str, list[Picture]] = {}
    for (stage, name), series in list(telling.items())[:_MOST_CURVES]:
        metric = name.rpartition("/")[2]
        show = words.number if name.startswith("train/") else partial(words.metric, metric)
        drawn = [Line(*title, _thinned(points)) for title, points in series.items()]
        by_stage.setdefault(stage, []).append(
            Picture(name, charts.lines(drawn, Axis("step", _whole, whole=True), Axis(name, show)))
        )
    yield from by_stage.items()


def _shared(series: Collection[Sequence[tuple[float, float]]], runs: int) -> bool:
    """Return whether every run has the same curve."""
    return len(series) >= runs and len({repr(each) for each in series}) == 1


def _whole(value: float) -> str:
    return words.number(value, 0)


def _thinned(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    step = max(1, len(points) / _MOST_POINTS)
    return [points[int(number * step)] for number in range(int(len(points) / step))]


def _settings(rows: Sequence[Row]) -> list[Setting]:
    """Return every setting of the first run of each row, those first that differ."""
    given: list[Mapping[str, Any]] = [row.runs[0].settings for row in rows]
    made = []
    for key in words.union(given):
        values = [written(each[key]) if key in each else words.ABSENT for each in given]
        made.append(Setting(key, values, len(set(values)) > 1))
    return sorted(made, key=lambda setting: not setting.differs)
