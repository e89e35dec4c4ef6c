"""Judge whether validation and test have enough rows to tell apart the differences that matter."""

import math
from typing import NamedTuple

from distill.report import NOT_FRACTIONS, Report, known, metric, number, present

_Z = 1.959963984540054
"""The normal distribution has 95 % within so many standard deviations."""
_SHARES = ("accuracy", "exact_match")
"""Metrics that are the share of rows that are right, but for tasks that decide on each word of a row."""


class Interval(NamedTuple):
    """The 95 % interval of a score, by its ends."""

    low: float
    high: float

    @property
    def half(self) -> float:
        """Half of the interval's width."""
        return (self.high - self.low) / 2

    @property
    def middle(self) -> float:
        """The middle of the interval: of few examples nearer to one half than their own fraction."""
        return (self.low + self.high) / 2


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

    Metrics that have no percentage points are not judged.

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
    """Return the 95 % interval of a model's first metric on a split, in the metric's own unit, or none.

    That of a share of rows follows from their number. Any other metric, a mean over texts or what is computed of all of
    them together, has the bootstrap interval that the evaluation drew for it, unless all draws were alike, which tells
    nothing of other texts.
    """
    name, score = next(iter(report["models"][model]["metrics"][split].items()))
    rows = (report["data"].get("rows") or {}).get(split)
    if not known(score) or not rows:
        return None
    if share_of_rows(report["task"], name):
        return interval(score, rows)
    low, high = ((report.get("score_intervals") or {}).get(model) or {}).get(split) or (None, None)
    return Interval(low, high) if known(low) and known(high) and low < high else None


def share_of_rows(task: str, name: str) -> bool:
    """Return whether a metric of a task is the share of rows that are right.

    >>> share_of_rows("classification", "accuracy"), share_of_rows("summarization", "rouge1")
    (True, False)
    """
    return name in _SHARES and task != "token_classification"


def _sentence(report: Report, model: str, split: str, points: float) -> str:
    name, score = next(iter(report["models"][model]["metrics"][split].items()))
    ends = of_score(report, model, split)
    if name in NOT_FRACTIONS or ends is None or ends.half <= points / 100:
        return ""
    rows = report["data"]["rows"][split]
    span = " to ".join(number(100 * end, 2) for end in ends)
    enough = rows * (100 * ends.half / points) ** 2
    if share_of_rows(report["task"], name):  # all of a few rows right, or none, says little of how many of more will be
        enough = needed(ends.middle, points / 100)
    size = f"{points:g} point{'' if points == 1 else 's'}"
    return (
        f"{split} has {rows:,} rows, too few to tell {size} of {name}: the 95 % interval of the {model}'s "
        f"{metric(name, score)} is {number(200 * ends.half, 2)} points wide, {span}; one within {size} to either side "
        f"takes about {rounded_up(enough):,} rows."
    )


def rounded_up(count: float) -> int:
    """Return a count rounded up to two significant digits.

    >>> rounded_up(4012.5), rounded_up(87), rounded_up(9600)
    (4100, 87, 9600)
    """
    unit = int(10 ** max(0, len(str(math.ceil(count))) - 2))
    return math.ceil(count / unit) * unit
