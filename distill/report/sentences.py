"""The sentences that page, console and model card say alike."""

from collections.abc import Mapping
from typing import Any

from distill.report import (
    LOWER_IS_BETTER,
    Report,
    difference,
    headline,
    known,
    listed,
    listed_short,
    metric,
    number,
    present,
    quoted,
    share,
    teachers,
)
from distill.shown import name as label_name

_SAME = 1.1
"""Speeds that differ by less than this factor are called the same."""


def verdict(report: Report) -> str:
    """What came out of the run, in plain words that claim no more than was measured; what spoils it comes first."""
    models = report["models"]
    if not present(report):
        return "This run evaluated no model."
    if not models.get("student"):
        return f"{_reaches(report, present(report)[0])} No student was evaluated."
    if not models.get("teacher"):
        return f"{_reaches(report, 'student')} Its teacher was not evaluated. {gain(report)}"
    said = (
        _nothing_learnt(report), _unfit_teacher(report), _student_and_teacher(report), gain(report),
        _never_found(report), _surpassed_teacher(report),
    )  # fmt: skip
    return " ".join(filter(None, said))


def gain(report: Report) -> str:
    """What distillation was worth against the same student trained without the teacher."""
    result = report.get("gain")
    better = improvement(result) if result else {}
    if not result or "difference" not in better:
        if report["models"].get("control"):
            return "What distillation gained over the control was not measured."
        return (
            "There is no control, the same student trained without the teacher: what distillation gained isn't known."
        )
    name, amount = result["metric"], better["difference"]
    size = f"{difference(name, abs(amount), sign='-')} of {name}"
    did = f"gained {size} over" if amount > 0 else f"lost {size} against" if amount else f"left {name} as it was with"
    return f"Distillation {did} the same student trained without the teacher ({interval(result)}): {_judgement(better)}"


_TEACH_BETTER = "train the teacher longer, or take a larger one"


def _against_teacher(report: Report, name: str) -> dict[str, Any]:
    """The result of a model held against the teacher; of a report that has none, the difference alone."""
    found: Mapping[str, Any] | None = (report.get("against_teacher") or {}).get(name)
    if found:
        return dict(found)
    lead, teacher, score = headline(report), _score(report, "teacher"), _score(report, name)
    if lead is None or teacher is None or score is None:
        return {}
    return {"metric": lead[0], "split": lead[1], "difference": score - teacher}


def _beyond(result: Mapping[str, Any]) -> str:
    """How far a model is from the teacher, such as ``1.00 points of accuracy below``."""
    amount, name = improvement(result)["difference"], result["metric"]
    better, worse = ("better than", "worse than") if name in LOWER_IS_BETTER else ("above", "below")
    size = f"{difference(name, abs(amount), sign='-')} of {name}"
    return f"{size} {better if amount > 0 else worse}" if amount else f"level in {name} with"


def _unfit_teacher(report: Report) -> str:
    """Who is clearly better than the teacher without having been taught, or in spite of it."""
    for name, who in (("control", "the control, which had no teacher,"), ("student", "the student")):
        result = _against_teacher(report, name)
        if result and improvement(result).get("low", 0) > 0:
            said = f"{who} is {_beyond(result)} it on {result['split']} ({interval(result)})"
            return f"The teacher is not fit to teach: {said}; {_TEACH_BETTER}."
    return ""


def _surpassed_teacher(report: Report) -> str:
    """A control that scores above the teacher, as may happen by chance."""
    result = _against_teacher(report, "control")
    if not result or _unfit_teacher(report) or not improvement(result).get("difference", 0) > 0:
        return ""
    return f"The control scores above the teacher, which may be chance: {_TEACH_BETTER}."


def _never_found(report: Report) -> str:
    """The labels of validation that the student never gets right."""
    table = (report["models"]["student"].get("per_label") or {}).get("validation") or {}
    rows = {label: table.get(label, {}) for label in report["data"].get("labels") or ()}
    never = [quoted(label) for label, row in rows.items() if row.get("support") and row.get("f1") == 0]
    if not never or len(never) == len(rows):
        return ""
    return f"The student finds none of {listed_short(never)} in validation (an F1 of 0)."


def _nothing_learnt(report: Report) -> str:
    """Who scores as a model does that reads nothing, and what to do about it."""
    lead = headline(report)
    if lead is None:
        return ""
    name, split = lead
    said = []
    for who in present(report):
        always = _always(report, who, split)
        if always is not None:
            said.append(f"the {who} calls every example of {split} {label_name(always)}")
        elif name not in LOWER_IS_BETTER and _score(report, who) == 0:
            said.append(f"the {who} gets nothing right")
    return f"Nothing was learnt where {listed(said)}: train longer, or with more data." if said else ""


def _always(report: Report, who: str, split: str) -> str | None:
    """The label that a model gives to all examples of several labels, if it does that.

    It finds all that have this label and none that have another, and is right as often as the label stands there.
    """
    table = (report["models"][who].get("per_label") or {}).get(split) or {}
    labels = report["data"].get("labels") or ()  # their means stand in the table, too
    rows = {label: table[label] for label in labels if table.get(label, {}).get("support") and "recall" in table[label]}
    found = [label for label, row in rows.items() if row["recall"]]
    if len(rows) < 2 or len(found) != 1 or rows[found[0]]["recall"] < 1:
        return None
    share = rows[found[0]]["support"] / sum(row["support"] for row in rows.values())
    return found[0] if abs(rows[found[0]]["precision"] - share) < 1e-6 else None


def improvement(result: Mapping[str, Any]) -> dict[str, float]:
    """Difference, ``low`` and ``high`` of a gain as far as they are known, turned so that more is always better."""
    low, high = result.get("interval") or (None, None)
    sign = 1
    if result.get("mode", "min" if result["metric"] in LOWER_IS_BETTER else "max") == "min":
        low, high, sign = high, low, -1
    parts = {"difference": result.get("difference"), "low": low, "high": high}
    return {key: sign * part for key, part in parts.items() if known(part)}


def interval(result: Mapping[str, Any]) -> str:
    """The interval of a gain, more being better."""
    better, name = improvement(result), result["metric"]
    if "low" not in better or "high" not in better:
        return "without an interval"
    low, high = (difference(name, better[end], sign="-").removesuffix(" points") for end in ("low", "high"))
    return f"{share(result.get('confidence', 0.95), 0)} interval {low} to {high}"


def _judgement(better: Mapping[str, float]) -> str:
    if "low" not in better or "high" not in better:
        return "whether that is more than chance isn't known."
    if better["low"] > 0:
        return "the whole interval is above zero, so it is more than chance."
    if better["high"] < 0:
        return "the whole interval is below zero, so distillation did harm."
    return "the interval includes zero, so it could be chance."


def _reaches(report: Report, name: str) -> str:
    lead = headline(report)
    score = _score(report, name)
    if lead is None or score is None:
        return f"The {name} was evaluated without a metric."
    who = "teachers together reach" if name == "teacher" and teachers(report) else f"{name} reaches"
    return f"The {who} {metric(lead[0], score)} {lead[0]} on {lead[1]}."


def _score(report: Report, name: str) -> float | None:
    lead = headline(report)
    metrics = (report["models"].get(name) or {}).get("metrics") or {}
    score: object = (metrics.get(lead[1]) or {}).get(lead[0]) if lead else None
    return score if known(score) else None


def _student_and_teacher(report: Report) -> str:
    teacher, student = report["models"]["teacher"], report["models"]["student"]
    parts = []
    if teacher.get("parameters") and student.get("parameters"):
        whose = "the teachers'" if teachers(report) else "the teacher's"
        parts.append(f"has {share(student['parameters'] / teacher['parameters'], 1)} of {whose} parameters")
    parts.append(_quality(report))
    slow, fast = ((model.get("latency_ms") or {}).get("p50") for model in (teacher, student))
    if known(slow) and known(fast) and fast > 0:
        parts.append(_speed(slow / fast))
    return f"The student {listed(parts)}."


def _quality(report: Report) -> str:
    result = _against_teacher(report, "student")
    if not result:
        return "was not scored against it"
    whose = "its teachers together" if teachers(report) else "its teacher"
    sure = f" ({interval(result)})" if result.get("interval") else ""
    return f"is {_beyond(result)} {whose} on {result['split']}{sure}"


def _speed(ratio: float) -> str:
    if ratio >= _SAME:
        return f"is {number(ratio, 1)} times as fast"
    return "is about as fast" if ratio > 1 / _SAME else f"takes {number(1 / ratio, 1)} times as long"


def timed(report: Report) -> str | None:
    """Under which conditions latencies were measured, none where they were not."""
    if not (found := report.get("latency")):
        return None
    threads = f"{found['threads']} thread{'s' * (found['threads'] != 1)}"
    return f"Latency: one text at a time, a median of {found['tokens']:g} tokens, {threads} of {found['processor']}."


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
