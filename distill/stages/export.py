"""Deployable bundles of the student, each scored again before it is called done."""

from dataclasses import asdict
from typing import Any

import torch

from distill.build import Builder
from distill.export import huggingface
from distill.export.card import card
from distill.stages import Job, answers
from distill.stages.evaluate import logits_folder
from distill.teacher_store import TeacherStore

RECIPE = 1


def skipped(build: Builder) -> str | None:
    """Never."""
    return None


def needs(build: Builder) -> list[str]:
    """The student, and what it has to score again."""
    return ["distill", "evaluate"]


def settings(build: Builder) -> dict[str, Any]:
    """What the bundle says of itself."""
    return {**asdict(build.config.export), "name": build.config.name, "data": build.data.describe()}


def run(job: Job) -> dict[str, Any]:
    """Write the folder ``huggingface``; rank 0 works."""
    return {"exports": [_huggingface(job)]} if job.build.ranks.rank == 0 else {}


def _huggingface(job: Job) -> dict[str, Any]:
    build, folder = job.build, job.folder / "huggingface"
    huggingface.write(job.inputs["distill"] / "model", folder, build.config.data.max_length)
    scores, drift = {}, 0.0
    for split in job.results["evaluate"]["models"]["student"]["metrics"]:
        rows = build.data.splits[split]
        logits = huggingface.classify(folder, rows[build.task.TEXT[0]], build.data.labels, build.config.data.batch_size)
        made_by = answers.identity(build, "distill", job.inputs)
        stored = TeacherStore(logits_folder(job.inputs["evaluate"], "student", split), made_by)
        drift = max(drift, huggingface.drift(logits, stored.logits(torch.tensor(rows["key"]))))
        metrics = build.metrics(sync=False)
        metrics.update(logits, torch.tensor(rows["label"]))
        scores[split] = {name: float(value) for name, value in metrics.compute().items()}
    report = build.report([], job.results)
    (folder / "README.md").write_text(card(report, license=build.config.export.license), encoding="utf-8")
    return {
        "format": "huggingface",
        "path": "export/huggingface",
        "bytes": sum(path.stat().st_size for path in folder.iterdir()),
        "metrics": scores,
        "max_logit_drift": drift,
        "latency_ms": None,
    }
