"""Settle the hyperparameters of a stage that trains: its length, learning rate, patience and optimiser."""

import logging
from dataclasses import asdict, replace
from typing import NamedTuple

from distill.config.adapting import AdaptingConfig
from distill.config.distillation import DistillConfig
from distill.config.finetune import FinetuneConfig
from distill.config.pretrain import PretrainConfig
from distill.config.schema import Config
from distill.config.training import TrainingConfig
from distill.data.batching import Batches
from distill.metrics import Headline
from distill.objective.settings import shares
from distill.stages.job import Job, RunSpec, StageSettings
from distill.student import student_kind
from distill.training.optim import Optimization
from distill.training.training_length import training_length

log = logging.getLogger(__name__)

_TRAINING = ("max_epochs", "dropout", "optimizer", "scheduler", "early_stopping")
_TRAINER = ("precision", "accumulate_grad_batches", "gradient_clip_val")
_STEPS = {False: 600, True: 300}
"""The fewest optimiser steps of whether the teacher is pretrained, unless the settings say how many."""
_STEPS_OF_PRETRAINING = 1500
_PATIENCE_OF_PRETRAINING = 3
_RATES_OF_TEACHERS = {False: 1e-3, True: 5e-5}
"""The learning rate of pretraining and fine-tuning, by whether the weights come from a trained model; what a run itself
pretrains from random weights has seen too little to count as one."""

_RATES_OF_PARTS = {"lora": 5e-4, "ia3": 5e-3, "prefix": 5e-3, "prompt": 5e-3, "bias": 1e-3, "body": 1e-3}
"""The least learning rate of the few numbers that learn where the weights stay as they are."""
_FAR_BELOW = 5.0
"""How many times lower than that a rate is with which they hardly move."""


class Section(NamedTuple):
    """A stage's training settings with its number of epochs, and the epochs from one validation to the next."""

    settings: TrainingConfig
    validate_every: int = 1


def settings(spec: RunSpec, section: TrainingConfig) -> StageSettings:
    """Return all that can change the result of a training stage, besides its inputs and its texts."""
    config = spec.config
    data = {name: getattr(config.data, name) for name in ("batch_size", "batch_tokens")}
    trained = {name: getattr(config.trainer, name) for name in _TRAINER}
    training = {name: value for name, value in asdict(section).items() if name in _TRAINING}
    training["optimizer"]["lr"] = learning_rate(config, section)
    if _min_steps_may_count(spec, section):
        training["min_steps"] = min_steps(config, section)
        if isinstance(section, PretrainConfig):
            training["patience"] = _patience(section, section.max_epochs)
    if config.trainer.compile:  # which rounds otherwise, and draws other dropout
        training["compile"] = True
    if config.trainer.on_nonfinite != "stop":  # a step that was left out has moved nothing
        training["on_nonfinite"] = config.trainer.on_nonfinite
    head = {"seed": config.seed, "world": spec.world, "task": config.task}
    if not _counts_micro_batches(section):  # then it is the same who computes a part of the step, and when
        head["world"], trained["accumulate_grad_batches"] = spec.world * trained["accumulate_grad_batches"], 1
    return {**head, **spec.setup.limits, **data, **trained, **training, **_another_is_watched(spec, section)}


def _counts_micro_batches(section: TrainingConfig) -> bool:
    """Return whether the result depends on how many parts of a step one process computes after each other.

    Shares follow the gradient of its first part, and ranges of 8 bits move with each.
    """
    return isinstance(section, DistillConfig) and (bool(shares(section)) or section.quantization != "none")


def _another_is_watched(spec: RunSpec, section: TrainingConfig) -> StageSettings:
    """Return the metric that early stopping watches, if the leading metric makes it another one."""
    if spec.config.metric is None or isinstance(section, PretrainConfig):
        return {}
    stops = section.early_stopping.patience is not None or _min_steps_may_count(spec, section)
    name = spec.leading.watched.name
    return {"watched": name} if stops and name != spec.metrics.WATCHED.name else {}


def watched(spec: RunSpec, section: TrainingConfig) -> Headline:
    """Return the metric that early stopping watches; a stage without early stopping is the same whatever leads."""
    return spec.metrics.WATCHED if section.early_stopping.patience is None else spec.leading.watched


def _min_steps_may_count(spec: RunSpec, section: TrainingConfig) -> bool:
    """Return whether ``min_steps`` may count; a row makes one feature or more, and so do texts without labels.

    How many blocks texts make is only known once they are packed.
    """
    config = spec.config
    if isinstance(section, PretrainConfig) and section.packs:
        return True
    a_step = config.data.batch_size * spec.world * config.trainer.accumulate_grad_batches
    return len(spec.data.splits["train"]) // a_step * section.max_epochs < min_steps(config, section)


def learning_rate(config: Config, section: TrainingConfig) -> float:
    """Return the learning rate of the settings, or else one that fits the weights."""
    if section.optimizer.lr is not None:
        return section.optimizer.lr
    if isinstance(section, DistillConfig):
        usual = student_kind(config.student.init).learning_rate
    else:
        usual = _RATES_OF_TEACHERS[config.teacher.model is not None]
    if not isinstance(section, AdaptingConfig):
        return usual
    return max(usual, _RATES_OF_PARTS.get(_part(section), 0.0))


def _part(section: AdaptingConfig) -> str:
    """Return what few numbers learn: adapters of a kind, or all but the body; else the settings' ``none``."""
    return "body" if section.frozen == "body" else section.peft


def too_low_for_few_numbers(section: FinetuneConfig | DistillConfig, key: str) -> str | None:
    """Return what to say of a given learning rate with which the few numbers that learn hardly move; none of others."""
    usual, given = _RATES_OF_PARTS.get(_part(section)), section.optimizer.lr
    if usual is None or given is None or given * _FAR_BELOW > usual:
        return None
    part = "frozen=body" if section.frozen == "body" else f"peft={section.peft}"
    return (
        f"{key}.optimizer.lr={given:g}: with {key}.{part} few numbers learn, which takes {usual:g} or so; "
        f"{key}.optimizer.lr=null takes that"
    )


def min_steps(config: Config, section: TrainingConfig) -> int:
    """Return the fewest optimiser steps of a stage, by the settings, or else by what its weights need."""
    if section.min_steps is not None:
        return section.min_steps
    if isinstance(section, PretrainConfig):
        return _STEPS_OF_PRETRAINING
    return _STEPS[config.teacher.model is not None]


def with_length(job: Job, section: TrainingConfig, train: Batches, as_long_as: Batches | None = None) -> Section:
    """Return the section with as many epochs as are set, or as ``min_steps`` take; of the latter the best is kept.

    Args:
        job: the stage that trains.
        section: its settings.
        train: the batches of its epochs.
        as_long_as: batches of other texts, whose steps it takes as nearly as whole epochs of its own allow; none: its
            own.
    """
    whole, validate_every = _with_length(job, section, as_long_as or train)
    if as_long_as is None or len(as_long_as) == len(train):
        return Section(whole, validate_every)
    return Section(replace(whole, max_epochs=round(whole.max_epochs * len(as_long_as) / len(train))), validate_every)


def _with_length(job: Job, section: TrainingConfig, train: Batches) -> Section:
    steps = len(train) // job.spec.config.trainer.accumulate_grad_batches
    epochs, validate_every = training_length(section.max_epochs, min_steps(job.spec.config, section), steps)
    if epochs == section.max_epochs:
        return Section(section)
    if job.context.ranks.rank == 0:
        interval = f", with a validation after every {validate_every}" if validate_every > 1 else ""
        lengths = f"{epochs} epochs instead of {section.max_epochs}"
        log.info("%s: %s, for min_steps=%d%s", job.title, lengths, min_steps(job.spec.config, section), interval)
    stopping = section.early_stopping
    if stopping.patience is None:
        stopping = replace(stopping, patience=_patience(section, epochs))
    return Section(replace(section, max_epochs=epochs, early_stopping=stopping), validate_every)


def _patience(section: TrainingConfig, epochs: int) -> int:
    """Return the validations without improvement that end training.

    Pretraining has few: it soon knows little text by heart. Student and control go on to the end, so that they take as
    many steps as each other; so does their teacher.
    """
    return _PATIENCE_OF_PRETRAINING if isinstance(section, PretrainConfig) else epochs


def optimization(config: Config, section: TrainingConfig, train: Batches) -> Optimization:
    """Return how the optimiser moves the weights of a stage over its epochs of ``train``."""
    return Optimization(
        optimizer=section.optimizer.name,
        lr=learning_rate(config, section),
        weight_decay=section.optimizer.weight_decay,
        momentum=section.optimizer.momentum,
        scheduler=section.scheduler.name,
        warmup=section.scheduler.warmup,
        steps=len(train) // config.trainer.accumulate_grad_batches * section.max_epochs,
        fused=config.trainer.precision != "16-mixed",
    )
