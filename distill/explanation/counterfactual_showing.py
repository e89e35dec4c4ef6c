"""What was measured of pairs of texts, as JSON, as a table of text and as a page."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from distill.explanation.counterfactuals import Line, Measured
from distill.explanation.page import save
from distill.metrics.crossed import Interval
from distill.report import ABSENT, number, percent

SCHEMA = 1


class Measurement(NamedTuple):
    """What was measured, of which models, with which templates."""

    source: str
    task: str
    templates: str
    lines: Sequence[Line]


def as_json(found: Measurement) -> dict[str, Any]:
    """Return all that is known as JSON; see ``docs/explain.md``."""
    return {
        "schema": SCHEMA,
        "model": found.source,
        "task": found.task,
        "templates": found.templates,
        "confidence": 0.95,
        "pairs": [_line(line) for line in found.lines],
    }


def _line(line: Line) -> dict[str, Any]:
    widest = {"first": dict(line.widest.first), "second": dict(line.widest.second), "values": list(line.widest.values)}
    return {
        "exchanged": line.exchanged,
        "groups": list(line.groups),
        "label": line.label,
        "templates": line.templates,
        "pairs": line.pairs,
        "models": {name: _measured(each) for name, each in line.models.items()},
        "verdict": dict(line.verdict),
        "widest": widest,
    }


def _measured(each: Measured) -> dict[str, Any]:
    parts = {
        "difference": each.difference, "flips": each.flips, "right": each.right, "from_teacher": each.from_teacher,
    }  # fmt: skip
    return {name: None if part is None else _interval(part) for name, part in parts.items()}


def _interval(part: Interval) -> dict[str, Any]:
    ends = [part.low, part.high] if math.isfinite(part.low) else None
    return {"value": part.mean, "interval": ends}


def as_text(found: Measurement) -> str:
    """Return a block for each two groups and label: what each model says, and what became of it."""
    lines = []
    for line in found.lines:
        lines += [title(line), *(f"  {row}" for row in _rows(line)), ""]
    return "\n".join([*lines, note(found)])


def title(line: Line) -> str:
    """Return which groups are compared by which number, in words."""
    what = "score" if line.label is None else f"probability of {line.label}"
    first, second = line.groups
    return (
        f"{line.exchanged}, {first} against {second}: {what}, {number(line.pairs, 0)} pairs of "
        f"{number(line.templates, 0)} {'template' if line.templates == 1 else 'templates'}"
    )


def _rows(line: Line) -> list[str]:
    width = max(len(name) for name in line.models)
    rows = [f"{name:<{width}}  {'; '.join(cells(line, name).values())}" for name in line.models]
    return [*rows, *(f"{name}: {said}" for name, said in line.verdict.items())]


def cells(line: Line, name: str) -> dict[str, str]:
    """Return what was measured of a model, each in words by what it is."""
    each, points = line.models[name], line.label is not None
    found = {"difference": shown(each.difference, points)}
    if each.flips is not None:
        found["flips"] = f"{percent(each.flips.mean, 1)} flip"
    if each.right is not None:
        found["right"] = f"right {shown(each.right, True)}"
    if each.from_teacher is not None:
        found["from_teacher"] = f"{shown(each.from_teacher, points)} from the teacher"
    return found


def shown(part: Interval, points: bool) -> str:
    """Return a difference with its interval, in points where it is one of probabilities.

    >>> shown(Interval(0.125, -0.5, 0.75), True)
    '+12.5 (\N{MINUS SIGN}50.0 to +75.0)'
    """
    scale, digits = (100, 1) if points else (1, 3)
    ends = [number(scale * end, digits, "+") for end in (part.low, part.high)]
    interval = f"({' to '.join(ends)})" if math.isfinite(part.low) else "(one pair, no interval)"
    return f"{number(scale * part.mean, digits, '+')} {interval}"


def note(found: Measurement) -> str:
    """Return how to read the numbers."""
    unit = "points of probability" if any(line.label is not None for line in found.lines) else "units of the score"
    return (
        f"Differences are in {unit}, with 95 % intervals over templates and the words in them; of "
        f"{len(found.lines)} comparisons {number(len(found.lines) / 20, 1)} are clear by chance for each model. They "
        "hold for these templates, not for all texts."
    )


def write(found: Measurement, path: Path) -> None:
    """Write the page, whole or not at all."""
    names = list(dict.fromkeys(name for line in found.lines for name in line.models))
    blocks = [(title(line), [_row(line, name) for name in names], line.verdict, _widest(line)) for line in found.lines]
    save(path, "counterfactuals.html", title=found.source, task=found.task, templates=found.templates, blocks=blocks,
         note=note(found))  # fmt: skip


def _row(line: Line, name: str) -> tuple[str, ...]:
    each = cells(line, name)
    flips = each.get("flips", ABSENT).removesuffix(" flip")
    right = each.get("right", ABSENT).removeprefix("right ")
    return name, each["difference"], each.get("from_teacher", ABSENT).removesuffix(" from the teacher"), flips, right


def _widest(line: Line) -> list[tuple[str, str]]:
    texts: tuple[Mapping[str, str], ...] = (line.widest.first, line.widest.second)
    values = [number(value, 3) if line.label is None else percent(value, 1) for value in line.widest.values]
    return [(" | ".join(row.values()), value) for row, value in zip(texts, values, strict=True)]
