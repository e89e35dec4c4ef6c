"""Teacher, student and control side by side: metrics, gain, fidelity, size and speed."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from distill.build import METRICS, Builder
from distill.metrics import fidelity, latency
from distill.metrics.bootstrap import gap_closed, paired_bootstrap
from distill.models import loading
from distill.models.teacher import outputs
from distill.stages import Job, answers
from distill.teacher_store import TeacherStore

RECIPE = 1

Logits = dict[str, dict[str, Tensor]]
"""Model to split to logits ``[examples, classes]``."""


def skipped(build: Builder) -> str | None:
    """Never."""
    return None


def models(build: Builder) -> dict[str, str]:
    """Who is compared, by the input that holds it: all three, unless the run trains others and names them not."""
    named = set(build.config.stages)
    trains = bool(named & {"pretrain", "finetune", "distill", "control"})
    found = {"teacher": build.teacher}
    if not trains or named & {"distill", "control", "export"}:
        found["student"] = "distill"
    if not trains or "control" in named:
        found["control"] = "control"
    return found


def needs(build: Builder) -> list[str]:
    """The models."""
    return list(models(build).values())


def settings(build: Builder) -> dict[str, Any]:
    """How models are compared, and the examples."""
    config = build.config
    return {
        **asdict(config.evaluate),
        **build.data.identity("validation", "test"),
        "given_labels": list(config.teacher.labels),
        "max_length": config.data.max_length,
        "seed": config.seed,
    }


def run(job: Job) -> dict[str, Any]:
    """Answer validation and test with every model; rank 0 scores. The folder ``logits`` keeps the answers."""
    build = job.build
    splits = [split for split in ("validation", "test") if split in build.data.splits]
    for who, name in models(build).items():
        for split in splits:
            answers.write(build, name, job.inputs, split, logits_folder(job.folder, who, split))
    return _score(job, splits) if build.ranks.rank == 0 else {}


def logits_folder(folder: Path, who: str, split: str) -> Path:
    """Where the stage keeps a model's answers to a split."""
    return folder / "logits" / who / split


def _score(job: Job, splits: list[str]) -> dict[str, Any]:
    build, split = job.build, splits[-1]
    logits: Logits = {who: {} for who in models(build)}
    for who, name in models(build).items():
        for each in splits:
            made_by = answers.identity(build, name, job.inputs)
            store = TeacherStore(logits_folder(job.folder, who, each), made_by)
            logits[who][each] = store.logits(torch.tensor(build.data.splits[each]["key"]))
    labels = {each: torch.tensor(build.data.splits[each]["label"]) for each in splits}
    described = {who: _described(job, who, logits[who], labels) for who in logits}
    for who, timed in _latency(job).items():
        described[who]["latency_ms"] = timed
    return {
        "models": described,
        "gain": _gain(build, described, logits, labels[split], split),
        "fidelity": _fidelity(build, logits, labels[split], split),
    }


def _described(job: Job, who: str, logits: Mapping[str, Tensor], labels: Mapping[str, Tensor]) -> dict[str, Any]:
    build = job.build
    folder = build.model_folder(models(build)[who], job.inputs)
    config = loading.configuration(folder)
    per_label, scores = METRICS[build.config.task].per_label, {}
    for split, rows in logits.items():
        metrics = build.metrics(sync=False)
        metrics.update(rows, labels[split])
        scores[split] = {name: float(value) for name, value in metrics.compute().items()}
    return {
        "parameters": loading.parameters(loading.model(folder, build.task.HEAD)),
        "bytes": sum(path.stat().st_size for path in folder.glob("*.safetensors")),
        "description": f"{config.model_type}, {config.num_hidden_layers} layers of width {config.hidden_size}",
        "metrics": scores,
        "per_label": {split: per_label(rows, labels[split], build.data.labels) for split, rows in logits.items()},
        "latency_ms": None,
    }


def _gain(
    build: Builder, described: Mapping[str, Any], logits: Logits, labels: Tensor, split: str
) -> dict[str, Any] | None:
    if not {"student", "control"} <= logits.keys():
        return None
    headline, settings = build.headline, build.config.evaluate
    score = {who: models["metrics"][split][headline.name] for who, models in described.items()}
    gain = paired_bootstrap(
        METRICS[build.config.task].headline_score, logits["student"][split].numpy(), logits["control"][split].numpy(),
        labels.numpy(), resamples=settings.resamples, confidence=settings.confidence, seed=build.config.seed,
    )  # fmt: skip
    return {
        "metric": headline.name,
        "mode": headline.mode,
        "split": split,
        "student": score["student"],
        "control": score["control"],
        "difference": gain.difference,
        "confidence": settings.confidence,
        "interval": [gain.lo, gain.hi],
        "gap_closed": gap_closed(score["teacher"], score["student"], score["control"], headline.mode),
    }


def _fidelity(build: Builder, logits: Logits, labels: Tensor, split: str) -> dict[str, Any] | None:
    if "student" not in logits:
        return None
    student, teacher = logits["student"][split], logits["teacher"][split]
    error = METRICS[build.config.task].calibration_error
    return {
        "split": split,
        "agreement": fidelity.agreement(student, teacher),
        "kl": fidelity.kl(student, teacher),
        "calibration_error": {who: error(rows[split], labels) for who, rows in logits.items()},
    }


def _latency(job: Job) -> dict[str, dict[str, float]]:
    """Milliseconds of each model for one tokenised text, on the CPU."""
    build, count = job.build, job.build.config.evaluate.latency_samples
    split = build.data.splits["validation"]
    rows = split.select(range(min(count, len(split))))
    calls = {}
    for who, name in models(build).items() if count else ():
        folder = build.model_folder(name, job.inputs)
        model, tokenizer = loading.model(folder, build.task.HEAD), loading.tokenizer(folder)  # in eval mode
        encoded = build.task.encode(rows[:], tokenizer, build.config.data.max_length)
        inputs = [{key: torch.tensor([values[row]]) for key, values in encoded.items()} for row in range(len(rows))]
        calls[who] = lambda row, model=model, inputs=inputs: outputs(model, inputs[row])
    with torch.inference_mode():
        return latency.interleaved(calls, len(rows))
