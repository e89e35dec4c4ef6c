"""What the stages that train have in common."""

import logging
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, NamedTuple

import pytorch_lightning as pl
import torch
from datasets import Dataset, concatenate_datasets
from pytorch_lightning.callbacks import Callback
from pytorch_lightning.loggers import Logger
from torch import Tensor
from torch.utils.data import DataLoader
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from distill.base.files import RESUME
from distill.base.per_object_cache import computed_once
from distill.config.distillation import DistillConfig
from distill.config.pretrain import PretrainConfig
from distill.config.schema import Config
from distill.config.training import TrainingConfig
from distill.data.batching import Batches
from distill.metrics import Headline
from distill.models import from_scratch, loading, trainable_weights
from distill.objective import Objective, make_term
from distill.objective.specs import TERM_SPECS
from distill.stages.job import Job, RunSpec
from distill.stages.passes import shows_progress
from distill.student import student_kind
from distill.tasks.collating import counts
from distill.tasks.features import without_targets
from distill.training import callbacks, tracking
from distill.training.finite_checks import FiniteChecks
from distill.training.optim import Optimization
from distill.training.supervised import SupervisedModule, TrainingSpec
from distill.training.tracking import read_curves
from distill.training.trainer import TrainerSettings, device_count, fit, resumed_step, trainer
from distill.training.training_length import training_length

log = logging.getLogger(__name__)

_TRAINING = ("max_epochs", "dropout", "optimizer", "scheduler", "early_stopping")
_TRAINER = ("precision", "accumulate_grad_batches", "gradient_clip_val")
_STEPS = {False: 600, True: 300}
"""The fewest optimiser steps of whether the teacher is pretrained, unless the settings say how many."""
_STEPS_OF_PRETRAINING = 1500
_PATIENCE_OF_PRETRAINING = 3
_FEWEST_SCORES = 2
"""Validations from which on a rise can be told."""
_RATES = {(False, False): 1e-3, (False, True): 5e-5, (True, False): 1e-3, (True, True): 1e-4}
"""The learning rate of whether it is a student, and whether its weights come from a trained model; what a run itself
pretrains from random weights has seen too little to count as one."""


class Loaders(NamedTuple):
    """What a stage trains on, what it is validated on after an epoch, and what there is to say of both."""

    train: Batches
    validation: DataLoader[Any]
    notes: tuple[str, ...] = ()


class Section(NamedTuple):
    """A stage's training settings with the epochs that it takes, and the epochs from one validation to the next."""

    settings: TrainingConfig
    validate_every: int = 1


def settings(spec: RunSpec, section: TrainingConfig) -> dict[str, Any]:
    """Return all that can change what a training stage ends with, besides its inputs and its texts."""
    config = spec.config
    data = {name: getattr(config.data, name) for name in ("batch_size", "batch_tokens")}
    trained = {name: getattr(config.trainer, name) for name in _TRAINER}
    training = {name: value for name, value in asdict(section).items() if name in _TRAINING}
    training["optimizer"]["lr"] = learning_rate(config, section)
    if _min_steps_may_count(spec, section):
        training["min_steps"] = min_steps(config, section)
        if isinstance(section, PretrainConfig):
            training["patience"] = _patience(section, section.max_epochs)
    head = {"seed": config.seed, "world": spec.world, "task": config.task}
    return {**head, **spec.setup.limits, **data, **trained, **training, **_another_is_watched(spec, section)}


def _another_is_watched(spec: RunSpec, section: TrainingConfig) -> dict[str, Any]:
    """The metric that early stopping watches, if the one that leads makes it another."""
    if spec.config.metric is None or isinstance(section, PretrainConfig):
        return {}
    stops = section.early_stopping.patience is not None or _min_steps_may_count(spec, section)
    name = spec.leading.watched.name
    return {"watched": name} if stops and name != spec.metrics.WATCHED.name else {}


def watched(spec: RunSpec, section: TrainingConfig) -> Headline:
    """Return the metric that early stopping watches; a stage without early stopping is the same whatever leads."""
    return spec.metrics.WATCHED if section.early_stopping.patience is None else spec.leading.watched


def _min_steps_may_count(spec: RunSpec, section: TrainingConfig) -> bool:
    """Whether ``min_steps`` may count; a row of the data makes one feature or more, and so do texts without labels."""
    config = spec.config
    a_step = config.data.batch_size * spec.world * config.trainer.accumulate_grad_batches
    return len(spec.data.splits["train"]) // a_step * section.max_epochs < min_steps(config, section)


def learning_rate(config: Config, section: TrainingConfig) -> float:
    """Return the learning rate that is given, or else one that fits the weights."""
    is_student = isinstance(section, DistillConfig)
    learnt = student_kind(config.student.init).has_learnt if is_student else config.teacher.model is not None
    return section.optimizer.lr or _RATES[is_student, learnt]


def min_steps(config: Config, section: TrainingConfig) -> int:
    """Return the optimiser steps that a stage takes at least: those that are given, or else what its weights need."""
    if section.min_steps is not None:
        return section.min_steps
    if isinstance(section, PretrainConfig):
        return _STEPS_OF_PRETRAINING
    return _STEPS[config.teacher.model is not None]


def with_length(job: Job, section: TrainingConfig, train: Batches) -> Section:
    """Let a stage train as many epochs as it is given, or as ``min_steps`` take; of the latter the best is kept."""
    steps = len(train) // job.spec.config.trainer.accumulate_grad_batches
    epochs, every = training_length(section.max_epochs, min_steps(job.spec.config, section), steps)
    if epochs == section.max_epochs:
        return Section(section)
    if job.context.ranks.rank == 0:
        often = f", with a validation after every {every}" if every > 1 else ""
        instead = f"{epochs} epochs instead of {section.max_epochs}"
        log.info("%s: %s, for min_steps=%d%s", job.title, instead, min_steps(job.spec.config, section), often)
    stopping = section.early_stopping
    if stopping.patience is None:
        stopping = replace(stopping, patience=_patience(section, epochs))
    return Section(replace(section, max_epochs=epochs, early_stopping=stopping), every)


def _patience(section: TrainingConfig, epochs: int) -> int:
    """Validations without improvement: few of pretraining, which soon knows little text by heart.

    Student and control go on to the end, so that they take as many steps as each other; so does their teacher.
    """
    return _PATIENCE_OF_PRETRAINING if isinstance(section, PretrainConfig) else epochs


def optimization(config: Config, section: TrainingConfig, train: Batches) -> Optimization:
    """Return how a stage moves its weights over its epochs of ``train``."""
    return Optimization(
        optimizer=section.optimizer.name,
        lr=learning_rate(config, section),
        weight_decay=section.optimizer.weight_decay,
        momentum=section.optimizer.momentum,
        scheduler=section.scheduler.name,
        warmup=section.scheduler.warmup,
        steps=len(train) // config.trainer.accumulate_grad_batches * section.max_epochs,
        fused=config.trainer.precision.endswith("-true"),
    )


def centre(spec: RunSpec, model: PreTrainedModel) -> PreTrainedModel:
    """Let a new head begin at what train says of any text: the mean score, or how frequent a label is.

    The latter is the prior of Lin et al. 2017; else a short training does little but push all labels down.
    """
    kind = spec.setup.task.kind
    if kind == "class":
        return model
    labels = torch.tensor(spec.data.splits["train"]["label"][:])
    if kind == "score":
        from_scratch.initialize_output_bias(model, labels.mean().unsqueeze(0))
    else:  # none is so rare, or so frequent, that its odds are 0 or beyond all numbers
        from_scratch.initialize_output_bias(model, ((labels.sum(0) + 0.5) / (len(labels) + 1)).logit())
    return model


def class_weights(spec: RunSpec) -> list[float] | None:
    """Return what each class counts in the loss of the labels: by its rarity where the settings say so, else none."""
    if spec.setup.task.kind != "class" or spec.config.data.class_weights == "none":
        return None
    weights: list[float] = _balanced(spec).tolist()
    return weights


def _balanced(spec: RunSpec) -> Tensor:
    """A weight for each class, so that all weigh the same together and an example weighs 1 on average."""
    labels = spec.data.splits["train"]["label"]
    flat = [label for row in labels for label in (row if isinstance(row, list) else [row])]
    found = torch.bincount(torch.tensor(flat), minlength=len(spec.data.labels)).float()
    return len(flat) / (found.clamp(min=1) * (found > 0).sum())


def supervised_module(
    spec: RunSpec, section: TrainingConfig, model: PreTrainedModel, train: Batches
) -> SupervisedModule:
    """Pair a model with the loss of the task's labels."""
    hard = make_term(TERM_SPECS["hard"].implemented_by(spec.setup.task.kind), {"weights": class_weights(spec)})
    return SupervisedModule(model, Objective({"hard": hard}, {"hard": 1.0}), training_spec(spec, section, model, train))


def training_spec(spec: RunSpec, section: TrainingConfig, model: PreTrainedModel, train: Batches) -> TrainingSpec:
    """Return how the module of a stage is trained and scored."""
    metrics = spec.metrics.collection(spec.setup.classes or model.config.vocab_size)
    return TrainingSpec(spec.setup.align, metrics, optimization(spec.config, section, train), spec.config.seed)


def loaders(
    job: Job,
    tokenizer: PreTrainedTokenizerBase,
    teacher: PreTrainedTokenizerBase | None = None,
    rows: Dataset | None = None,
    unlabelled: Dataset | None = None,
) -> Loaders:
    """Return batches of train and of validation.

    Args:
        job: whose examples are read.
        tokenizer: of the model that learns.
        teacher: the teacher's tokenizer where it reads other tokens; there are ``teacher_*`` inputs then.
        rows: take the place of train where they are given.
        unlabelled: examples that are mixed with those of train.

    Raises:
        DataError: an example of train, validation or test cannot be read.
    """
    spec, examples = job.spec, job.examples
    features = examples.encode(spec.data.splits["train"] if rows is None else rows, tokenizer, teacher)
    notes = _cut(job, features, "train")
    if unlabelled is not None:
        more = examples.encode(unlabelled, tokenizer, teacher)
        targets = without_targets(more[:], spec.setup.task.kind, len(spec.data.labels))
        more = more.add_column("targets", targets, feature=features.features["targets"])
        features = concatenate_datasets([features, more])
    scored = examples.encode(spec.data.splits["validation"], tokenizer)
    train = examples.training_batches(features, examples.collate(tokenizer, teacher), counts(features[:]))
    if "test" in spec.data.splits:  # read before anything is trained, so that what cannot be read is refused
        notes += _cut(job, examples.encode(spec.data.splits["test"], tokenizer), "test")
    return Loaders(train, examples.scoring_batches(scored, examples.collate(tokenizer)), tuple(notes))


def _cut(job: Job, features: Dataset, split: str) -> list[str]:
    """Say how many examples lost something to the limits of length; in the log once a run, whichever stage sees it."""
    if "cut" not in features.column_names:
        return []
    windows = job.spec.setup.task.windows
    cut_of_examples = [cut for cut, first in zip(features["cut"], features["first"], strict=True) if not first]
    room = " and ".join(f"data.{name}={length}" for name, length in job.spec.setup.limits.items())
    what = f"answers of {split} stand in no window whole" if windows else f"examples of {split} do not fit"
    if not (cut := sum(cut_of_examples)):
        return []
    lost = "" if windows else " and are cut"
    sentence = f"{cut:,} of {len(cut_of_examples):,} {what}{lost}: {room} tokens"
    if job.context.ranks.rank == 0:
        computed_once(job.context, ("said", sentence), lambda: log.info("%s", sentence))
    return [sentence]


def make_trainer(
    config: Config,
    *,
    max_epochs: int | None = None,
    validate_every: int = 1,
    callbacks: Sequence[Callback] = (),
    loggers: Sequence[Logger] = (),
    folder: Path | None = None,
) -> pl.Trainer:
    """Make Lightning's Trainer of the settings; without ``max_epochs`` one that trains nothing.

    Only what trains takes part in mixed precision: a model is scored as its users will run it.
    """
    given = asdict(config.trainer)
    given["devices"] = device_count(given["accelerator"], given["devices"])
    if max_epochs is None:
        given["precision"] = "32-true"
    given["enable_progress_bar"] = shows_progress(config)
    return trainer(
        TrainerSettings(**given),
        max_epochs=max_epochs or 1,
        validate_every=validate_every,
        callbacks=callbacks,
        loggers=loggers,
        folder=folder,
    )


def train(
    job: Job,
    section: Section,
    module: SupervisedModule,
    tokenizer: PreTrainedTokenizerBase,
    batches: Loaders,
    headline: Headline,
) -> dict[str, Any]:
    """Train to the end, from wherever an earlier try had got to; the folder ``model`` holds model and tokenizer.

    Args:
        job: whose folder takes the curves and, while it lasts, the checkpoints.
        section: its settings.
        module: what learns.
        tokenizer: saved with its model.
        batches: of train, and of validation.
        headline: the metric that early stopping watches.

    Returns:
        What it took: optimiser steps and epochs.
    """
    config, resume = job.spec.config, job.folder / RESUME
    stopping = section.settings.early_stopping
    watched = []
    if stopping.patience is not None:
        monitor = f"validation/{headline.name}"
        watched = callbacks.keep_best(resume, monitor, headline.mode, stopping.patience, stopping.min_delta)
    keep = callbacks.Resume(resume, config.checkpoint.every_n_train_steps)
    loggers = [tracking.CurvesLogger(job.folder, resumed_step(resume)), *_wandb(job)]
    finite = FiniteChecks(job.title, _rate_setting(job), job.spec.quote)
    trainer = make_trainer(
        config,
        max_epochs=section.settings.max_epochs,
        validate_every=section.validate_every,
        callbacks=[finite, callbacks.Narrator(job.title), *watched, keep],
        loggers=loggers,
        folder=job.folder,
    )
    with tracking.closing(loggers):
        fit(trainer, module, batches.train, batches.validation, resume)
    model = trainable_weights.merge_adapters(module.model)
    if job.context.ranks.rank == 0:
        loading.save(model, tokenizer, job.folder / "model")
    notes = [*batches.notes, *_may_be_short(job, section.settings, headline)]
    return {
        "steps": trainer.global_step,
        "epochs": trainer.current_epoch,
        "parameters": loading.parameters(model),
        "learning_rate": learning_rate(config, section.settings),
        "notes": notes,
    }


def _may_be_short(job: Job, section: TrainingConfig, headline: Headline) -> list[str]:
    """Say that a longer training may help, where the last epoch was the best and validation still rose."""
    scores = [
        row["value"] for row in read_curves(job.folder / "metrics.csv") if row["name"] == f"validation/{headline.name}"
    ]
    better = max if headline.mode == "max" else min
    if job.title == "control" or len(scores) < _FEWEST_SCORES or better(scores[:-1]) == better(scores):
        return []
    stage, rate = job.title.partition(":")[0], learning_rate(job.spec.config, section)
    return [
        f"{job.title}: its last epoch was its best on validation ({headline.name} {scores[-2]:.4f}, then "
        f"{scores[-1]:.4f}): more epochs ({stage}.max_epochs) or a higher rate ({stage}.optimizer.lr, {rate:g} here) "
        "may help"
    ]


def _rate_setting(job: Job) -> str:
    """The setting of a stage's learning rate; the control has the student's."""
    stage = job.title.partition(":")[0]
    return f"{'distill' if stage == 'control' else stage}.optimizer.lr"


def _wandb(job: Job) -> list[Logger]:
    context, config = job.context, job.spec.config
    if context.wandb == "disabled" or context.ranks.rank != 0:
        return []
    logger: Logger = tracking.wandb_logger(
        context.wandb,
        context.folder,
        project=config.tracking.project,
        entity=config.tracking.entity,
        group=f"{config.name}-{context.folder.name}",
        stage=job.title,
        settings=asdict(config),
    )
    return [logger]
