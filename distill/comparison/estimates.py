"""Estimate a number from several seeds: its mean and the interval around it."""

import math
from collections.abc import Sequence
from statistics import fmean, stdev
from typing import NamedTuple

from distill import report as words
from distill.report import differences

CONFIDENCE = 0.95


class Estimate(NamedTuple):
    """A number of a row: the mean over its seeds.

    Attributes:
        mean: over the seeds that have it.
        low: lower end of its interval; none where there is none.
        high: upper end of its interval.
        seeds: how many have it.
    """

    mean: float
    low: float | None
    high: float | None
    seeds: int


def estimate(values: Sequence[object]) -> Estimate | None:
    """Return the mean of one value for each seed with its interval by Student's t; none where there are no numbers.

    >>> estimate([0.8, 0.82, 0.84])
    Estimate(mean=0.82, low=0.7703172457..., high=0.8696827542..., seeds=3)
    """
    numbers = [float(value) for value in values if words.known(value)]
    if not numbers:
        return None
    if len(numbers) == 1:
        return Estimate(numbers[0], None, None, 1)
    half = student_t(len(numbers) - 1) * stdev(numbers) / math.sqrt(len(numbers))
    mean = fmean(numbers)
    return Estimate(mean, mean - half, mean + half, len(numbers))


def student_t(degrees: int) -> float:
    """Return how many standard errors the interval reaches to each side of a mean (Student 1908).

    >>> round(student_t(2), 3), round(student_t(30), 3)
    (4.303, 2.042)
    """
    from scipy.special import stdtrit

    return float(stdtrit(degrees, (1 + CONFIDENCE) / 2))


def of_differences(results: Sequence[words.JsonObject | None]) -> Estimate | None:
    """Return a difference: of one run with the interval of its report, of several with that over their seeds."""
    known = [result for result in results if result]
    better = [differences.improvement(result) for result in known]
    if len(better) == 1 and "difference" in better[0]:
        (first,) = better
        return Estimate(first["difference"], first.get("low"), first.get("high"), known[0].get("seeds", 1))
    return estimate([each.get("difference") for each in better])


def shown(value: Estimate | None, name: str) -> str:
    """Return a metric's estimate, with half of its interval, or with its ends where it is no half to either side.

    >>> shown(Estimate(0.88, 0.87, 0.89, 3), "accuracy"), shown(Estimate(0.88, None, None, 1), "accuracy")
    ('88.00 ± 1.00 %', '88.00 %')
    >>> shown(Estimate(0.88, 0.86, 0.89, 3), "accuracy")
    '88.00 (86.00 to 89.00) %'
    """
    text = words.metric(name, value.mean if value else None)
    if value is None or value.high is None or value.low is None:
        return text
    if not math.isclose(value.high - value.mean, value.mean - value.low, rel_tol=1e-6, abs_tol=1e-12):
        ends = " to ".join(words.metric(name, end).removesuffix(" %") for end in (value.low, value.high))
        return f"{text.removesuffix(' %')} ({ends}){' %' * text.endswith(' %')}"
    half = words.metric(name, value.high - value.mean)
    return f"{text.removesuffix(' %')} \N{PLUS-MINUS SIGN} {half}"


def shown_difference(value: Estimate | None, name: str) -> str:
    """Return a difference in a metric with its interval, in points where the metric is a fraction.

    >>> shown_difference(Estimate(0.02, 0.01, 0.03, 3), "accuracy")
    '+2.00 (1.00 to 3.00) points'
    """
    if value is None:
        return words.ABSENT
    text = words.difference(name, value.mean)
    if value.low is None or value.high is None:
        return text
    low, high = (words.difference(name, end, sign="-").removesuffix(" points") for end in (value.low, value.high))
    points = " points" if text.endswith(" points") else ""
    return f"{text.removesuffix(' points')} ({low} to {high}){points}"
