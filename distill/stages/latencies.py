"""How long compared models take for one text, measured by turns."""

from collections.abc import Mapping
from typing import TypeAlias

from distill.inference.latency import LatencyTimer, Together
from distill.inference.runtime import FinishedModel
from distill.report.environment import processor
from distill.stages import baselines
from distill.stages.job import Job

Latencies: TypeAlias = tuple[dict[str, dict[str, float]], dict[str, float | str] | None]
"""Milliseconds of each model by quantile, and the conditions under which they were measured."""


def measured(
    job: Job,
    models: Mapping[str, FinishedModel],
    together: Together | None = None,
    fitted: baselines.Fitted | None = None,
) -> Latencies:
    """Return each model's latency for one text of validation in ms, and the conditions; none where nothing is timed."""
    spec, count = job.spec, job.spec.config.evaluate.latency_samples
    split = spec.data.splits["validation"]
    if not count:
        return {}, None
    timer = LatencyTimer(spec.setup, job.examples, spec.generation)
    others = baselines.calls(spec, fitted or {}, count)
    rows, teacher = split.select(range(min(count, len(split)))), spec.decisions.first_of("teacher")
    timed, conditions = timer.measure(models, rows, together, others, teacher)
    return timed, {**conditions, "processor": processor()}
