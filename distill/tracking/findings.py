"""Make of a report what trackers show: its numbers by name, tables, confusion matrices and pictures."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from distill.report import JsonObject, Report, headline, known, present, role, sentences
from distill.tracking import Findings, Table
from distill.tracking.names import numbers
from distill.tracking.pictures import Shown, quality_against_cost

_SCORES = ("precision", "recall", "f1", "support")
_NOT_MODELS = ("id", "kind", "inputs", "gold")
"""What a row of the examples has besides what each model says."""


def findings(
    report: Report, examples: Sequence[JsonObject], links: Mapping[str, JsonObject], page: Path | None
) -> Findings:
    """Return what the last job of a run shows.

    Args:
        report: content of ``report.json``.
        examples: on which teacher and student part, as many as the settings let leave the data.
        links: each stage to where it was tracked, if it was.
        page: ``report.html``.
    """
    tables = {
        "models": _models(report),
        "stages": _stages(report, links),
        "per_label": _per_label(report),
        "disagreements": _disagreements(examples),
    }
    counts = (report.get("confusion") or {}).get("models") or {}
    return Findings(
        numbers(report),
        {"verdict": sentences.verdict(report)},
        {name: table for name, table in tables.items() if table.rows},
        {name: rows for name, rows in counts.items() if rows},
        {name: quality_against_cost(axis, *shown) for name, axis, shown in _costs(report)},
        page,
    )


def _models(report: Report) -> Table:
    """Return the compared models side by side: role, size, latency and the leading metric."""
    found = headline(report)
    metric, split = found or ("score", "")
    rows = [
        [
            name,
            role(report, name),
            report["models"][name].get("parameters"),
            report["models"][name].get("bytes"),
            (report["models"][name].get("latency_ms") or {}).get("p50"),
            _score(report, name),
        ]
        for name in present(report)
    ]
    return Table(("model", "role", "parameters", "bytes", "latency_ms/p50", f"metrics/{split}/{metric}"), rows)


def _stages(report: Report, links: Mapping[str, JsonObject]) -> Table:
    """Return the stages, and where each of them was tracked: those that were reused, in an earlier run."""
    columns = ("stage", "status", "seconds", "fingerprint", "group", "run", "url")
    rows = []
    for stage in report["stages"]:
        link = links.get(stage["name"], {})
        own = [stage["name"], stage["status"], stage["seconds"], stage["fingerprint"]]
        rows.append([*own, *(link.get(key) for key in ("group", "id", "url"))])
    return Table(columns, rows)


def _per_label(report: Report) -> Table:
    rows = [
        [name, split, label, *(_finite(scores.get(score)) for score in _SCORES)]
        for name in present(report)
        for split, labels in (report["models"][name].get("per_label") or {}).items()
        for label, scores in (labels or {}).items()
    ]
    return Table(("model", "split", "label", *_SCORES), rows)


def _disagreements(examples: Sequence[JsonObject]) -> Table:
    """Return the examples, with a column for each input and each model."""
    inputs = list(dict.fromkeys(key for row in examples for key in row["inputs"]))
    models = list(dict.fromkeys(key for row in examples for key in row if key not in _NOT_MODELS))
    rows = [
        [
            str(row["id"]),
            row["kind"],
            *(_text(row["inputs"].get(key)) for key in inputs),
            _text(row["gold"]),
            *(_text(row.get(key)) for key in models),
        ]
        for row in examples
    ]
    return Table(("id", "kind", *inputs, "gold", *models), rows)


def _text(value: Any) -> str | None:  # noqa: ANN401 - as JSON has it
    return value if value is None or isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _finite(value: object) -> float | None:
    return value if known(value) else None


def _score(report: Report, name: str) -> float | None:
    found = headline(report)
    if found is None:
        return None
    score = ((report["models"][name].get("metrics") or {}).get(found[1]) or {}).get(found[0])
    return _finite(score)


def _costs(report: Report) -> Iterator[tuple[str, str, tuple[str, list[Shown]]]]:
    """Yield name, axis and points of each picture that has two points at least."""
    found = headline(report)
    if found is None:
        return
    quality = f"{found[0]}, {found[1]}"
    for name, axis, cost in (
        ("quality_against_latency", "milliseconds for one text, median", _latency),
        ("quality_against_size", "megabytes of weights", _megabytes),
    ):
        points = [
            Shown(model, role(report, model), amount, score)
            for model in present(report)
            if (amount := cost(report["models"][model])) is not None and (score := _score(report, model)) is not None
        ]
        if len(points) > 1:
            yield name, axis, (quality, points)


def _latency(model: JsonObject) -> float | None:
    return _finite((model.get("latency_ms") or {}).get("p50"))


def _megabytes(model: JsonObject) -> float | None:
    value = model.get("bytes")
    return value / 1e6 if known(value) else None
