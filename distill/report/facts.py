"""Sentences on what a run was made of: its data, its objective, and how latencies were measured."""

from collections.abc import Mapping
from typing import Any

from distill.report import Report, listed, number, share

_BUSY = 0.8
"""Of the time that is measured, the share below which other work on the machine is named."""


def timed(report: Report) -> str | None:
    """Under which conditions latencies were measured, none where they were not."""
    if not (found := report.get("latency")):
        return None
    threads = f"{found['threads']} thread{'s' * (found['threads'] != 1)}"
    said = f"Latency: one text at a time, a median of {found['tokens']:g} tokens, {threads} of {found['processor']}."
    if found["threads"] == 1 and found.get("cpu_share", 1.0) < _BUSY:
        said += (
            f" Other work kept this machine busy: the models had {share(found['cpu_share'], 0)} of the time that was"
            " measured, so these latencies, and how many times as fast the student is, are not to be relied on."
        )
    return said


def stand_in(report: Report) -> str | None:
    """The warning that the numbers are not those of the data set that the run is named after."""
    data = report["data"]
    if not (name := data.get("stands_in_for")):
        return None
    return (
        f"This is not {name}: {data['source']} data stands in for it, so these numbers say nothing about {name}"
        " and must not be compared with published ones."
    )


def rows_and_labels(report: Report) -> str:
    """How much data there is, of how many labels."""
    data = report["data"]
    parts = [f"{number(count, 0)} {split}" for split, count in data["rows"].items() if count]
    labels = f"; {len(data['labels'])} labels" if data.get("labels") else ""
    return f"{listed(parts or ['no'])} rows{labels}"


def objective(report: Report) -> str | None:
    """The weighted terms that the student was trained on, none where the report has no objective."""
    if not (goal := report.get("objective")):
        return None
    shares, schedules = goal.get("shares") or {}, goal.get("schedules") or {}
    if shares:
        whole = sum(shares.values())
        terms = [f"{share / whole:.0%} {name}" for name, share in shares.items()]
    else:
        sign = "\N{MULTIPLICATION SIGN}"
        terms = [f"{_moving(weight, schedules.get(name))} {sign} {name}" for name, weight in goal["terms"].items()]
    said = " + ".join(terms) + (" of the gradient" if shares else "")
    if goal["temperature"] is not None:
        said += f", temperature {_moving(goal['temperature'], goal.get('temperature_schedule'))}"
    return f"{said}; {_teachers(goal['teachers'])}" if goal.get("teachers") else said


def _teachers(several: Mapping[str, Any]) -> str:
    """How several teachers were one, such as ``67% first + 33% second of the probabilities``."""
    shares = " + ".join(f"{weight:.0%} {name}" for name, weight in several["weights"].items())
    if several["combine"] == "confidence":
        return f"taught by the most confident of {shares}"
    return f"taught by {shares} of the {several['combine']}"


def _moving(start: float, schedule: Mapping[str, Any] | None) -> str:
    """A number, and where a schedule takes it."""
    if schedule is None:
        return f"{start:g}"
    first, last = (0.0, start) if schedule["kind"] == "warmup" else (start, schedule["end"])
    return f"{first:g} to {last:g} ({schedule['kind']})"
