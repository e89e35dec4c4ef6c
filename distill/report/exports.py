"""State what was measured of each exported format; page, console and model card take their words from here."""

from collections.abc import Iterator, Mapping
from typing import Any

from distill.base.terminal_text import shown
from distill.report import NOT_FRACTIONS, JsonObject, Report, headline, known, listed_short, number, percent, tiny

_WAYS = {"alone": "standing alone", "random": "in random batches", "padded": "padded to the limit"}
"""How an example is asked again, by the names in a certificate."""


def summary(report: Report, export: JsonObject) -> str:
    """Return in one sentence whether a format is in the bundle, and how it compares with the student."""
    name = export["format"]
    if reason := export.get("left_out"):
        return f"{name} was left out of the export: {reason}."
    facts = _facts(report, name)
    parts = [_loss(report, facts), _equal(facts)]
    if facts.get("batch_dependent"):
        parts.append("its answers depend on the batch")
    elif facts.get("changed_by_batch"):
        parts.append("no decision changes with the batch")
    said = ", ".join(filter(None, parts)) or "it answers as the student does"
    return f"{name} passed: {said}."


def details(report: Report, export: JsonObject) -> list[tuple[str, str]]:
    """Return what was measured of a format, each with the term that it stands under."""
    if reason := export.get("left_out"):
        return [("Left out", f"{reason}.")]
    facts = _facts(report, export["format"])
    drift = export.get("max_logit_drift")
    same = "logits are the student's" if drift == 0 else f"logits differ from the student's by at most {tiny(drift)}"
    rows = [
        ("Answers", same if not _equal(facts) else f"{_equal(facts)}; {same}"),
        ("Score", _loss(report, facts)),
        ("Other batches", _batches(facts)),
        ("Recall", _recall(facts)),
        ("Saturation", _saturation(facts.get("saturation"))),
        (
            "In 32 bits",
            listed_short(list(map(str, facts.get("kept_in_fp32") or ()))) if facts.get("kept_in_fp32") else "",
        ),
    ]
    return [(term, text) for term, text in rows if text]


def _facts(report: Report, name: str) -> Mapping[str, Any]:
    """Return a format's part of the certificate; empty where an earlier version wrote the report."""
    found: Mapping[str, Any] = ((report.get("certificate") or {}).get("formats") or {}).get(name) or {}
    return found


def _loss(report: Report, facts: JsonObject) -> str:
    lead, loss = headline(report), facts.get("headline_loss")
    if lead is None or not known(loss):
        return ""
    name = lead[0]
    unit = "percent" if name in NOT_FRACTIONS - {"matthews", "pearson", "spearman"} else "points"
    if not loss:
        return f"no loss of {name} on validation"
    return f"{number(abs(loss), 2)} {unit} of {name} {'less' if loss > 0 else 'more'} than the student on validation"


def _equal(facts: JsonObject) -> str:
    share = facts.get("equal_decisions")
    if not known(share):
        return ""
    return "every decision is the student's" if share == 1 else f"{percent(share)} of decisions are the student's"


def _batches(facts: JsonObject) -> str:
    """Return how many decisions change with the batch that an example stands in."""
    found = facts.get("changed_by_batch")
    if not found:
        return ""
    largest, examples = tiny(found["largest_change"]), number(found["examples"], 0)
    changed = [f"{number(found[key], 0)} {how}" for key, how in _WAYS.items() if found[key]]
    if not changed:
        ways = ", ".join(_WAYS.values())
        return f"none of {examples} decisions changes, {ways}; a logit changes by at most {largest}"
    return f"of {examples} decisions change {', '.join(changed)}; a logit changes by up to {largest}"


def _recall(facts: JsonObject) -> str:
    """Return what the label loses that loses most."""
    labels = facts.get("recall_by_label") or {}
    losses = {label: recall["student"] - recall["format"] for label, recall in labels.items()}
    if not losses:
        return ""
    label = max(losses, key=lambda name: losses[name])
    if losses[label] <= 0:
        return "no label loses any on validation"
    low, high = (number(100 * end, 1) for end in labels[label]["interval"])
    return (
        f"{shown(label)} loses most on validation, {number(100 * losses[label], 1)} points "
        f"(interval of the change {low} to {high})"
    )


def _saturation(found: JsonObject | None) -> str:
    """Return whether sums of 16 bits can overflow, which only some processors have."""
    if not found:
        return ""
    bound = f"sums of products reach at most {number(found.get('bound'), 0)} of {number(found.get('limit'), 0)}"
    if found.get("possible"):
        return f"possible on processors without VNNI: {bound}"
    return f"none on any processor: {bound}"


def summaries(report: Report) -> Iterator[str]:
    """Yield the sentence on each format, for a console."""
    yield from (summary(report, export) for export in report.get("exports") or () if "left_out" in export)
