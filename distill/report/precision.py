"""Judge whether validation and test have enough rows to tell apart the differences that matter."""

import math
from collections.abc import Sequence
from typing import NamedTuple

from distill.report import NOT_FRACTIONS, LabelScores, Report, known, metric, number, present

_Z = 1.959963984540054
"""The normal distribution has 95 % within so many standard deviations."""
_NO_MEANS = NOT_FRACTIONS | {"bleu"}
"""Metrics that are no fraction of examples, nor a mean of one."""


class Interval(NamedTuple):
    """The 95 % interval of a fraction, by its ends."""

    low: float
    high: float

    @property
    def half(self) -> float:
        """Half of the interval's width."""
        return (self.high - self.low) / 2


def interval(fraction: float, count: int) -> Interval:
    """Return the 95 % interval of a fraction of ``count`` examples (Wilson 1927), which holds for 0 and 1, too.

    >>> low, high = interval(0.5, 100)
    >>> round(low, 3), round(high, 3)
    (0.404, 0.596)
    """
    whole = 1 + _Z**2 / count
    middle = (fraction + _Z**2 / (2 * count)) / whole
    half = _Z / whole * math.sqrt(fraction * (1 - fraction) / count + _Z**2 / (4 * count**2))
    return Interval(middle - half, middle + half)


def needed(fraction: float, half: float) -> int:
    """Return the fewest examples for which the 95 % interval of a fraction reaches at most ``half`` to either side.

    >>> needed(0.5, 0.01), needed(0.9, 0.01)
    (9600, 3461)
    """
    low, high = 0, 1
    while interval(fraction, high).half > half:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if interval(fraction, middle).half > half else (low, middle)
    return high


def too_small(report: Report, points: float | None) -> list[str]:
    """Return a sentence for each split that is too small to tell so many points of the task's first metric.

    The metric is taken as a fraction of the rows, or, where it is an F1 of labels, of the labels in them, each right or
    wrong by itself. Metrics that are no fraction are not judged.

    Args:
        report: content of report.json.
        points: half of the width that a 95 % interval may have, in percentage points; none judges nothing.
    """
    models = present(report)
    if points is None or not models:
        return []
    model = "student" if "student" in models else models[0]
    sentences = (_sentence(report, model, split, points) for split in report["models"][model].get("metrics") or {})
    return [sentence for sentence in sentences if sentence]


def of_score(report: Report, model: str, split: str) -> Interval | None:
    """Return the 95 % interval of a model's first metric on a split; none where it is no fraction of examples."""
    name, score = next(iter(report["models"][model]["metrics"][split].items()))
    rows = (report["data"].get("rows") or {}).get(split)
    counted = _examples_behind(report, model, split, name) if rows else 0
    if name in _NO_MEANS or not known(score) or not counted:
        return None
    return interval(min(1.0, max(0.0, score)), counted)


def _sentence(report: Report, model: str, split: str, points: float) -> str:
    name, score = next(iter(report["models"][model]["metrics"][split].items()))
    ends = of_score(report, model, split)
    if ends is None or ends.half <= points / 100:
        return ""
    rows, counted = report["data"]["rows"][split], _examples_behind(report, model, split, name)
    span = " to ".join(number(100 * end, 2) for end in ends)
    needed_rows = rounded_up(needed(min(1.0, max(0.0, score)), points / 100) * rows / counted)
    size = f"{points:g} point{'' if points == 1 else 's'}"
    return (
        f"{split} has {rows:,} rows, too few to tell {size} of {name}: the 95 % interval of the {model}'s "
        f"{metric(name, score)} is {number(200 * ends.half, 2)} points wide, {span}; one within {size} to either side "
        f"takes about {needed_rows:,} rows."
    )


def _examples_behind(report: Report, model: str, split: str, name: str) -> int:
    """Return how many examples a metric is a fraction of: rows, or for an F1 of labels the labels in them."""
    rows: int = report["data"]["rows"].get(split) or 0
    table: LabelScores = (report["models"][model].get("per_label") or {}).get(split) or {}
    if not name.startswith("f1") or "micro" not in table:
        return rows
    labels: Sequence[str] = report["data"].get("labels") or ()
    second = report["task"] == "pair_classification" and len(labels) == 2 and labels[1] in table
    return int(table[labels[1] if second else "micro"].get("support") or 0)


def rounded_up(count: float) -> int:
    """Return a count rounded up to two significant digits.

    >>> rounded_up(4012.5), rounded_up(87), rounded_up(9600)
    (4100, 87, 9600)
    """
    unit = int(10 ** max(0, len(str(math.ceil(count))) - 2))
    return math.ceil(count / unit) * unit
