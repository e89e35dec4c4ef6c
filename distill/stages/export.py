"""Deployable bundles of the student, each scored again before it is called done."""

from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import torch

from distill.config.export import ExportConfig
from distill.export import BUNDLE, EXPORTERS, Source, exporter
from distill.export.card import card
from distill.export.drift import drift
from distill.inference import scoring
from distill.inference.output_pass import OutputPass
from distill.inference.runtime import FinishedModel
from distill.inference.scoring import ModelOutputs
from distill.models import bilstm, loading
from distill.stages import evaluate
from distill.stages.job import Job, RunSpec
from distill.stages.passes import output_pass
from distill.stages.reporting import report_on

RECIPE = 5


def skipped(spec: RunSpec) -> str | None:
    """Never leave it out."""
    return None


def needs(spec: RunSpec) -> list[str]:
    """Need the student, and what it has to score again."""
    return ["distill", "evaluate"]


def settings(spec: RunSpec) -> dict[str, Any]:
    """Return what the bundle says of itself, and its formats where they are not the usual ones."""
    about = {"name": spec.config.name, "data": spec.data.describe(), "columns": _columns(spec)}
    export = asdict(spec.config.export)
    if export.pop("formats") != ExportConfig().formats:
        about["formats"] = formats(spec)
    return {**export, **about}


def formats(spec: RunSpec) -> list[str]:
    """Return the wanted formats in the order of the table, whichever they are named in."""
    return [name for name in EXPORTERS if name in spec.config.export.formats]


def run(job: Job) -> dict[str, Any]:
    """Write each format, ask it like any other model, on every rank, and compare; rank 0 scores, times and reports."""
    models = {name: _written(job, name) for name in formats(job.spec)}
    outputs = output_pass(job)
    scored = {name: _scored(job, outputs, name, model) for name, model in models.items()}
    if job.context.ranks.rank != 0:
        return {}
    timed, conditions = evaluate.latencies(job, models)
    latency = {name: {"latency_ms": timed.get(name), "latency": conditions} for name in models}
    return {"exports": [{**_described(job, name), **scored[name], **latency[name]} for name in models]}


def _source(job: Job) -> Source:
    """What all formats are made of."""
    spec, folder = job.spec, job.inputs["distill"] / "model"
    setup = spec.setup
    form = {**asdict(setup.spec), "task": setup.name, "generation": spec.generation, "columns": _columns(spec)}
    if not spec.data.unanswerable:
        del form["unanswerable"]  # which is what a folder without it says
    own = bilstm.__name__ if loading.configuration(folder).model_type == bilstm.BiLstmConfig.model_type else None
    text = card(
        report_on(spec, job.context, job.results),
        pipeline=setup.task.pipeline,
        license=spec.config.export.license,
        pairs=len(setup.task.inputs) == 2,
        own=own,
    )
    return Source(folder, setup, form, text)


def _columns(spec: RunSpec) -> dict[str, str]:
    """The inputs whose column had another name in training."""
    named = spec.data.columns.items()
    return {role: column for role, column in named if role in spec.setup.task.inputs and column != role}


def _written(job: Job, name: str) -> FinishedModel:
    """A format, written by rank 0, and ready to be opened from its files."""
    spec, made = job.spec, exporter(name)
    folder = job.folder / BUNDLE / made.place
    job.context.ranks.first(lambda: made.write(_source(job), folder))
    tokenizer = spec.sources.tokenizer(folder / made.tokenizer)
    opened = partial(made.open, folder, spec.setup, tokenizer)
    return FinishedModel(str(folder), f"export of {job.inputs['distill'].name}", tokenizer, opened)


def _scored(job: Job, outputs: OutputPass, name: str, model: FinishedModel) -> dict[str, Any]:
    """The metrics of a format by split, and the largest difference of a logit; only rank 0 knows them."""
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


def _described(job: Job, name: str) -> dict[str, Any]:
    place = Path(BUNDLE) / exporter(name).place
    files = [path for path in (job.folder / place).iterdir() if path.is_file()]
    return {
        "format": name,
        "path": (Path("export") / place).as_posix(),
        "bytes": sum(path.stat().st_size for path in files),
    }
