"""The teacher: a pretrained model that learns the task from labels."""

from dataclasses import asdict
from typing import Any

import pytorch_lightning as pl

from distill.models import adapt, loading
from distill.pipeline.context import Builder
from distill.stages import Job, supervised
from distill.training import length

RECIPE = 6


def skipped(build: Builder) -> str | None:
    """A fine-tuned checkpoint is a teacher already."""
    return "the checkpoint is fine-tuned already" if build.config.teacher.finetuned else None


def needs(build: Builder) -> list[str]:
    """The pretrained model."""
    return [build.base]


def settings(build: Builder) -> dict[str, Any]:
    """Training, labels, and the examples."""
    section = build.config.finetune
    adapted: dict[str, Any] = {
        "frozen_layers": section.frozen_layers,
        "lora": asdict(section.lora) if section.lora.rank else None,
    }
    if section.frozen_layers:
        adapted["frozen"] = "embeddings of every name"
    weights = {"class_weights": build.config.data.class_weights}
    return {**supervised.settings(build, section), **weights, **adapted, **build.data.identity("train", "validation")}


def run(job: Job) -> dict[str, Any]:
    """Fine-tune; the folder ``model`` holds the teacher and its tokenizer."""
    build, given = job.build, job.build.config.finetune
    folder = build.model_folder(build.base, job.inputs)
    tokenizer = build.tokenizer(folder)
    pl.seed_everything(build.config.seed, verbose=False)
    model = loading.load_model(
        folder, build.task.head, labels=build.outputs, kind=build.task.kind, dropout=given.dropout,
        tokenizer=tokenizer, dtype=build.dtype, new_head=True,
    )  # fmt: skip
    supervised.centre(build, model)
    if given.frozen_layers:
        adapt.freeze(model, given.frozen_layers)
    if given.lora.rank:
        model = adapt.add_lora(model, build.task.head, **asdict(given.lora))
    batches = supervised.batches(build, tokenizer)
    supervised.readable(build, tokenizer)
    section, every = length.of(build, given, batches[0], job.title)
    learner, watched = supervised.learner(build, section, model, batches[0])
    return supervised.train(job, section, learner, tokenizer, batches, watched, every)
