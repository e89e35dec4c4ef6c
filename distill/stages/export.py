"""Deployable bundles of the student, each scored again before it is called done."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from distill.export import huggingface
from distill.export.card import card
from distill.inference import scoring
from distill.inference.output_pass import identity
from distill.models import bilstm, loading
from distill.models.sources import ModelRef
from distill.stages import evaluate, supervised
from distill.stages.job import Job, RunSpec
from distill.stages.reporting import report_on

RECIPE = 5


def skipped(spec: RunSpec) -> str | None:
    """Never leave it out."""
    return None


def needs(spec: RunSpec) -> list[str]:
    """Need the student, and what it has to score again."""
    return ["distill", "evaluate"]


def settings(spec: RunSpec) -> dict[str, Any]:
    """Return what the bundle says of itself."""
    about = {"name": spec.config.name, "data": spec.data.describe(), "columns": _columns(spec)}
    return {**asdict(spec.config.export), **about}


def run(job: Job) -> dict[str, Any]:
    """Write the folder ``huggingface``, ask it like any other model, on every rank, and compare; rank 0 reports."""
    spec, ranks, folder = job.spec, job.context.ranks, job.folder / "huggingface"
    ranks.first(lambda: _write(job, folder))
    outputs = supervised.output_pass(job)
    model = ModelRef(folder, f"export of {job.inputs['distill'].name}")
    scores, drift = {}, 0.0
    for split in job.results["evaluate"]["models"]["student"]["metrics"]:
        examples = spec.data.splits[split]
        answered = scoring.collect_outputs(outputs, model, examples, job.folder / "answers" / split)
        if ranks.rank == 0:
            drift = max(drift, _drift(job, split, answered))
            scores[split] = evaluate.score(job, model, split, answered).scored.metrics
    return {"exports": [_reported(job, folder, scores, drift)]} if ranks.rank == 0 else {}


def _write(job: Job, folder: Path) -> None:
    setup = job.spec.setup
    generation = job.spec.generation
    form = {**asdict(setup.spec), "task": setup.name, "generation": generation, "columns": _columns(job.spec)}
    if not job.spec.data.unanswerable:
        del form["unanswerable"]  # which is what a folder without it says
    side = "left" if setup.task.family == "decoder" else "right"
    huggingface.write(job.inputs["distill"] / "model", folder, setup.spec.max_length, form, side)


def _columns(spec: RunSpec) -> dict[str, str]:
    """The inputs whose column had another name in training."""
    named = spec.data.columns.items()
    return {role: column for role, column in named if role in spec.setup.task.inputs and column != role}


def _drift(job: Job, split: str, answered: scoring.ModelOutputs) -> float:
    """The largest difference between what the folder says and what the evaluated student said."""
    spec = job.spec
    student = spec.sources.model("distill", job.inputs)
    folder = evaluate.answers_folder(job.inputs["evaluate"], "student", split) / "rows"
    made_by = identity(spec.setup, student.made_by, scoring.kept_for_scoring(spec.setup).name)
    expected = supervised.output_pass(job).opened(student, folder, made_by)
    keys = torch.tensor(spec.data.splits[split]["key"])
    pair = (torch.cat(store.examples(keys)) for store in (answered.rows, expected))
    exported, evaluated = (rows[:, :1] if spec.setup.task.writes else rows for rows in pair)  # a guess is no amount
    return huggingface.drift(exported, evaluated)


def _reported(job: Job, folder: Path, scores: dict[str, Any], drift: float) -> dict[str, Any]:
    report = report_on(job.spec, job.context, job.results)
    task, licence = job.spec.setup.task, job.spec.config.export.license
    own = bilstm.__name__ if loading.configuration(folder).model_type == bilstm.BiLstmConfig.model_type else None
    text = card(report, pipeline=task.pipeline, license=licence, pairs=len(task.inputs) == 2, own=own)
    (folder / "README.md").write_text(text, encoding="utf-8")
    return {
        "format": "huggingface",
        "path": "export/huggingface",
        "bytes": sum(path.stat().st_size for path in folder.iterdir()),
        "metrics": scores,
        "max_logit_drift": drift,
        "latency_ms": None,
    }
