"""Say what came of a run that went on with new data: the verdict, the rows it learnt, and how far the new ones are."""

from collections.abc import Sequence
from typing import NamedTuple

from distill.base.terminal_text import name
from distill.report import JsonObject, Report, difference, metric, number, percent

_LABELS = "labels"
_SHARES = ("share of unknown tokens", "confidence of the old teacher")
_MOST = 5
"""Labels whose shares a sentence shows, those that moved furthest first."""


class RefreshPage(NamedTuple):
    """The verdict, sentences on rows and labels, the table of what was compared, and the drift."""

    verdict: str
    said: Sequence[str]
    head: Sequence[str]
    checks: Sequence[Sequence[str]]
    drift: Sequence[str]


def page(report: Report) -> RefreshPage | None:
    """Return what the page shows of a refresh, or none where the run is none."""
    found = report.get("refresh")
    if not found:
        return None
    checks = [_check(each) for each in found["verdict"]["checks"]]
    return RefreshPage(_verdict(found), found["said"], _HEAD, checks, drift(report))


def lines(report: Report) -> list[str]:
    """Return a sentence for each measure of drift, for the console, which has the verdict last; else nothing."""
    return [f"Drift: {sentence}" for sentence in drift(report)]


def drift(report: Report) -> list[str]:
    """Return a sentence for each measure of how far the new rows are from the old ones."""
    found = (report.get("refresh") or {}).get("drift") or {}
    return [_labels(each) if "shares" in each else _numbers(title, each) for title, each in found.items()]


_HEAD = ("", "rows", "old student", "new student", "difference", "p (Holm)")


def _verdict(found: JsonObject) -> str:
    what = "Promoted" if found["promoted"] else "Not promoted"
    return f"{what}: {found['verdict']['reason']} {found['verdict']['unsure']}".strip()


def _check(each: JsonObject) -> tuple[str, ...]:
    title = each["name"] if each["kind"] == "headline" else f"{each['kind']} {name(each['name'])}"
    title += f", {each['metric']}" if each["kind"] == "label" and each["metric"] != "f1" else ""
    low, high = (difference(each["metric"], end).removesuffix(" points") for end in each["interval"])
    gained = f"{difference(each['metric'], each['difference'])} ({low} to {high})"
    p = "" if each["adjusted"] is None else number(each["adjusted"])
    marks = (" !" if each["worse"] else "") + (" (too few to judge)" if each["small"] else "")
    values = (metric(each["metric"], each[which]) for which in ("old", "new"))
    return (f"{title}{marks}", number(each["rows"], 0), *values, gained, p)


def _numbers(title: str, each: JsonObject) -> str:
    show = percent if title in _SHARES else number
    old, new = (show(value) for value in each["mean"])
    factor, unit = (100, " points") if title in _SHARES else (1, "")
    gained, low, high = (number(factor * value, 2, "+") for value in (each["difference"], *each["interval"]))
    rows = " and ".join(number(count, 0) for count in each["rows"])
    called = "score" if title == _LABELS else title
    distance = f"Kolmogorov-Smirnov {number(each['distance'])}, {_p(each['p'])} ({rows} rows)"
    return f"{called}: mean {old} before, {new} now, {gained}{unit} ({low} to {high}); {distance}"


def _labels(each: JsonObject) -> str:
    moved = sorted(each["shares"].items(), key=lambda pair: -abs(pair[1][1] - pair[1][0]))[:_MOST]
    shares = ", ".join(f"{name(label)} {percent(old, 1)} to {percent(new, 1)}" for label, (old, new) in moved)
    distance, chance = number(each["distance"]), number(each["by_chance"])
    return f"shares of labels: total variation {distance}, by chance up to {chance}, {_p(each['p'])}; {shares}"


def _p(value: float) -> str:
    return f"p = {value:.2g}" if value >= 0.001 else "p < 0.001"
