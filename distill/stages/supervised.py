"""What the stages that train have in common."""

import functools
import logging
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset, concatenate_datasets
from torch import Tensor, nn
from transformers import PreTrainedModel
from transformers import PreTrainedTokenizerBase as Tokenizer

from distill.base.files import RESUME
from distill.config.schema import DistillConfig
from distill.config.training import TrainingConfig
from distill.data.batching import Batches
from distill.data.quoting import quote
from distill.metrics import Headline
from distill.models import adapt, loading, scratch
from distill.objective import Objective, make_term
from distill.objective.specs import TERM_SPECS
from distill.pipeline.context import Builder
from distill.stages import Job
from distill.tasks.collating import counts
from distill.tasks.features import without_targets
from distill.training import callbacks, length, tracking
from distill.training.finite import Finite
from distill.training.optim import Optimization
from distill.training.supervised import SupervisedModule, TrainingSpec
from distill.training.trainer import fit, resumed_step

log = logging.getLogger(__name__)

_TRAINING = ("max_epochs", "dropout", "optimizer", "scheduler", "early_stopping")
_TRAINER = ("precision", "accumulate_grad_batches", "gradient_clip_val")


def settings(build: Builder, section: TrainingConfig) -> dict[str, Any]:
    """All that can change what a training stage ends with, besides its inputs and its texts."""
    config = build.config
    data = {name: getattr(config.data, name) for name in ("batch_size", "batch_tokens")}
    trainer = {name: getattr(config.trainer, name) for name in _TRAINER}
    training = {name: value for name, value in asdict(section).items() if name in _TRAINING}
    training["optimizer"]["lr"] = _rate(build, section)
    if length.may_be_short(build, section):
        training["min_steps"] = section.min_steps
    return {
        "seed": config.seed,
        "world": build.world,
        "task": config.task,
        **build.lengths,
        **data,
        **trainer,
        **training,
    }


_RATES = {(False, False): 1e-3, (False, True): 5e-5, (True, False): 1e-3, (True, True): 1e-4}
"""The learning rate of whether it is a student, and whether its weights come from a trained model; what a run itself
pretrains from random weights has seen too little to count as one."""


def _rate(build: Builder, section: TrainingConfig) -> float:
    """The learning rate that is given, or else one that fits the weights."""
    student, config = isinstance(section, DistillConfig), build.config
    learnt = config.student.init not in ("random", "bilstm") if student else config.teacher.model is not None
    return section.optimizer.lr or _RATES[student, learnt]


def optimization(build: Builder, section: TrainingConfig, batches: Batches) -> Optimization:
    """How a stage moves its weights over its epochs of ``batches``."""
    steps = len(batches) // build.config.trainer.accumulate_grad_batches * section.max_epochs
    optimizer, scheduler = section.optimizer, section.scheduler
    return Optimization(
        optimizer=optimizer.name, lr=_rate(build, section), weight_decay=optimizer.weight_decay,
        momentum=optimizer.momentum, scheduler=scheduler.name, warmup=scheduler.warmup, steps=steps,
        fused=build.config.trainer.precision.endswith("-true"),
    )  # fmt: skip


def centre(build: Builder, model: PreTrainedModel) -> PreTrainedModel:
    """A model whose head is new and begins at what train says of any text: the mean score, or how frequent a label is.

    The latter is the prior of Lin et al. 2017; else a short training does little but push all labels down.
    """
    if build.task.kind == "class":
        return model
    labels = torch.tensor(build.data.splits["train"]["label"][:])
    if build.task.kind == "score":
        scratch.begin_at(model, labels.mean().unsqueeze(0))
    else:  # none is so rare, or so frequent, that its odds are 0 or beyond all numbers
        scratch.begin_at(model, ((labels.sum(0) + 0.5) / (len(labels) + 1)).logit())
    return model


def hard(build: Builder) -> nn.Module:
    """The loss of the task's labels."""
    return make_term(TERM_SPECS["hard"].implemented_by(build.task.kind), {"weights": class_weights(build)})


def class_weights(build: Builder) -> list[float] | None:
    """What each class counts in the loss of the labels: by its rarity where the settings say so, else all alike."""
    if build.task.kind != "class" or build.config.data.class_weights == "none":
        return None
    weights: list[float] = _balanced(build).tolist()
    return weights


def _balanced(build: Builder) -> Tensor:
    """A weight for each class, so that all weigh the same together and an example weighs 1 on average."""
    labels = build.data.splits["train"]["label"]
    flat = [label for each in labels for label in (each if isinstance(each, list) else [each])]
    found = torch.bincount(torch.tensor(flat), minlength=len(build.data.labels)).float()
    return len(flat) / (found.clamp(min=1) * (found > 0).sum())


def learner(
    build: Builder, section: TrainingConfig, model: PreTrainedModel, batches: Batches
) -> tuple[SupervisedModule, Headline]:
    """A model that learns from labels alone, and the metric that is watched."""
    made, watched = recipe(build, section, batches, model)
    return SupervisedModule(model, Objective({"hard": hard(build)}, {"hard": 1.0}), made), watched


def recipe(
    build: Builder, section: TrainingConfig, batches: Batches, model: PreTrainedModel
) -> tuple[TrainingSpec, Headline]:
    """How a module of this stage is trained and scored, and the metric that is watched."""
    widths = {"labels": len(build.data.labels) or 1, "tokens": build.form.max_length}
    classes = widths.get(build.task.class_axis, model.config.vocab_size)
    metrics, watched = build.metrics.collection(classes), build.metrics.WATCHED
    return TrainingSpec(build.align, metrics, optimization(build, section, batches), build.config.seed), watched


def batches(
    build: Builder,
    tokenizer: Tokenizer,
    teacher: Tokenizer | None = None,
    rows: Dataset | None = None,
    unlabelled: Dataset | None = None,
) -> tuple[Batches, Any]:
    """The task's batches of train and of validation; with ``teacher_*`` inputs where the teacher reads other tokens.

    ``rows`` take the place of train where they are given; ``unlabelled`` ones are mixed with them.
    """
    features = build.encoded(build.data.splits["train"] if rows is None else rows, tokenizer, teacher)
    _tell_cut(build, features, "train")
    if unlabelled is not None:
        more = build.encoded(unlabelled, tokenizer, teacher)
        targets = without_targets(more[:], build.task.kind, len(build.data.labels))
        more = more.add_column("targets", targets, feature=features.features["targets"])
        features = concatenate_datasets([features, more])
    scored = build.encoded(build.data.splits["validation"], tokenizer)
    train = build.training_batches(features, build.collate(tokenizer, teacher), counts(features[:]))
    return train, build.scoring_batches(scored, build.collate(tokenizer))


def readable(build: Builder, tokenizer: Tokenizer) -> None:
    """Read what is scored at the end, so that what cannot be read is refused before anything is trained.

    Raises:
        DataError: an example of test cannot be read.
    """
    if "test" in build.data.splits:
        _tell_cut(build, build.encoded(build.data.splits["test"], tokenizer), "test")


def _tell_cut(build: Builder, features: Dataset, split: str) -> None:
    """Say how many examples lost something to the limits of length."""
    if "cut" not in features.column_names:
        return
    firsts = [cut for cut, first in zip(features["cut"], features["first"], strict=True) if not first]
    room = " and ".join(f"data.{name}={length}" for name, length in build.lengths.items())
    said = f"answers of {split} stand in no window whole" if build.task.windows else f"examples of {split} do not fit"
    if (cut := sum(firsts)) and build.ranks.rank == 0:
        lost = "" if build.task.windows else " and are cut"
        say_once(build.folder, f"{cut:,} of {len(firsts):,} {said}{lost}: {room} tokens")


@functools.cache
def say_once(run: Path, sentence: str) -> None:
    """Log a sentence once for each ``run``, whichever of its stages and teachers say it."""
    log.info("%s", sentence)


def train(
    job: Job,
    section: TrainingConfig,
    module: SupervisedModule,
    tokenizer: Tokenizer,
    batches: tuple[Any, Any],
    headline: Headline,
    validate_every: int = 1,
) -> dict[str, Any]:
    """Train to the end, from wherever an earlier try had got to; the folder ``model`` holds model and tokenizer.

    Args:
        job: whose folder takes the curves and, while it lasts, the checkpoints.
        section: its settings.
        module: what learns.
        tokenizer: saved with its model.
        batches: of train, and of validation.
        headline: the metric that early stopping watches.
        validate_every: epochs from one validation to the next.

    Returns:
        What it took: optimiser steps and epochs.
    """
    build, resume = job.build, job.folder / RESUME
    watched = []
    if (patience := section.early_stopping.patience) is not None:
        monitor, delta = f"validation/{headline.name}", section.early_stopping.min_delta
        watched = callbacks.keep_best(resume, monitor, headline.mode, patience, delta)
    keep = callbacks.Resume(resume, build.config.checkpoint.every_n_train_steps)
    loggers = [tracking.CurvesLogger(job.folder, resumed_step(resume)), *_wandb(build, job.title)]
    finite = Finite(job.title, _rate_setting(job), functools.partial(quote, build))
    trainer = build.trainer(
        max_epochs=section.max_epochs, validate_every=validate_every, loggers=loggers, folder=job.folder,
        callbacks=[finite, callbacks.Narrator(job.title), *watched, keep],
    )  # fmt: skip
    with tracking.closing(loggers):
        fit(trainer, module, *batches, resume)
    model = adapt.merge(module.model)
    if build.ranks.rank == 0:
        loading.save(model, tokenizer, job.folder / "model")
    return {"steps": trainer.global_step, "epochs": trainer.current_epoch, "parameters": loading.parameters(model)}


def _rate_setting(job: Job) -> str:
    """The setting of a stage's learning rate; the control has the student's."""
    stage = job.title.partition(":")[0]
    return f"{'distill' if stage == 'control' else stage}.optimizer.lr"


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
