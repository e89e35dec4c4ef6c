"""Show what each model scores on parts of the rows, and say on which the student is far off."""

from collections.abc import Sequence
from typing import NamedTuple

from distill.base.terminal_text import name
from distill.report import JsonObject, Report, first_of, known, metric, number, percent, union
from distill.report.differences import improvement


class SliceTable(NamedTuple):
    """A line for each slice: its rows, and what each model scores with its interval; that of all rows stands first."""

    sentence: str
    far_off: Sequence[str]
    models: Sequence[str]
    rows: Sequence[tuple[str, str, Sequence[str]]]


def table(report: Report) -> SliceTable | None:
    """Return the scores on slices, or none where the run was asked for none."""
    found = report.get("slices")
    if not found or not found["slices"]:
        return None
    models = list(union([found["all"], *(part["models"] for part in found["slices"])]))
    count = number((report["data"].get("rows") or {}).get(found["split"]), 0)
    rows = [("all", count, [_cell(found, found["all"].get(model)) for model in models])]
    for part in found["slices"]:
        cells = [_cell(found, part["models"].get(model)) for model in models]
        few = " (too few to judge)" if part["rows"] < found["small"] else ""
        rows.append((f"{name(part['title'])}{few}", number(part["rows"], 0), cells))
    sentence = (
        f"{found['metric']} on parts of {found['split']}, with the {percent(found['confidence'], 0)} interval of each; "
        "the rows of a slice may be harder for every model."
    )
    return SliceTable(sentence, far_off(report), models, rows)


def far_off(report: Report) -> list[str]:
    """Return a sentence for each slice, large enough, on which the student is clearly worse than on all rows.

    Clearly is: the whole interval of the slice is worse than the value of all rows. Which of them the teacher hands on
    shows in its own score beside it.
    """
    found = report.get("slices")
    student, teacher = first_of(report, "student"), first_of(report, "teacher")
    if not found or student is None or student not in found["all"]:
        return []
    return [
        _sentence(found, part, student, teacher)
        for part in found["slices"]
        if part["rows"] >= found["small"] and _is_worse(found, part["models"].get(student), found["all"][student])
    ]


def _is_worse(found: JsonObject, part: JsonObject | None, whole: JsonObject) -> bool:
    if part is None or not all(known(each) for each in (*part["interval"], whole["value"])):
        return False
    low, high = part["interval"]
    return bool(high < whole["value"] if found["mode"] == "max" else low > whole["value"])


def _sentence(found: JsonObject, part: JsonObject, student: str, teacher: str | None) -> str:
    name_of_metric, models = found["metric"], part["models"]
    low, high = (metric(name_of_metric, end) for end in models[student]["interval"])
    sentence = (
        f"Slice {name(part['title'])} ({number(part['rows'], 0)} rows of {found['split']}): {student} has "
        f"{name_of_metric} of {metric(name_of_metric, models[student]['value'])} ({low} to {high}), on all rows "
        f"{metric(name_of_metric, found['all'][student]['value'])}"
    )
    if teacher not in models or teacher is None:
        return f"{sentence}."
    taught = metric(name_of_metric, models[teacher]["value"])
    return f"{sentence}; {teacher} has {taught} here{_beside(found, part, student)}."


def _beside(found: JsonObject, part: JsonObject, student: str) -> str:
    """Say whether the student is clearly behind its teacher on these rows."""
    against = part["models"][student].get("against_teacher")
    better = improvement({**against, "mode": found["mode"], "metric": found["metric"]}) if against else {}
    return ", clearly more" if known(better.get("high")) and better["high"] < 0 else ""


def _cell(found: JsonObject, model: JsonObject | None) -> str:
    if model is None:
        return ""
    low, high = (metric(found["metric"], end).removesuffix(" %") for end in model["interval"])
    return f"{metric(found['metric'], model['value'])} ({low} to {high})"
