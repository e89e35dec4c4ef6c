"""Say which weights of each model have learnt, and how many these are."""

import re
from collections.abc import Mapping

from distill.report import JsonObject, Report, listed, percent, short

_MODELS = {"finetune": "teacher", "distill": "student", "control": "control"}
"""Stages that may train a part of a model, and the names of their models where there is one teacher."""
_ALL = "all weights"
_ALSO_STUDENTS = re.compile(r"(round|seed)\d+")
"""What follows the name of a stage that makes the student or control again, of an earlier round or another seed."""


def of_results(results: Mapping[str, JsonObject]) -> dict[str, JsonObject]:
    """Return what has learnt of each model, by its name in the report, from the results of the stages by title.

    >>> of_results({"distill:seed2": {"trained": {"parts": "all"}}, "finetune:large": {"trained": {"parts": "all"}}})
    {'student': {'parts': 'all'}, 'large': {'parts': 'all'}}
    """
    found = {}
    for title, result in results.items():
        stage, _, model = title.partition(":")
        if stage in _MODELS and result.get("trained"):
            again = not model or (stage != "finetune" and _ALSO_STUDENTS.fullmatch(model))
            found[_MODELS[stage] if again else model] = result["trained"]
    return found


def sentence(report: Report) -> str | None:
    """Return what has learnt of each model that the run trained, or none where that is not known."""
    parts: dict[str, list[str]] = {}
    for name, each in (report.get("trained") or {}).items():
        count = f"{short(each['parameters'])} of {short(each['of'])} parameters"
        share = percent(each["parameters"] / each["of"], 1 if each["parameters"] * 100 > each["of"] else 2)
        words = _ALL if each["parts"] == _ALL else f"{each['parts']} ({count}, {share})"
        parts.setdefault(words, []).append(name)
    return "; ".join(f"of {listed(names)} {words}" for words, names in parts.items()) or None
