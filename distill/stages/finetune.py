"""The teacher: a pretrained model that learns the task from labels."""

from typing import Any

import pytorch_lightning as pl

from distill.build import Builder
from distill.losses import Hard, Objective
from distill.models import loading
from distill.stages import Job, training
from distill.training.learner import Learner

RECIPE = 1


def skipped(build: Builder) -> str | None:
    """A fine-tuned checkpoint is a teacher already."""
    return "the checkpoint is fine-tuned already" if build.config.teacher.finetuned else None


def needs(build: Builder) -> list[str]:
    """The pretrained model."""
    return [build.base]


def settings(build: Builder) -> dict[str, Any]:
    """Training, labels, and the examples."""
    return {**training.settings(build, build.config.finetune), **build.data.identity("train", "validation")}


def run(job: Job) -> dict[str, Any]:
    """Fine-tune; the folder ``model`` holds the teacher and its tokenizer."""
    build, section = job.build, job.build.config.finetune
    folder = build.model_folder(build.base, job.inputs)
    tokenizer = loading.tokenizer(folder)
    pl.seed_everything(build.config.seed, verbose=False)
    model = loading.model(folder, build.task.HEAD, labels=build.data.labels, dropout=section.dropout)
    batches = training.batches(build, tokenizer)
    objective = Objective({"hard": Hard()}, {"hard": 1.0})
    learner = Learner(model, objective, training.recipe(build, section, batches[0], build.task.align, build.metrics()))
    return training.train(job, "finetune", section, learner, tokenizer, batches, build.headline)
