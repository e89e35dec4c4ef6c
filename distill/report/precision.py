"""Whether validation and test have enough rows to tell apart what is asked of them."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from distill.report import NOT_SHARES, Report, known, metric, number, present

_Z = 1.959963984540054
"""The normal distribution has 95 % within so many standard deviations."""
_NO_MEANS = NOT_SHARES | {"bleu"}
"""Metrics that are no share of examples, nor a mean of one."""


class Interval(NamedTuple):
    """The 95 % interval of a share, by its ends."""

    low: float
    high: float

    @property
    def half(self) -> float:
        """Half of its width."""
        return (self.high - self.low) / 2


def interval(share: float, count: int) -> Interval:
    """The 95 % interval of a ``share`` of ``count`` examples (Wilson 1927), which holds for shares of 0 and 1, too.

    >>> low, high = interval(0.5, 100)
    >>> round(low, 3), round(high, 3)
    (0.404, 0.596)
    """
    whole = 1 + _Z**2 / count
    middle = (share + _Z**2 / (2 * count)) / whole
    half = _Z / whole * math.sqrt(share * (1 - share) / count + _Z**2 / (4 * count**2))
    return Interval(middle - half, middle + half)


def needed(share: float, half: float) -> int:
    """The fewest examples of which the 95 % interval of a ``share`` is no wider than ``half`` to either side.

    >>> needed(0.5, 0.01), needed(0.9, 0.01)
    (9600, 3461)
    """
    low, high = 0, 1
    while interval(share, high).half > half:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if interval(share, middle).half > half else (low, middle)
    return high


def too_small(report: Report, points: float | None) -> list[str]:
    """A sentence for each split that is too small to tell so many points of the task's first metric.

    The metric is taken as a share of the rows, or of the labels that are there where it is an F1 of labels, each right
    or wrong by itself. Those that are no share are not judged.

    Args:
        report: content of report.json.
        points: half of the width that a 95 % interval may have, in percentage points; none judges nothing.
    """
    models = present(report)
    if points is None or not models:
        return []
    who = "student" if "student" in models else models[0]
    found = (_said(report, who, split, points) for split in report["models"][who].get("metrics") or {})
    return [sentence for sentence in found if sentence]


def _said(report: Report, who: str, split: str, points: float) -> str:
    name, score = next(iter(report["models"][who]["metrics"][split].items()))
    rows, counted = report["data"]["rows"].get(split) or 0, _counted(report, who, split, name)
    if name in _NO_MEANS or not known(score) or not rows or not counted:
        return ""
    found = interval(min(1.0, max(0.0, score)), counted)
    if found.half <= points / 100:
        return ""
    ends = " to ".join(number(100 * end, 2) for end in found)
    wanted = _rounded_up(needed(min(1.0, max(0.0, score)), points / 100) * rows / counted)
    size = f"{points:g} point{'' if points == 1 else 's'}"
    return (
        f"{split} has {rows:,} rows, too few to tell {size} of {name}: the 95 % interval of the {who}'s "
        f"{metric(name, score)} is {number(200 * found.half, 2)} points wide, {ends}; one within {size} to either side "
        f"takes about {wanted:,} rows."
    )


def _counted(report: Report, who: str, split: str, name: str) -> int:
    """How many examples a metric is a share of: rows, or for an F1 of labels those that are there."""
    rows: int = report["data"]["rows"].get(split) or 0
    table: Mapping[str, Any] = (report["models"][who].get("per_label") or {}).get(split) or {}
    if not name.startswith("f1") or "micro" not in table:
        return rows
    labels: Sequence[str] = report["data"].get("labels") or ()
    second = report["task"] == "pair_classification" and len(labels) == 2 and labels[1] in table
    return int(table[labels[1] if second else "micro"].get("support") or 0)


def _rounded_up(count: float) -> int:
    """A count with two digits, not below it.

    >>> _rounded_up(4012.5), _rounded_up(87), _rounded_up(9600)
    (4100, 87, 9600)
    """
    unit = int(10 ** max(0, len(str(math.ceil(count))) - 2))
    return math.ceil(count / unit) * unit
