"""State results in numbers and sentences; page, console and model card all take their words from here."""

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple, TypeAlias, TypeGuard

JsonObject: TypeAlias = Mapping[str, Any]
"""A part of report.json."""
Report: TypeAlias = JsonObject
"""The content of report.json."""
LabelScores: TypeAlias = Mapping[str, JsonObject]
"""Each label, or average over labels, to its scores by their names."""
Curves: TypeAlias = Mapping[str, Sequence[JsonObject]]
"""Each stage to the rows of its training curves: ``step``, ``name`` and ``value``."""
ROLES = ("teacher", "student", "control", "without_unlabelled", "beside", "baseline", "export")
"""What a compared model may be, in the order of the report; earlier versions said it by a model's name alone."""
SUPPORTED = "macro of supported"
"""The average over labels that have examples, where others count in macro."""
AVERAGES = ("micro", "macro", SUPPORTED, "weighted")
ABSENT = "\N{EN DASH}"
LOWER_IS_BETTER = frozenset({"loss", "perplexity", "mse", "mae", "rmse"})
NOT_FRACTIONS = LOWER_IS_BETTER | {"matthews", "pearson", "spearman", "gold", "predicted"}
"""Metrics that are no fractions of a whole, so that percent would mislead."""


class Row(NamedTuple):
    """One line of the comparison: ``cells`` as text and ``amounts`` as numbers, one for each evaluated model."""

    group: str
    label: str
    cells: tuple[str, ...]
    amounts: tuple[float | None, ...]


def known(value: object) -> TypeGuard[float]:
    """Return whether ``value`` is a finite number, which can be shown."""
    return isinstance(value, int | float) and math.isfinite(value)


def number(value: object, digits: int | None = None, sign: str = "-") -> str:
    """Return a decimal number with three digits below 1 and two from there on, unless ``digits`` says otherwise.

    >>> number(0.08), number(12.305), number(1234, 0), number(None) == ABSENT
    ('0.080', '12.30', '1,234', True)
    """
    if not known(value):
        return ABSENT
    places = digits if digits is not None else 3 if abs(value) < 1 else 2
    rounded = round(value, places) + 0.0  # + 0.0 turns -0.0 into 0.0
    return f"{rounded:{sign},.{places}f}".replace("-", "\N{MINUS SIGN}")


def percent(value: object, digits: int = 2) -> str:
    """Return a fraction of a whole as percent, with so many ``digits`` after the point.

    >>> percent(0.8975), percent(0.2222, 1)
    ('89.75 %', '22.2 %')
    """
    return f"{number(100 * value, digits)} %" if known(value) else ABSENT


def metric(name: str, value: object) -> str:
    """Return the value of a metric in the unit that all reports use for it.

    >>> metric("accuracy", 0.88), metric("matthews", 0.7612), metric("perplexity", 12.3)
    ('88.00 %', '0.761', '12.30')
    """
    return number(value) if name in NOT_FRACTIONS else percent(value)


def difference(name: str, value: object, sign: str = "+") -> str:
    """Return the difference of two values of a metric, in percentage points where the metric is a fraction.

    >>> difference("accuracy", 0.01), difference("matthews", 0.02)
    ('+1.00 points', '+0.020')
    """
    if name in NOT_FRACTIONS or not known(value):
        return number(value, sign=sign)
    return f"{number(100 * value, 2, sign)} points"


def short(value: object, units: Sequence[str] = ("", " k", " M", " G"), digits: int = 1) -> str:
    """Return a count with a decimal unit.

    >>> short(902_658), short(66_955_010), short(850)
    ('902.7 k', '67.0 M', '850')
    """
    if not known(value):
        return ABSENT
    power = sum(abs(value) >= limit for limit in (999.95, 999_950, 999_950_000)[: len(units) - 1])
    return number(value / 1000.0**power, digits if power else 0) + units[power]


def size(value: object) -> str:
    """Return a number of bytes with a decimal unit.

    >>> size(3_612_345)
    '3.6 MB'
    """
    return short(value, (" B", " kB", " MB", " GB"))


def duration(seconds: object) -> str:
    """Return a number of seconds as a person would say it.

    >>> duration(0.52), duration(12.34), duration(245), duration(7500)
    ('0.5 s', '12.3 s', '4 min 5 s', '2 h 5 min')
    """
    if not known(seconds) or seconds < 59.95:
        return f"{number(seconds, 1)} s" if known(seconds) else ABSENT
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def tiny(value: object) -> str:
    """Return a number of which only the magnitude matters.

    >>> tiny(9.5e-07), tiny(0.0)
    ('9.5e-07', '0')
    """
    return (f"{value:.1e}" if value else "0") if known(value) else ABSENT


def milliseconds(value: object) -> str:
    """Return a latency in milliseconds, with two digits after the point."""
    return f"{number(value, 2)} ms" if known(value) else ABSENT


def tie(text: str) -> str:
    """Return text whose numbers stay on the same line as their units, by spaces that do not break."""
    return re.sub(r"(?<=\d) (?=(?:%|points|[kMG]?B|ms|min|[sh])(?!\w))", "\N{NO-BREAK SPACE}", text)


def listed(parts: Iterable[str]) -> str:
    """Join the parts of a sentence with commas and ``and``.

    >>> listed(["a"]), listed(["a", "b"]), listed(["a", "b", "c"])
    ('a', 'a and b', 'a, b, and c')
    """
    *head, last = parts
    return last if not head else f"{head[0]} and {last}" if len(head) == 1 else f"{', '.join(head)}, and {last}"


def listed_short(parts: Sequence[str], most: int = 5) -> str:
    """Join the first ``most`` parts of a sentence, and say how many more there are.

    >>> listed_short(["a", "b", "c"], most=2)
    'a, b, and 1 more'
    """
    return listed(parts) if len(parts) <= most else f"{', '.join(parts[:most])}, and {len(parts) - most} more"


def scored_labels(report: Report, table: LabelScores) -> LabelScores:
    """Return the rows of a table that are labels or entity types, without averages; none for a task without labels."""
    labels = report["data"].get("labels")
    return {name: row for name, row in table.items() if name not in AVERAGES} if labels else {}


def present(report: Report) -> list[str]:
    """Return the names of the evaluated models, by role; several teachers follow what they answer together."""
    evaluated = [name for name, model in report["models"].items() if model]
    return sorted(evaluated, key=lambda name: ROLES.index(role(report, name)))


def role(report: Report, name: str) -> str:
    """Return the role of a model, one of ``ROLES``."""
    recorded: str = report["models"][name].get("role", name if name in ROLES else ROLES[0])
    return recorded


def of_role(report: Report, model_role: str) -> list[str]:
    """Return the evaluated models of a role, in the order of the report."""
    return [name for name in present(report) if role(report, name) == model_role]


def first_of(report: Report, model_role: str) -> str | None:
    """Return the first model of a role, or none; of several teachers, what they answer together."""
    return next(iter(of_role(report, model_role)), None)


def teachers(report: Report) -> list[str]:
    """Return the names of several teachers, without what they answer together; empty where there is one teacher."""
    return of_role(report, "teacher")[1:]


def union(mappings: Iterable[Mapping[str, object] | None]) -> list[str]:
    """Return the keys of all mappings, in the order of their first appearance."""
    return list(dict.fromkeys(key for mapping in mappings if mapping for key in mapping))


def splits(report: Report) -> list[str]:
    """Return the splits that any model was evaluated on."""
    return union(report["models"][name].get("metrics") for name in present(report))


def headline(report: Report) -> tuple[str, str] | None:
    """Return the metric and the split that the report leads with, the test split where it was evaluated."""
    if gain := report.get("gain"):
        return gain["metric"], gain["split"]
    for model in (report["models"][name] for name in present(report)):
        metrics = model.get("metrics") or {}
        for split in ("test", "validation"):
            if metrics.get(split):
                return next(iter(metrics[split])), split
    return None


def comparison(report: Report) -> list[Row]:
    """Return the models side by side: size, metrics of each split, calibration, latency."""
    models = [report["models"][name] for name in present(report)]
    rows = [
        Row("", "parameters", *_line(short, [model.get("parameters") for model in models])),
        Row("", "weights", *_line(size, [model.get("bytes") for model in models])),
    ]
    for split in splits(report):
        scores = [(model.get("metrics") or {}).get(split) or {} for model in models]
        rows += [
            Row(split, name, *_line(partial(metric, name), [score.get(name) for score in scores]))
            for name in union(scores)
        ]
        fidelity = report.get("fidelity") or {}
        if fidelity.get("split") == split and fidelity.get("calibration_error"):
            errors = [fidelity["calibration_error"].get(name) for name in present(report)]
            if any(map(known, errors)):
                rows.append(Row(split, "calibration error", *_line(percent, errors)))
    latencies = [model.get("latency_ms") or {} for model in models]
    rows += [
        Row("latency", key, *_line(milliseconds, [times.get(key) for times in latencies])) for key in union(latencies)
    ]
    return [*rows, *_latency_grid([model.get("latency_grid_ms") or {} for model in models])]


def _latency_grid(grids: Sequence[Mapping[str, JsonObject]]) -> list[Row]:
    """Return the rows of batches of some sizes, such as ``32x128``, in milliseconds of a whole batch."""
    rows = []
    for cell in union(grids):
        texts, tokens = cell.split("x")
        group = f"latency, {texts} text{'s' * (texts != '1')} of {tokens} tokens"
        for key in union(grid.get(cell) for grid in grids):
            times = [(grid.get(cell) or {}).get(key) for grid in grids]
            rows.append(Row(group, key, *_line(milliseconds, times)))
    return rows


def _line(show: Callable[[object], str], values: Sequence[object]) -> tuple[tuple[str, ...], tuple[float | None, ...]]:
    return tuple(show(value) for value in values), tuple(float(value) if known(value) else None for value in values)
