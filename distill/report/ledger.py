"""Say of a labeller how much it answered, how good that is, what the student makes of it, and what it cost."""

from collections.abc import Sequence
from typing import NamedTuple

from distill.base.terminal_text import name, shown
from distill.report import LOWER_IS_BETTER, NOT_FRACTIONS, JsonObject, Report, known, metric, number, percent

_SMOOTHED = {
    "text": "plain labels became probabilities, by the gold rows and a model of the words",
    "audit": "plain labels became probabilities, by the gold rows",
    "none": "plain labels were taken as certain",
}


class Page(NamedTuple):
    """The ledger of one labeller on the page: a title, facts by name, and a table by label."""

    title: str
    facts: Sequence[tuple[str, str]]
    columns: Sequence[str]
    rows: Sequence[tuple[str, Sequence[str]]]


def all_of(report: Report) -> list[JsonObject]:
    """Return the ledger of each labeller of a run; nothing where no teacher is a file of answers."""
    first = report.get("ledger")
    return [first, *(first.get("more") or ())] if first else []


def verdict(report: Report) -> str:
    """Return where the labels come from, how good they are, and how the student compares; empty without a labeller."""
    return " ".join(filter(None, (_verdict(each) for each in all_of(report))))


def _verdict(found: JsonObject) -> str:
    gold, against = found.get("gold"), found.get("against_labeller")
    sentence = f"It learnt from the answers of {found['file']}, {_how_good(gold)}."
    student = next((model for model in ("student",) if against and model in against["models"]), None)
    if against and student and (of_labeller := _of_labeller(against, student)):
        sentence += f" There the student has {of_labeller}."
    if found["own_splits"]:
        splits = " and ".join(found["own_splits"])
        sentence += f" The labels of {splits} are such answers: a score there is agreement with the labeller."
    return sentence


def _how_good(gold: JsonObject | None) -> str:
    """Return how good answers are, as the end of a clause."""
    if gold is None:
        return "which nobody has audited (teacher.gold=FILE)"
    if not gold["answered"]:
        return "which has no answer to any gold row"
    rows = f"{gold['answered']:,} gold rows"
    if "mean_absolute_error" in gold:
        return f"which is {number(gold['mean_absolute_error'], 3)} off on average in {rows} ({_interval(gold, False)})"
    unit = {"rows": "", "words": "the words of ", "decisions": "the decisions on "}[gold["unit"]]
    return f"which is right in {percent(gold['accuracy'], 1)} of {unit}{rows} ({_interval(gold)})"


def _interval(found: JsonObject, fraction: bool = True) -> str:
    low, high = (number(100 * end, 1) if fraction else number(end, 3) for end in found["interval"])
    return f"{percent(found.get('confidence', 0.95), 0)} interval {low} to {high}"


def _of_labeller(against: JsonObject, model: str) -> str:
    """Return a model's share of the labeller's score; empty where that is no share of anything."""
    entry = against["models"][model]
    if not known(entry.get("of_labeller")) or against["metric"] in LOWER_IS_BETTER:
        return ""
    ends = {"interval": entry["of_labeller_interval"], "confidence": against["confidence"]}
    return f"{percent(entry['of_labeller'], 1)} of the labeller's {against['metric']} ({_interval(ends)})"


def lines(report: Report) -> list[str]:
    """Return the ledger for the console, a paragraph a labeller."""
    return [f"Labels: {'; '.join(f'{what} {said}' for what, said in _facts(found))}." for found in all_of(report)]


def pages(report: Report) -> list[Page]:
    """Return the ledger of each labeller for the page."""
    return [_page(found) for found in all_of(report)]


def _page(found: JsonObject) -> Page:
    gold = found.get("gold") or {}
    rows = [(name(label), _cells(label, entry)) for label, entry in (gold.get("by_label") or {}).items()]
    sets = any("said_wrongly" in entry for entry in (gold.get("by_label") or {}).values())
    columns = ("gold", "found", "interval", "said where it is not right" if sets else "said instead")
    return Page(f"The labels of {found['file']}", _facts(found), columns, rows)


def _cells(label: str, entry: JsonObject) -> list[str]:
    """Return how often a label is met, and what was said instead."""
    if entry["share"] is None:
        return ["0", "", "", ""]
    others = {said: each for said, each in (entry.get("said") or {}).items() if said != label}
    if "said_wrongly" in entry:
        others = {"": entry["said_wrongly"]}
    instead = [
        f"{name(said)} {percent(each['share'], 1)} ({_ends(each)})".strip()
        for said, each in sorted(others.items(), key=lambda item: -(item[1]["share"] or 0))
        if each["share"] is not None
    ]
    return [number(entry["rows"], 0), percent(entry["share"], 1), _ends(entry), ", ".join(instead[:5])]


def _ends(entry: JsonObject) -> str:
    return " to ".join(number(100 * end, 1) for end in entry["interval"])


def _facts(found: JsonObject) -> list[tuple[str, str]]:
    """Return the facts of a ledger, each with what it is of."""
    facts = [("answered", f"{found['answered']:,} of {found['lines']:,}")]
    facts += [(key, f"{found[key]:,}") for key in ("abstained", "unparseable") if found[key]]
    if found["outside"]["rows"]:
        facts.append(("outside the labels", f"{found['outside']['rows']:,}, first {shown(found['outside']['first'])}"))
    if found["for_no_row"]:
        facts.append(("for no row", f"{found['for_no_row']:,}"))
    if found["agreement"] is not None:
        facts.append(("votes agree", percent(found["agreement"], 1)))
    audited = _how_good(found["gold"]).removeprefix("which ") if found.get("gold") else "none (teacher.gold=FILE)"
    facts.append(("audit", audited))
    facts += _compared(found.get("against_labeller"))
    if found.get("smoothing"):
        facts.append(("smoothing", _SMOOTHED[found["smoothing"]]))
    facts += _suspects(found.get("mislabelled"))
    if found.get("not_scored"):
        facts.append(("the labeller is", found["not_scored"]))
    return [*facts, *_cost(found.get("cost"))]


def _compared(against: JsonObject | None) -> list[tuple[str, str]]:
    """Return what labeller, student and control score on the gold rows, each with its interval."""
    if not against:
        return []
    name, facts = against["metric"], []
    for model, entry in sorted(against["models"].items(), key=lambda item: "of_labeller" in item[1]):
        share = _of_labeller(against, model) if "of_labeller" in entry else ""
        ends = _interval({**entry, "confidence": against["confidence"]}, name not in NOT_FRACTIONS)
        value = f"{name} {metric(name, entry['value'])} on the gold rows ({ends})"
        facts.append((model, f"{value}{f', {share}' if share else ''}"))
    return facts


def _suspects(found: JsonObject | None) -> list[tuple[str, str]]:
    if not found:
        return []
    if found["rows"] is None:
        return [("most likely wrong", f"not looked for: {found['missing']}")]
    return [("most likely wrong", f"{found['rows']:,} rows, in {found['file']}")]


def _cost(cost: JsonObject | None) -> list[tuple[str, str]]:
    if not cost:
        return []
    how = "as the file says" if cost["recorded"] else f"at {cost['price_per_row']:g} a row"
    even = f"{cost['break_even_rows']:,} rows that the student answers in the labeller's place earn it"
    return [("cost", f"{cost['total']:,.2f} {how}: {even}")]
