"""Deployable bundles of the student, each scored again before it is called done."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from distill.export import huggingface
from distill.export.card import card
from distill.inference import output_pass, scoring
from distill.models import bilstm, loading
from distill.pipeline.context import Builder
from distill.stages import Job, evaluate

RECIPE = 5


def skipped(build: Builder) -> str | None:
    """Never."""
    return None


def needs(build: Builder) -> list[str]:
    """The student, and what it has to score again."""
    return ["distill", "evaluate"]


def settings(build: Builder) -> dict[str, Any]:
    """What the bundle says of itself."""
    told = {"name": build.config.name, "data": build.data.describe(), "columns": _columns(build)}
    return {**asdict(build.config.export), **told}


def run(job: Job) -> dict[str, Any]:
    """Write the folder ``huggingface``, ask it like any other model, on every rank, and compare; rank 0 reports."""
    build, folder = job.build, job.folder / "huggingface"
    build.ranks.first(lambda: _write(job, folder))
    model = output_pass.ModelRef(folder, f"export of {job.inputs['distill'].name}")
    scores, drift = {}, 0.0
    for split in job.results["evaluate"]["models"]["student"]["metrics"]:
        examples = build.data.splits[split]
        answered = scoring.answer(build, model, examples, job.folder / "answers" / split)
        if build.ranks.rank == 0:
            drift = max(drift, _drift(job, split, answered))
            scores[split] = scoring.judge(build, model, examples, answered).scored.metrics
    return {"exports": [_reported(job, folder, scores, drift)]} if build.ranks.rank == 0 else {}


def _write(job: Job, folder: Path) -> None:
    build = job.build
    said = {"task": build.config.task, "generation": build.generation(), "columns": _columns(build)}
    form = {**asdict(build.form), **said}
    side = "left" if build.task.family == "decoder" else "right"
    huggingface.write(job.inputs["distill"] / "model", folder, build.form.max_length, form, side)


def _columns(build: Builder) -> dict[str, str]:
    """The inputs whose column had another name in training."""
    named = build.data.columns.items()
    return {role: column for role, column in named if role in build.task.inputs and column != role}


def _drift(job: Job, split: str, answered: scoring.ModelOutputs) -> float:
    """The largest difference between what the folder says and what the evaluated student said."""
    build = job.build
    student = output_pass.model(build, "distill", job.inputs)
    kept = scoring.COST_AND_GUESS if build.task.writes else ""
    folder = evaluate.answers_folder(job.inputs["evaluate"], "student", split) / "rows"
    expected = output_pass.opened(build, student, folder, output_pass.identity(build, student, kept))
    keys = torch.tensor(build.data.splits[split]["key"])
    pair = (torch.cat(store.examples(keys)) for store in (answered.rows, expected))
    found, wanted = (rows[:, :1] if build.task.writes else rows for rows in pair)  # a guess is no amount
    return huggingface.drift(found, wanted)


def _reported(job: Job, folder: Path, scores: dict[str, Any], drift: float) -> dict[str, Any]:
    report = job.build.report([], job.results)
    task, licence = job.build.task, job.build.config.export.license
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
