"""What the stages that train have in common."""

from dataclasses import asdict
from typing import Any

from torchmetrics import MetricCollection
from transformers import PreTrainedTokenizerBase as Tokenizer

from distill.build import Builder
from distill.config.training import TrainingConfig
from distill.data.batching import Batches
from distill.metrics import Headline
from distill.models import adapt, loading
from distill.stages import Job
from distill.store import RESUME
from distill.training import callbacks, tracking
from distill.training.learner import Align, Learner, Recipe
from distill.training.trainer import fit, resumed_step

_TRAINING = ("max_epochs", "dropout", "optimizer", "scheduler", "early_stopping")
_TRAINER = ("precision", "accumulate_grad_batches", "gradient_clip_val")


def settings(build: Builder, section: TrainingConfig) -> dict[str, Any]:
    """All that can change what a training stage ends with, besides its inputs and its texts."""
    config = build.config
    data = {name: getattr(config.data, name) for name in ("max_length", "batch_size", "batch_tokens")}
    trainer = {name: getattr(config.trainer, name) for name in _TRAINER}
    training = {name: value for name, value in asdict(section).items() if name in _TRAINING}
    return {"seed": config.seed, "world": build.world, **data, **trainer, **training}


def recipe(
    build: Builder, section: TrainingConfig, batches: Batches, align: Align, metrics: MetricCollection
) -> Recipe:
    """How a module of this stage is trained and scored."""
    return Recipe(align, metrics, build.optimization(section, batches), build.config.seed)


def batches(build: Builder, tokenizer: Tokenizer, teacher: Tokenizer | None = None) -> tuple[Batches, Any]:
    """The task's batches of train and of validation; with ``teacher_*`` inputs where the teacher reads other tokens."""
    train, collate = build.encoded("train", tokenizer, teacher), build.collate(tokenizer, teacher)
    validation = build.scoring_batches(build.encoded("validation", tokenizer), build.collate(tokenizer))
    return build.training_batches(train, collate, build.task.counts(train)), validation


def train(
    job: Job,
    stage: str,
    section: TrainingConfig,
    module: Learner,
    tokenizer: Tokenizer,
    batches: tuple[Any, Any],
    headline: Headline,
) -> dict[str, Any]:
    """Train to the end, from wherever an earlier try had got to; the folder ``model`` holds model and tokenizer.

    Args:
        job: whose folder takes the curves and, while it lasts, the checkpoints.
        stage: its name.
        section: its settings.
        module: what learns.
        tokenizer: saved with its model.
        batches: of train, and of validation.
        headline: the metric that early stopping watches.

    Returns:
        What it took: optimiser steps and epochs.
    """
    build, resume = job.build, job.folder / RESUME
    watched = []
    if (patience := section.early_stopping.patience) is not None:
        monitor, delta = f"validation/{headline.name}", section.early_stopping.min_delta
        watched = callbacks.keep_best(resume, monitor, headline.mode, patience, delta)
    keep = callbacks.Resume(resume, build.config.checkpoint.every_n_train_steps)
    loggers = [tracking.CurvesLogger(job.folder, resumed_step(resume)), *_wandb(build, stage)]
    trainer = build.trainer(
        max_epochs=section.max_epochs, callbacks=[callbacks.Narrator(stage), *watched, keep], loggers=loggers,
        folder=job.folder,
    )  # fmt: skip
    fit(trainer, module, *batches, resume)
    tracking.finish(loggers)
    model = adapt.merge(module.model)
    if build.ranks.rank == 0:
        loading.save(model, tokenizer, job.folder / "model")
    return {"steps": trainer.global_step, "epochs": trainer.current_epoch, "parameters": loading.parameters(model)}


def _wandb(build: Builder, stage: str) -> list[Any]:
    if build.wandb == "disabled" or build.ranks.rank != 0:
        return []
    where = build.config.tracking
    group = f"{build.config.name}-{build.folder.name}"
    made = tracking.wandb_logger(
        build.wandb, build.folder, project=where.project, entity=where.entity, group=group, stage=stage,
        settings=asdict(build.config),
    )  # fmt: skip
    return [made]
