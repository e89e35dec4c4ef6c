"""Export the student in every format of the settings: each is written, opened, scored, timed, and judged.

The formats lie in one folder, the bundle; its card and ``certificate.json`` say what was measured of each.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from distill.base import long_work
from distill.data import embedded
from distill.export import BUNDLE, EncodedRow, Source, example, exporter
from distill.export import certificate as certificates
from distill.export.card import card
from distill.export.certificate import FormatFacts
from distill.inference.runtime import CPU
from distill.models import checksums, loading
from distill.models.configuration import OWN
from distill.report import Report
from distill.report.environment import versions
from distill.stages import calibrating, certifying, exported_formats, latencies
from distill.stages.calibrating import Calibrated
from distill.stages.exported_formats import ExportedFormat, Scores
from distill.stages.job import Job, RunSpec, StageResult, StageSettings
from distill.stages.reporting import report_on
from distill.types import MODEL_INPUTS

RECIPE = 6


def skipped(spec: RunSpec) -> str | None:
    """Return none: no run leaves this stage out."""
    return None


def needs(spec: RunSpec) -> list[str]:
    """Return the student, the evaluation whose scores the export has to reach again, and who is timed beside it."""
    return ["distill", "evaluate", *(certifying.teachers(spec).values() if certifying.grid_is_timed(spec) else ())]


def settings(spec: RunSpec) -> StageSettings:
    """Return what the bundle says of itself, its formats, and how good they have to be."""
    about = {"name": spec.config.name, "data": spec.data.describe(), "columns": _columns(spec)}
    section = {key: value for key, value in asdict(spec.config.export).items() if (key, value) != ("calibrate", False)}
    return {**section, "formats": formats(spec), **about}


def formats(spec: RunSpec) -> list[str]:
    """Return the formats of the settings in the order of the table, whichever they are named in."""
    return [model.name for model in spec.decisions.exported]


def run(job: Job) -> StageResult:
    """Try each format on every rank; rank 0 judges, times, certifies and reports."""
    names = formats(job.spec)
    counted = long_work.counted(names, "exporting", len(names), "formats")
    with calibrating.calibrated(job) as calibrated:
        student = exported_formats.student_scores(job, calibrated.changed)
        source = _source(job, calibrated)
        tried = [exported_formats.try_format(job, name, source, student) for name in counted]
    return _finish(job, tried, student, calibrated) if job.context.ranks.rank == 0 else {}


def _finish(job: Job, tried: Sequence[ExportedFormat], student: Scores, calibrated: Calibrated) -> StageResult:
    """Time the formats that passed, write what the bundle says of them, and return what the report holds of all."""
    models = {each.name: each.model for each in tried if each.model is not None and each.reason is None}
    timed, conditions = latencies.measured(job, models)
    grid, grid_conditions = certifying.time_grid(job, models)
    facts = {each.name: certifying.facts(job, each, student, grid.get(each.name)) for each in tried}
    content = certifying.certify(job, facts, certifying.calibration(calibrated, student, job.spec))
    result: StageResult = {
        "exports": [_describe(job, each, timed.get(each.name), conditions) for each in tried],
        "models": {
            each.name: {**_row(each, facts[each.name]), "latency_ms": timed.get(each.name)}
            for each in tried
            if each.name in models
        },
        "latency_grid_ms": grid,
        "latency_grid": grid_conditions,
        "certificate": content,
        "notes": [f"export.calibrate=true: {calibrated.note}"] if calibrated.note else [],
    }
    certificates.write(content, job.folder / BUNDLE)
    report = report_on(job.spec, job.context, {**job.results, "export": result})
    text = card_text(job.spec, job.inputs["distill"] / "model", report)
    (job.folder / BUNDLE / "README.md").write_text(text, encoding="utf-8")
    example.write(job.folder / BUNDLE, _example_row(job.spec))
    checksums.write(job.folder / BUNDLE)
    return result


def _example_row(spec: RunSpec) -> Mapping[str, Any]:
    """Return a row of the embedded sample: what a bundle carries may be published, and rows of the data may not."""
    task = spec.setup.task
    rows = embedded.SAMPLES[spec.config.data.sample or task.sample]()["train"].select([0])
    row: Mapping[str, Any] = (rows if task.expand is None else task.expand(rows))[0]
    return row


def _source(job: Job, calibrated: Calibrated) -> Source:
    """Return what all formats are made of."""
    spec = job.spec
    setup = spec.setup
    form = {
        **asdict(setup.spec),
        "task": setup.name,
        "generation": spec.generation,
        "columns": _columns(spec),
        "made_with": {**certifying.provenance(job), "versions": versions(), **_temperature(calibrated)},
    }
    if not spec.data.unanswerable:
        del form["unanswerable"]  # which is what a folder without it says
    return Source(
        calibrated.model,
        setup,
        form,
        calibration=lambda: _calibration_rows(job),
        int8=spec.config.export.int8,
    )


def _temperature(calibrated: Calibrated) -> dict[str, float]:
    """Return what the head's weights were divided by, for whoever reads config.json: it is done, and not to be done."""
    return {} if calibrated.temperature is None else {"temperature_divided_by": calibrated.temperature}


def _calibration_rows(job: Job) -> list[EncodedRow]:
    """Return rows of train as the student reads them, drawn by the seed; of more rows these are the first."""
    count, train = job.spec.config.export.calibration_rows, job.spec.data.splits["train"]
    order = np.random.default_rng(job.spec.config.seed).permutation(len(train))[:count]
    tokenizer = job.spec.finished(job.spec.model("distill", job.inputs)).tokenizer
    features = job.examples.encode(train.select(order), tokenizer)[:]
    names = [name for name in MODEL_INPUTS if name in features]
    columns = zip(*(features[name] for name in names), strict=True)
    arrays = ((np.asarray([ids], dtype=np.int64) for ids in row) for row in columns)
    rows: list[EncodedRow] = [dict(zip(names, row, strict=True)) for row in arrays]
    return rows[:count]


def _columns(spec: RunSpec) -> dict[str, str]:
    """Return the inputs whose column had another name in training."""
    columns = spec.data.columns.items()
    return {role: column for role, column in columns if role in spec.setup.task.inputs and column != role}


def _row(tried: ExportedFormat, facts: FormatFacts) -> dict[str, Any]:
    """Return a format's row of the report, with the fields of every compared model."""
    description = tried.model.open(CPU).description if tried.model else None
    return {
        "parameters": facts.parameters,
        "bytes": facts.bytes,
        "description": description,
        "metrics": facts.metrics,
        "per_label": {split: score.scored.table for split, score in tried.scores.items()},
    }


def _describe(
    job: Job, tried: ExportedFormat, latency: Mapping[str, float] | None, conditions: Mapping[str, Any] | None
) -> dict[str, Any]:
    """Return what the report says of a format as an export: where it lies, and why it does not."""
    place = exported_formats.place(job, tried.name) / (exporter(tried.name).file or ".")
    return {
        "format": tried.name,
        "path": f"export/{place.relative_to(job.folder).as_posix()}",
        "bytes": tried.bytes if tried.reason is None else None,
        "left_out": tried.reason,
        "metrics": {split: score.scored.metrics for split, score in tried.scores.items()},
        "max_logit_drift": None if tried.measured is None else tried.measured.logit,
        "latency_ms": latency,
        "latency": conditions if latency else None,
    }


def card_text(spec: RunSpec, model: Path, report: Report) -> str:
    """Return the text of README.md, which tells of all formats.

    Args:
        spec: the run.
        model: the folder of the finished student.
        report: content of report.json.
    """
    return card(
        report,
        pipeline=spec.setup.task.pipeline,
        license=spec.config.export.license,
        pairs=len(spec.setup.task.inputs) == 2,
        module=OWN.get(loading.configuration(model).model_type),
    )
