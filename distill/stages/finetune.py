"""The teacher: a pretrained model that learns the task from labels."""

from dataclasses import asdict
from typing import Any

import pytorch_lightning as pl

from distill.models import loading, trainable_weights
from distill.stages import supervised
from distill.stages.job import Job, RunSpec

RECIPE = 6


def skipped(spec: RunSpec) -> str | None:
    """Leave it out where a fine-tuned checkpoint is a teacher already."""
    return "the checkpoint is fine-tuned already" if spec.config.teacher.finetuned else None


def needs(spec: RunSpec) -> list[str]:
    """Need the pretrained model."""
    return [spec.decisions.base]


def settings(spec: RunSpec) -> dict[str, Any]:
    """Return training, labels, and the examples."""
    section = spec.config.finetune
    adapted: dict[str, Any] = {
        "frozen_layers": section.frozen_layers,
        "lora": asdict(section.lora) if section.lora.rank else None,
    }
    if section.frozen_layers:
        adapted["frozen"] = "embeddings of every name"
    weights = {"class_weights": spec.config.data.class_weights}
    return {**supervised.settings(spec, section), **weights, **adapted, **spec.data.identity("train", "validation")}


def run(job: Job) -> dict[str, Any]:
    """Fine-tune; the folder ``model`` holds the teacher and its tokenizer."""
    spec, given, setup = job.spec, job.spec.config.finetune, job.spec.setup
    folder = spec.sources.folder(spec.decisions.base, job.inputs)
    tokenizer = spec.sources.tokenizer(folder)
    pl.seed_everything(spec.config.seed, verbose=False)
    model = loading.load_model(
        folder,
        setup.task.head,
        labels=setup.outputs,
        kind=setup.task.kind,
        dropout=given.dropout,
        tokenizer=tokenizer,
        dtype=spec.dtype,
        new_head=True,
    )
    supervised.centre(spec, model)
    if given.frozen_layers:
        trainable_weights.freeze(model, given.frozen_layers)
    if given.lora.rank:
        model = trainable_weights.add_lora(model, setup.task.head, **asdict(given.lora))
    batches = supervised.loaders(job, tokenizer)
    section = supervised.with_length(job, given, batches.train)
    module = supervised.supervised_module(spec, section.settings, model, batches.train)
    return supervised.train(job, section, module, tokenizer, batches, supervised.watched(spec, section.settings))
