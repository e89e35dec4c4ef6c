"""Say where a student does not beat what needs no transformer, as a part of the verdict."""

from distill.report import JsonObject, Report, first_of, present
from distill.report.differences import beyond, improvement, interval


def not_beaten(report: Report) -> str:
    """Return which baselines the student does not clearly beat on the same examples; nothing where it beats them."""
    if first_of(report, "student") is None:
        return ""
    compared = (report.get("against_baselines") or {}).items()
    evaluated = present(report)
    named = [(report["models"][name].get("title", name), result) for name, result in compared if name in evaluated]
    seeds = report.get("seeds")
    student = f"The student of seed {seeds['best']}" if seeds else "The student"
    return " ".join(filter(None, (_sentence(student, title, result) for title, result in named)))


def _sentence(student: str, title: str, result: JsonObject) -> str:
    """Return how far the student is from a baseline, unless it is clearly above."""
    better = improvement(result)
    if "difference" not in better or better.get("low", 0) > 0:
        return ""
    verdict = "is worse than" if better.get("high", 0) < 0 else "is not clearly better than"
    return f"{student} {verdict} {title}: {beyond(result)} it on {result['split']} ({interval(result)})."
