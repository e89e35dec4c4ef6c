"""Export the student to deployable bundles, and score each again before it is called done."""

from dataclasses import asdict
from functools import partial
from pathlib import Path

import torch

from distill.config.export import ExportConfig
from distill.export import BUNDLE, EXPORTERS, Source, exporter
from distill.export.card import card
from distill.export.drift import drift
from distill.inference import scoring
from distill.inference.output_pass import OutputPass
from distill.inference.runtime import FinishedModel
from distill.inference.scoring import ModelOutputs
from distill.models import OWN, loading
from distill.stages import evaluate
from distill.stages.job import Job, RunSpec, StageResult, StageSettings
from distill.stages.passes import output_pass
from distill.stages.reporting import report_on

RECIPE = 5


def skipped(spec: RunSpec) -> str | None:
    """Return none: no run leaves this stage out."""
    return None


def needs(spec: RunSpec) -> list[str]:
    """Return the student, and the evaluation whose scores the export has to reach again."""
    return ["distill", "evaluate"]


def settings(spec: RunSpec) -> StageSettings:
    """Return what the bundle says of itself, and its formats where they are not the default."""
    about = {"name": spec.config.name, "data": spec.data.describe(), "columns": _columns(spec)}
    export = asdict(spec.config.export)
    if export.pop("formats") != ExportConfig().formats:
        about["formats"] = formats(spec)
    return {**export, **about}


def formats(spec: RunSpec) -> list[str]:
    """Return the formats of the settings in the order of the table, whichever they are named in."""
    return [name for name in EXPORTERS if name in spec.config.export.formats]


def run(job: Job) -> StageResult:
    """Write each format, run it on every rank, and compare it with the student; rank 0 scores, times and reports."""
    models = {name: _write_format(job, name) for name in formats(job.spec)}
    outputs = output_pass(job)
    scored = {name: _score_format(job, outputs, name, model) for name, model in models.items()}
    if job.context.ranks.rank != 0:
        return {}
    timed, conditions = evaluate.latencies(job, models)
    latency = {name: {"latency_ms": timed.get(name), "latency": conditions} for name in models}
    return {"exports": [{**_describe(job, name), **scored[name], **latency[name]} for name in models]}


def _source(job: Job) -> Source:
    """Return what all formats are made of."""
    spec, folder = job.spec, job.inputs["distill"] / "model"
    setup = spec.setup
    form = {**asdict(setup.spec), "task": setup.name, "generation": spec.generation, "columns": _columns(spec)}
    if not spec.data.unanswerable:
        del form["unanswerable"]  # which is what a folder without it says
    text = card(
        report_on(spec, job.context, job.results),
        pipeline=setup.task.pipeline,
        license=spec.config.export.license,
        pairs=len(setup.task.inputs) == 2,
        module=OWN.get(loading.configuration(folder).model_type),
    )
    return Source(folder, setup, form, text)


def _columns(spec: RunSpec) -> dict[str, str]:
    """Return the inputs whose column had another name in training."""
    columns = spec.data.columns.items()
    return {role: column for role, column in columns if role in spec.setup.task.inputs and column != role}


def _write_format(job: Job, name: str) -> FinishedModel:
    """Write a format on rank 0, and return it ready to be opened from its files."""
    spec, format_exporter = job.spec, exporter(name)
    folder = job.folder / BUNDLE / format_exporter.place
    job.context.ranks.first(lambda: format_exporter.write(_source(job), folder))
    tokenizer = spec.sources.tokenizer(folder / format_exporter.tokenizer)
    opened = partial(format_exporter.open, folder, spec.setup, tokenizer)
    return FinishedModel(str(folder), f"export of {job.inputs['distill'].name}", tokenizer, opened)


def _score_format(job: Job, outputs: OutputPass, name: str, model: FinishedModel) -> StageResult:
    """Return the metrics of a format by split, and the largest drift of a logit; only rank 0 knows them."""
    scores, worst = {}, 0.0
    (student, *_) = job.spec.decisions.of_role("student")
    for split in job.results["evaluate"]["models"][student.name]["metrics"]:
        folder = job.folder / "answers" / exporter(name).place / split
        answered = scoring.collect_outputs(outputs, model, job.spec.data.splits[split], folder)
        if job.context.ranks.rank == 0:
            worst = max(worst, _drift(job, name, split, answered))
            scores[split] = evaluate.score(job, model, split, answered).scored.metrics
    return {"metrics": scores, "max_logit_drift": worst}


def _drift(job: Job, name: str, split: str, answered: ModelOutputs) -> float:
    """The largest difference between what the format says and what the evaluated student said."""
    spec, evaluated = job.spec, evaluate.student_answers(job, split)
    keys = torch.tensor(spec.data.splits[split]["key"])
    pair = (torch.cat(store.examples(keys)) for store in (answered.rows, evaluated))
    exported, expected = (rows[:, :1] if spec.setup.task.writes else rows for rows in pair)  # a guess is no amount
    return drift(name, exported, expected, exporter(name).tolerance)


def _describe(job: Job, name: str) -> StageResult:
    place = Path(BUNDLE) / exporter(name).place
    files = [path for path in (job.folder / place).iterdir() if path.is_file()]
    return {
        "format": name,
        "path": (Path("export") / place).as_posix(),
        "bytes": sum(path.stat().st_size for path in files),
    }
