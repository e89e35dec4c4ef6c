"""Time the formats of an export beside teacher and student, and state what was measured of each."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, TypeAlias

import numpy as np

from distill.export import BUNDLE, INT8, certificate, exporter
from distill.export.certificate import Certificate, FormatFacts
from distill.export.gate import depends_on_batch
from distill.inference import latency_grid
from distill.inference.runtime import CPU, FinishedModel
from distill.metrics.reliability import reliability
from distill.report import page
from distill.report.environment import processor, processor_flags, versions
from distill.stages import calibrating, exported_formats
from distill.stages.calibrating import Calibrated
from distill.stages.exported_formats import VALIDATION, ExportedFormat, Scores
from distill.stages.job import Job, RunSpec

Grid: TypeAlias = dict[str, dict[str, dict[str, float]]]
"""Each model to each size of batch to its milliseconds by quantile."""


def teachers(spec: RunSpec) -> dict[str, str]:
    """Return each teacher that one model is, with the input that holds it."""
    return {model.name: model.source for model in spec.decisions.of_role("teacher") if model.source is not None}


def grid_is_timed(spec: RunSpec) -> bool:
    """Return whether sizes of batches are timed: not where nothing is, and not of models that write."""
    return bool(spec.config.evaluate.latency_samples) and not spec.setup.task.writes


def time_grid(job: Job, formats: Mapping[str, FinishedModel]) -> tuple[Grid, dict[str, Any] | None]:
    """Return milliseconds of teachers, student and formats for batches of some sizes, and the conditions."""
    spec = job.spec
    if not grid_is_timed(spec):
        return {}, None
    samples, split = spec.config.evaluate.latency_samples, spec.data.splits[VALIDATION]
    students = {model.name: model.source for model in spec.decisions.of_role("student") if model.source is not None}
    inputs = {**teachers(spec), **students}
    models = {name: spec.finished(spec.model(source, job.inputs)) for name, source in inputs.items()}
    timed, conditions = latency_grid.measure(
        {**models, **formats},
        split.select(range(min(latency_grid.BATCHES[-1], len(split)))),
        job.examples,
        max_length=spec.setup.spec.max_length,
        samples=samples,
    )
    return timed, {**conditions, "processor": processor(), "flags": processor_flags()}


def facts(
    job: Job, tried: ExportedFormat, student: Scores, grid: Mapping[str, Mapping[str, float]] | None
) -> FormatFacts:
    """Return what the certificate says of a format."""
    format_exporter, folder = exporter(tried.name), exported_formats.place(job, tried.name)
    path = (folder / (format_exporter.file or ".")).relative_to(job.folder / BUNDLE).as_posix()
    if tried.model is None or tried.measured is None:
        return FormatFacts(path, tried.reason)
    changes, kept, dynamic = tried.changes, tried.reason is None, job.spec.config.export.int8 == INT8[1]
    runtime = tried.model.open(CPU) if kept else None
    return FormatFacts(
        path,
        tried.reason,
        metrics={split: score.scored.metrics for split, score in tried.scores.items()},
        headline_loss=exported_formats.loss(tried),
        max_logit_drift=tried.measured.logit,
        equal_decisions=_equal_decisions(job, tried, student),
        changes=None if changes is None else asdict(changes),
        batch_dependent=None if changes is None else dynamic or depends_on_batch(changes, tried.measured.scale),
        recall={
            label: {"student": recall.reference, "format": recall.other, "interval": [recall.low, recall.high]}
            for label, recall in tried.measured.recall.items()
        },
        facts=format_exporter.facts(folder) if kept else {},
        latency_ms=grid,
        parameters=runtime.parameters if runtime else None,
        bytes=runtime.bytes if runtime else None,
    )


def _equal_decisions(job: Job, tried: ExportedFormat, student: Scores) -> float | None:
    """Return the share of examples, of all splits, whose decision is the student's; none for scores."""
    if job.spec.setup.task.kind == "score":
        return None
    pairs = [
        one == other
        for split, score in tried.scores.items()
        for one, other in zip(student[split].predictions, score.predictions, strict=True)
    ]
    return float(np.mean(pairs))


def calibration(calibrated: Calibrated, student: Scores, spec: RunSpec) -> dict[str, Any] | None:
    """Return what the certificate says of calibrated probabilities; none where they are the student's.

    Args:
        calibrated: what was exported instead of the student.
        student: the scores of that.
        spec: the run.
    """
    if calibrated.temperature is None:
        return None
    kind = spec.setup.task.kind
    errors: dict[str, dict[str, float | None]] = {}
    for split, score in student.items():
        after = reliability(kind, score.rows.numpy(), score.labels.numpy())
        before = reliability(kind, score.rows.numpy(), score.labels.numpy(), 1 / calibrated.temperature)
        errors[split] = {"before": before.error if before else None, "after": after.error if after else None}
    return {
        "temperature": calibrated.temperature,
        "fitted_on": calibrating.FITTED_ON,
        "where": "the weights of the head are divided by it",
        "calibration_error": errors,
    }


def certify(job: Job, formats: Mapping[str, FormatFacts], calibration: Mapping[str, Any] | None) -> Certificate:
    """Return the certificate of a bundle, with null for what is no finite number."""
    content = certificate.certificate(
        formats,
        versions=versions(),
        processor=processor(),
        flags=processor_flags(),
        calibration=calibration,
        **provenance(job),
    )
    return dict(page.finite(content))


def provenance(job: Job) -> dict[str, str]:
    """Return the command and the data that repeat the run."""
    return {"command": job.context.command, "data": job.spec.data.describe()["fingerprint"]}
