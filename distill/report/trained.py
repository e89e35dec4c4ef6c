"""Say which weights of each model have learnt, and how many these are."""

import re
from collections.abc import Mapping

from distill.report import JsonObject, Report, listed, percent, short

_MODELS = {"finetune": "teacher", "distill": "student", "control": "control"}
"""Stages that may train a part of a model, and the names of their models where there is one teacher."""
_ALL = "all weights"
_AGAIN = re.compile(r":(round|seed)\d+")
"""What a stage has in its title that makes a student or control once more, of an earlier round or another seed."""


def of_results(results: Mapping[str, JsonObject]) -> dict[str, JsonObject]:
    """Return what has learnt of each model, by its name in the report, from the results of the stages by title.

    >>> stages = ("finetune", "finetune:large", "distill:round1:seed2", "distill:without_unlabelled:seed2")
    >>> list(of_results({stage: {"trained": {"parts": "all weights"}} for stage in stages}))
    ['teacher', 'large', 'student', 'without_unlabelled']
    """
    found = {}
    for title, result in results.items():
        stage, _, model = title.partition(":")
        if stage != "finetune":
            _, _, model = _AGAIN.sub("", title).partition(":")
        if stage in _MODELS and result.get("trained"):
            found[model or _MODELS[stage]] = result["trained"]
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
