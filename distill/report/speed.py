"""State how fast a model is beside another, with the interval of that, and where the machine could not tell."""

from distill.report import Report, known, number
from distill.report.facts import busy

_SAME = 1.1
"""Speeds that differ by less than this factor are called the same."""


def beside(report: Report, name: str, reference: str) -> list[str]:
    """Return how fast a model is beside another as the end of a sentence; nothing where one of them was not timed.

    Args:
        report: content of report.json; those of older versions have no interval.
        name: the model.
        reference: the other, by whose latency the report says how many times as fast each is.
    """
    fast, slow = ((report["models"][model].get("latency_ms") or {}).get("p50") for model in (name, reference))
    if not known(slow) or not known(fast) or fast <= 0:
        return []
    latency = report.get("latency") or {}
    if busy(latency):
        return ["was timed on a machine too busy to tell how fast it is"]
    ratio, measured = slow / fast, ((latency.get("times_as_fast") or {}).get(name) or {}).get("interval")
    low, high = measured or (ratio, ratio)
    if 1 / _SAME < ratio < _SAME:
        said, ends = "is about as fast", (low, high)
    elif ratio > 1:
        said, ends = f"is {number(ratio, 1)} times as fast", (low, high)
    else:
        said, ends = f"takes {number(1 / ratio, 1)} times as long", (1 / high, 1 / low)
    interval = f" (95 % interval {' to '.join(number(end, 1) for end in ends)})"
    return [said + interval * (measured is not None)]
