"""Judge whether the student, or a form that it is exported in, is as good, as fast and as small as it has to be."""

import math
from collections.abc import Mapping
from typing import Any

from distill.report import (
    NOT_FRACTIONS,
    JsonObject,
    Report,
    first_of,
    known,
    listed,
    milliseconds,
    number,
    of_role,
    size,
)
from distill.report.differences import beyond, improvement, interval
from distill.report.facts import busy
from distill.report.precision import rounded_up
from distill.report.seeds import leading

MET, NOT_MET, UNDECIDED = "met", "not met", "not decidable"
"""What is said of a target."""
_LOSS, _LATENCY, _SIZE = "max_loss", "latency_ms", "size_mb"
_MEGABYTE = 1_000_000
_PER_CENT = NOT_FRACTIONS - {"matthews", "pearson", "spearman"}
"""Metrics without an upper end, of which a loss is a part of the teacher's value."""


def judge(report: Report, limits: Mapping[str, float]) -> JsonObject | None:
    """Return what ``report.json`` says of the targets; none where there are none, or no student was evaluated.

    Args:
        report: content of report.json; ``against_teacher`` has every form that is to be judged.
        limits: ``max_loss``, ``latency_ms`` and ``size_mb``, as far as they are set.

    Returns:
        ``limits``; ``forms``, of each its ``verdict`` and one of each target; ``best``, the name of the quickest form
        that meets all, the smaller one of two as quick; and ``verdict``, that of the best, or of all together.
    """
    report, student = leading(report), first_of(report, "student")
    if not limits or student is None:
        return None
    forms = {name: _judged(report, name, limits) for name in (student, *of_role(report, "export"))}
    met = [name for name, form in forms.items() if form["verdict"] == MET]
    best = min(met, key=lambda name: _cost(report, name), default=None)
    open_ = any(form["verdict"] == UNDECIDED for form in forms.values())
    verdict = MET if best is not None else UNDECIDED if open_ else NOT_MET
    return {"limits": dict(limits), "verdict": verdict, "best": best, "forms": forms}


def sentence(report: Report) -> str:
    """Return whether the targets are met, by which form, and by how much; nothing where a report has none."""
    report = leading(report)
    targets = report.get("targets")
    if not targets:
        return ""
    name = targets["best"] or _nearest(report, targets["forms"])
    form = targets["forms"][name]
    if targets["verdict"] == MET:
        return f"The targets are met, best by {name}: {listed(_said(report, name, form))}."
    parts = [f"{text}: {form['targets'][key]['verdict']}" for key, text in _texts(report, name, form).items()]
    if targets["verdict"] == NOT_MET:
        return f"The targets are not met; {name} comes nearest: {'; '.join(parts)}."
    return (
        f"Whether the targets are met is not decidable; {name} comes nearest: {'; '.join(parts)}{_needs(report, form)}."
    )


def table(report: Report) -> list[tuple[str, str, list[tuple[str, str]]]]:
    """Return each form with its verdict, and what was measured for each target with the verdict on it."""
    report = leading(report)
    targets = report.get("targets") or {"forms": {}}
    return [
        (
            name,
            form["verdict"],
            [(text, form["targets"][key]["verdict"]) for key, text in _texts(report, name, form).items()],
        )
        for name, form in targets["forms"].items()
    ]


def _judged(report: Report, name: str, limits: Mapping[str, float]) -> dict[str, Any]:
    judges = {_LOSS: _loss, _LATENCY: _latency, _SIZE: _size}
    found = {key: judges[key](report, name, limit) for key, limit in limits.items()}
    verdicts = {each["verdict"] for each in found.values()}
    return {"verdict": next((said for said in (NOT_MET, UNDECIDED) if said in verdicts), MET), "targets": found}


def _loss(report: Report, name: str, limit: float) -> dict[str, Any]:
    """Judge the paired interval of a form's distance from the teacher: it has to be on one side of the limit."""
    result = (report.get("against_teacher") or {}).get(name) or {}
    better = improvement(result) if result else {}
    if not {"difference", "low", "high"} <= better.keys():
        return {"limit": limit, "verdict": UNDECIDED, "rows_needed": None}
    floor = -limit / 100 * _unit(report, result["metric"], result["split"])
    verdict = MET if better["low"] >= floor else NOT_MET if better["high"] < floor else UNDECIDED
    rows = (report["data"].get("rows") or {}).get(result["split"])
    by_rows = verdict == UNDECIDED and "seeds" not in result  # what seeds differ by does not shrink with the rows
    needed = _rows_needed(better, floor, rows) if by_rows and rows else None
    return {"limit": limit, "verdict": verdict, "difference": result["difference"], "rows_needed": needed}


def _unit(report: Report, metric: str, split: str) -> float:
    """Return what 100 points are: 1, or the teacher's own value of a metric without an upper end."""
    if metric not in _PER_CENT:
        return 1.0
    teacher = report["models"][first_of(report, "teacher")]
    return abs(float(teacher["metrics"][split][metric]))


def _rows_needed(better: Mapping[str, float], floor: float, rows: int) -> int | None:
    """Return how many rows make the interval end at the limit; none where the difference is the limit itself.

    The interval of a mean of paired differences shrinks with the square root of their number.
    """
    distance = abs(better["difference"] - floor)
    end = better["low"] if better["difference"] > floor else better["high"]
    reach = abs(better["difference"] - end)
    return rounded_up(rows * (reach / distance) ** 2) if distance > 0 and math.isfinite(reach / distance) else None


def _latency(report: Report, name: str, limit: float) -> dict[str, Any]:
    """Judge the median latency; where other work kept the machine busy, too long a one decides nothing."""
    value = _p50(report, name)
    if value is None:
        return {"limit": limit, "verdict": UNDECIDED, "value": None}
    late = UNDECIDED if busy(_conditions(report, name)) else NOT_MET
    return {"limit": limit, "verdict": MET if value <= limit else late, "value": value}


def _size(report: Report, name: str, limit: float) -> dict[str, Any]:
    value = report["models"][name].get("bytes")
    if not known(value):
        return {"limit": limit, "verdict": UNDECIDED, "value": None}
    return {"limit": limit, "verdict": MET if value <= limit * _MEGABYTE else NOT_MET, "value": value / _MEGABYTE}


def _conditions(report: Report, name: str) -> JsonObject | None:
    """Return the conditions under which a form was timed."""
    timed = {export["format"]: export.get("latency") for export in report.get("exports") or ()}
    found: JsonObject | None = timed.get(name) or report.get("latency")
    return found


def _p50(report: Report, name: str) -> float | None:
    value: object = (report["models"][name].get("latency_ms") or {}).get("p50")
    return value if known(value) else None


def _cost(report: Report, name: str) -> tuple[float, float]:
    value = report["models"][name].get("bytes")
    return _p50(report, name) or math.inf, value if known(value) else math.inf


def _nearest(report: Report, forms: Mapping[str, JsonObject]) -> str:
    """Return the form that fails the fewest targets, then leaves the fewest open, and then is the quickest."""

    def failed(name: str) -> tuple[int, int, tuple[float, float]]:
        verdicts = [each["verdict"] for each in forms[name]["targets"].values()]
        return verdicts.count(NOT_MET), verdicts.count(UNDECIDED), _cost(report, name)

    return min(forms, key=failed)


def _said(report: Report, name: str, form: JsonObject) -> list[str]:
    return list(_texts(report, name, form).values())


def _texts(report: Report, name: str, form: JsonObject) -> dict[str, str]:
    """Return for each target what was measured of a form, and what is allowed."""
    texts = {}
    for key, judged in form["targets"].items():
        if key == _LOSS:
            result = (report.get("against_teacher") or {}).get(name)
            texts[key] = f"{_distance(result)} where a loss of {_allowed(report, judged, result)} is allowed"
        elif key == _LATENCY:
            texts[key] = f"{_measured(milliseconds(judged['value']), judged)} of {judged['limit']:g} ms"
        else:
            weight = size(None if judged["value"] is None else judged["value"] * _MEGABYTE)
            texts[key] = f"{_measured(weight, judged)} of {judged['limit']:g} MB"
    return texts


def _measured(text: str, judged: JsonObject) -> str:
    return "not measured" if judged["value"] is None else text


def _distance(result: JsonObject | None) -> str:
    if not result or "difference" not in improvement(result):
        return "not compared with the teacher"
    return f"{beyond(result)} the teacher on {result['split']} ({interval(result)})"


def _allowed(report: Report, judged: JsonObject, result: JsonObject | None) -> str:
    relative = bool(result) and result is not None and result["metric"] in _PER_CENT
    return f"{judged['limit']:g} {'% of the teacher' if relative else 'point' if judged['limit'] == 1 else 'points'}"


def _needs(report: Report, form: JsonObject) -> str:
    """Return how many rows decide, where too few are what leaves the loss open."""
    judged = form["targets"].get(_LOSS) or {}
    if judged.get("verdict") != UNDECIDED:
        return ""
    result: JsonObject = next(iter((report.get("against_teacher") or {}).values()), {})
    split = result.get("split", "test")
    if "seeds" in result:
        return f"; {result['seeds']} seeds and the rows of {split} are too few, more of either narrow the interval"
    rows = number((report["data"].get("rows") or {}).get(split), 0)
    if (needed := judged.get("rows_needed")) is None:
        at_limit = "difference" in judged
        return "; it lies at the limit itself, so that no number of rows tells" if at_limit else ""
    return f"; {rows} rows of {split} are too few, about {number(needed, 0)} decide"
