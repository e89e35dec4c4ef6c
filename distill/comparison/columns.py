"""Lay a comparison out in columns, which console, page, CSV and JSON show alike."""

import csv
import io
import json
import textwrap
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from distill import report as words
from distill.base.spreadsheets import inert
from distill.base.terminal_text import plain
from distill.comparison.estimates import CONFIDENCE, Estimate, shown, shown_difference
from distill.comparison.models import Model
from distill.comparison.table import Comparison, Group, Row, written
from distill.report import ROLES, console

_ABOUT = ("run", "data", "split", "seeds", "seed")
"""The first columns of a CSV: ``seeds`` is how many there are, ``seed`` which."""


class Cell(NamedTuple):
    """What a cell shows, and the number by which it is sorted; none sorts last."""

    text: str
    amount: float | None


class Column(NamedTuple):
    """One column: its title, and a cell for each row."""

    title: str
    cells: list[Cell]


def columns(group: Group, exports: bool = False) -> list[Column]:
    """Return the columns of a group: seeds, the metric that leads by model, what it was worth, and what it costs.

    Args:
        group: the rows.
        exports: whether exports have columns of their own; the student's say the most of them.
    """
    rows, metric = group.rows, group.metric or ""
    names = sorted(words.union(row.models for row in rows), key=lambda name: ROLES.index(_role(rows, name)))
    names = [name for name in names if exports or _role(rows, name) != "export"]
    compared = [name for name in names if any(metric in row.models[name].scores for row in rows if name in row.models)]
    made = [_column("seeds", rows, lambda row: Cell(str(row.seeds), row.seeds))]
    made += [_column(f"{name} {metric}", rows, _score(name, metric)) for name in compared]
    if metric not in words.NOT_FRACTIONS:
        made.append(_column("of the teacher's", rows, lambda row: _kept(row, metric)))
    made.append(_column("gain over control", rows, lambda row: _difference(row.gain, metric)))
    made.append(_column("against teacher", rows, lambda row: _difference(row.loss, metric)))
    for name in names:
        if _role(rows, name) in ("student", "export"):
            made += _costs(name, rows)
    return [column for column in made if any(cell.amount is not None for cell in column.cells)]


def as_text(comparison: Comparison) -> str:
    """Return the comparison as a plain table of at most 100 columns."""
    blocks = []
    for group in comparison.groups:
        laid_out = columns(group)
        lines = [("run", *(column.title for column in laid_out))]
        lines += [(str(n + 1), *(column.cells[n].text for column in laid_out)) for n in range(len(group.rows))]
        titles = (f"  {n:>{len(str(len(group.rows)))}}  {row.title}" for n, row in enumerate(group.rows, 1))
        blocks.append("\n".join((heading(group), "", *titles, console.aligned(lines))))
    lines_of_notes = (
        textwrap.wrap(f"NOTE: {note}", console.WIDTH, subsequent_indent="  ") for note in notes(comparison)
    )
    blocks += ["\n".join(lines) for lines in lines_of_notes]
    text = plain("\n".join(blocks))
    return text.replace("\N{MINUS SIGN}", "-").replace(words.ABSENT, "-").replace("\N{PLUS-MINUS SIGN}", "+-")


def heading(group: Group) -> str:
    """Return what the scores of a group are, as a line above its table."""
    return f"{group.data}: {group.metric} on {group.split}" if group.metric else f"{group.data}: nothing was evaluated"


def notes(comparison: Comparison) -> list[str]:
    """Return what to know about the numbers."""
    stated = list(comparison.notes)
    several = f"{words.percent(CONFIDENCE, 0)} interval of the mean over seeds (Student's t)"
    if any(len(row.runs) > 1 for row in comparison.rows):
        stated.append(f"Of several seeds: the mean, with the {several}.")
    if any(len(run.seeds) > 1 for row in comparison.rows for run in row.runs):
        stated.append("Of a run with several seeds: the mean, with an interval for other examples and other seeds.")
    if any(row.seeds == 1 and row.gain for row in comparison.rows):
        stated.append(
            "Of one seed: the interval is that of drawing the examples anew; another seed may move it further."
        )
    return stated


def as_csv(comparison: Comparison) -> str:
    """Return a line for each model of each row, with the settings that differ and the numbers as they are."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    metrics = words.union(model.scores for row in comparison.rows for model in row.models.values())
    ends = [f"{name}{end}" for name in metrics for end in ("", " low", " high")]
    differing = [key for key in comparison.differing if key not in _ABOUT]
    writer.writerow(_inert([*_ABOUT, *differing, "model", "role", *ends, "parameters", "bytes", "ms"]))
    for group in comparison.groups:
        for row in group.rows:
            seeds = " ".join(str(seed) for run in row.runs for seed in run.seeds)
            about = [row.title, group.data, group.split, row.seeds, seeds]
            about += [written(row.settings.get(key)) for key in differing]
            for model in row.models.values():
                writer.writerow(_inert([*about, *_numbers(model, metrics)]))
    return file.getvalue()


def _inert(cells: Sequence[Any]) -> list[Any]:
    """Return cells of which a spreadsheet runs none: names and settings are anybody's."""
    return [inert(cell) if isinstance(cell, str) else cell for cell in cells]


def as_json(comparison: Comparison, **more: object) -> str:
    """Return the comparison as JSON, and whatever ``more`` belongs to it."""
    groups = [
        {
            "data": group.data,
            "metric": group.metric,
            "split": group.split,
            "rows": [_row(row) for row in group.rows],
        }
        for group in comparison.groups
    ]
    content = {"schema": 1, "task": comparison.task, "differing": comparison.differing, "groups": groups}
    return json.dumps({**content, "notes": notes(comparison), **more}, indent=2, ensure_ascii=False) + "\n"


def _row(row: Row) -> dict[str, Any]:
    return {
        "title": row.title,
        "settings": dict(row.settings),
        "runs": [{"folder": str(run.folder), "seed": run.seed, "seeds": run.seeds} for run in row.runs],
        "gain": _estimate(row.gain),
        "against_teacher": _estimate(row.loss),
        "models": {
            name: {
                "role": model.role,
                "metrics": {metric: _estimate(score) for metric, score in model.scores.items()},
                "parameters": _estimate(model.parameters),
                "bytes": _estimate(model.bytes),
                "latency_ms": _estimate(model.milliseconds),
            }
            for name, model in row.models.items()
        },
    }


def _estimate(value: Estimate | None) -> dict[str, object] | None:
    return None if value is None else {"mean": value.mean, "low": value.low, "high": value.high, "seeds": value.seeds}


def _numbers(model: Model, metrics: Sequence[str]) -> list[object]:
    scores = [model.scores.get(name) for name in metrics]
    ends = [end for score in scores for end in ((score.mean, score.low, score.high) if score else (None, None, None))]
    costs = [value and value.mean for value in (model.parameters, model.bytes, model.milliseconds)]
    return [model.name, model.role, *ends, *costs]


def _role(rows: Sequence[Row], name: str) -> str:
    return next(row.models[name].role for row in rows if name in row.models)


def _column(title: str, rows: Sequence[Row], cell: Callable[[Row], Cell]) -> Column:
    return Column(title, [cell(row) for row in rows])


def _score(name: str, metric: str) -> Callable[[Row], Cell]:
    def cell(row: Row) -> Cell:
        value = row.models[name].scores.get(metric) if name in row.models else None
        return Cell(shown(value, metric), value and value.mean)

    return cell


def _kept(row: Row, metric: str) -> Cell:
    """Return the share of the teacher's score that the student has."""
    by_role = {model.role: model.scores.get(metric) for model in reversed(list(row.models.values()))}
    teacher, student = by_role.get("teacher"), by_role.get("student")
    share = student.mean / teacher.mean if teacher and student and teacher.mean else None
    return Cell(words.percent(share, 1), share)


def _difference(value: Estimate | None, metric: str) -> Cell:
    return Cell(shown_difference(value, metric), value and value.mean)


def _costs(name: str, rows: Sequence[Row]) -> list[Column]:
    def of(row: Row, what: str) -> float | None:
        value: Estimate | None = getattr(row.models[name], what) if name in row.models else None
        return value and value.mean

    return [
        _column(f"{name} size", rows, lambda row: Cell(words.size(of(row, "bytes")), of(row, "bytes"))),
        _column(
            f"{name} latency",
            rows,
            lambda row: Cell(words.milliseconds(of(row, "milliseconds")), of(row, "milliseconds")),
        ),
    ]
