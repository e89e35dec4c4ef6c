"""Say what text without labels was worth, beside the same student that learnt without it."""

from collections.abc import Mapping

from distill.report import JsonObject, Report, number
from distill.report.differences import improvement, interval, moved

_STAGE = "distill"


def facts(results: Mapping[str, JsonObject]) -> JsonObject | None:
    """Return the texts that each round learnt from, and what they were worth; none where there were none.

    Args:
        results: each finished stage to its result.
    """
    rounds = [
        {"stage": stage, **result["unlabelled"]}
        for stage, result in results.items()
        if stage.partition(":")[0] == _STAGE and result.get("unlabelled")
    ]
    against = results.get("evaluate", {}).get("against_without_unlabelled")
    return {"rounds": rounds, "against_without": against} if rounds or against else None


def called(name: str) -> str:
    """Return a model's name as a sentence has it.

    >>> called("control"), called("without_unlabelled")
    ('the control', 'the student without unlabelled text')
    """
    return "the student without unlabelled text" if name == "without_unlabelled" else f"the {name}"


def sentence(report: Report) -> str:
    """Return which student is better, that with unlabelled text or that without; empty where they weren't compared."""
    found = report.get("unlabelled") or {}
    result = found.get("against_without")
    better = improvement(result) if result else {}
    if not result or "difference" not in better:
        return ""
    learnt = f" ({number(found['rounds'][-1]['learnt'], 0)} texts)" if found.get("rounds") else ""
    if better.get("low", 0) > 0:
        judgement = "the student with it is better."
    elif better.get("high", 0) < 0:
        judgement = "the student without it is better: leave it out, or learn from less of it."
    else:
        judgement = "which of the two is better could be chance."
    changed = moved(result["metric"], better["difference"])
    return f"Text without labels{learnt} {changed} the same distillation without it ({interval(result)}): {judgement}"
