"""Read what one model of a row scores and costs, over the seeds of its runs."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from distill import report as words
from distill.comparison.estimates import Estimate, estimate


class Model(NamedTuple):
    """One model of a row: ``scores`` of the split that leads, and what it costs; milliseconds are the median."""

    name: str
    role: str
    scores: Mapping[str, Estimate]
    parameters: Estimate | None
    bytes: Estimate | None
    milliseconds: Estimate | None


def model_of(name: str, reports: Sequence[words.Report], split: str | None) -> Model | None:
    """Return a model of a row from the reports of its runs, with what it scores on a split; none that has none."""
    having = [report for report in reports if report["models"].get(name)]
    if not having:
        return None
    entries = [report["models"][name] for report in having]
    scores = [each for report in having for each in _scores_by_seed(report, name, split)]
    estimates = {metric: estimate([score.get(metric) for score in scores]) for metric in words.union(scores)}
    if len(having) == 1:
        estimates |= _over_seeds(having[0], name, split)
    return Model(
        name,
        words.role(having[0], name),
        {metric: value for metric, value in estimates.items() if value is not None},
        estimate([entry.get("parameters") for entry in entries]),
        estimate([entry.get("bytes") for entry in entries]),
        estimate([(entry.get("latency_ms") or {}).get("p50") for entry in entries]),
    )


def _scores_by_seed(report: words.Report, name: str, split: str | None) -> list[Mapping[str, Any]]:
    """Return the metrics of a model on a split, of each seed where the run has several."""
    by_seed = ((report.get("seeds") or {}).get("models") or {}).get(name, {}).get("by_seed")
    every = list(by_seed.values()) if by_seed else [report["models"][name].get("metrics") or {}]
    return [metrics.get(split) or {} for metrics in every]


def _over_seeds(report: words.Report, name: str, split: str | None) -> dict[str, Estimate]:
    """Return the metric that leads with the interval over examples and seeds, of a model that a run has of each."""
    seeds = report.get("seeds") or {}
    found = (seeds.get("models") or {}).get(name)
    if not found or seeds["split"] != split or not words.known(found["mean"]):
        return {}
    low, high = (end if words.known(end) else None for end in found["interval"])
    return {seeds["metric"]: Estimate(found["mean"], low, high, len(seeds["seeds"]))}
