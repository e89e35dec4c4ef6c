"""Train a model to the end and save it, as all stages that train do."""

import logging
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import Callback
from pytorch_lightning.loggers import Logger
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from distill.base.files import RESUME
from distill.config.adapting import AdaptingConfig
from distill.config.schema import Config
from distill.config.training import TrainingConfig
from distill.data.batching import Batches
from distill.metrics import Headline
from distill.models import adapt, fake_quantization, from_scratch, loading, low_rank
from distill.objective import Objective, make_term
from distill.objective.specs import TERM_SPECS
from distill.stages import adapting
from distill.stages.class_weights import class_weights
from distill.stages.hyperparameters import Section, learning_rate, optimization
from distill.stages.job import Job, RunSpec, StageResult
from distill.stages.loaders import Loaders
from distill.training import callbacks, tracking
from distill.training.finite_checks import FiniteChecks
from distill.training.left_out_steps import LeftOutSteps
from distill.training.model_modes import training_modes
from distill.training.step_progress import StepProgress
from distill.training.supervised import SupervisedModule, TrainingSpec
from distill.training.tracking import read_curves
from distill.training.trainer import TrainerSettings, device_count, fit, resumed_step, trainer

log = logging.getLogger(__name__)

_OURS = ("join_timeout", "on_nonfinite", "nonfinite_in_a_row", "compile", "activation_checkpointing")
"""The settings of the trainer's section that are not Lightning's."""
_FEWEST_SCORES = 2
"""Validations from which on a rise can be told."""


def centre(spec: RunSpec, model: PreTrainedModel) -> PreTrainedModel:
    """Let a new head begin at what train says of any text: the mean score, or the frequency of each label.

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


def supervised_module(
    spec: RunSpec, section: TrainingConfig, model: PreTrainedModel, train: Batches
) -> SupervisedModule:
    """Return the module that trains a model on the loss of the task's labels."""
    hard = make_term(TERM_SPECS["hard"].implemented_by(spec.setup.task.kind), {"weights": class_weights(spec)})
    return SupervisedModule(model, Objective({"hard": hard}, {"hard": 1.0}), training_spec(spec, section, model, train))


def training_spec(spec: RunSpec, section: TrainingConfig, model: PreTrainedModel, train: Batches) -> TrainingSpec:
    """Return how the module of a stage is trained and scored."""
    metrics = spec.metrics.collection(spec.setup.classes or model.config.vocab_size)
    moves = optimization(spec.config, section, train)
    learns = adapting.adaptation(section) if isinstance(section, AdaptingConfig) else adapt.Adaptation()
    return TrainingSpec(spec.setup.align, metrics, moves, spec.config.seed, learns)


def make_trainer(
    config: Config,
    *,
    max_epochs: int | None = None,
    validate_every: int = 1,
    callbacks: Sequence[Callback] = (),
    loggers: Sequence[Logger] = (),
    folder: Path | None = None,
) -> pl.Trainer:
    """Return Lightning's Trainer by the settings; without ``max_epochs`` one that trains nothing.

    Only what trains takes part in mixed precision: a model is scored as its users will run it.
    """
    arguments = {name: value for name, value in asdict(config.trainer).items() if name not in _OURS}
    arguments["devices"] = device_count(arguments["accelerator"], arguments["devices"])
    if max_epochs is None:
        arguments["precision"] = "32-true"
    arguments["enable_progress_bar"] = False  # a bar of our own is shown
    return trainer(
        TrainerSettings(**arguments),
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
    calibration: Sequence[Callback] = (),
) -> StageResult:
    """Train to the end, from wherever an earlier try had got to; the folder ``model`` holds model and tokenizer.

    Args:
        job: whose folder takes the curves and, while it lasts, the checkpoints.
        section: the stage's training settings.
        module: trains the model.
        tokenizer: saved with the model.
        batches: those of train, and those of validation.
        headline: the metric that early stopping watches.
        calibration: measures the ranges of a model that learns with rounding.

    Returns:
        Optimiser steps, epochs, parameters, learning rate, and notes for the report.
    """
    config, resume = job.spec.config, job.folder / RESUME
    seen = tracking.ExamplesSeen()
    curves = tracking.CurvesLogger(job.folder, resumed_step(resume), seen)
    left_out = LeftOutSteps(config.trainer.nonfinite_in_a_row) if config.trainer.on_nonfinite == "skip" else None
    finite = FiniteChecks(job.title, _rate_setting(job), job.spec.quote, left_out)
    progress = StepProgress(f"validation/{headline.name}")
    trainer = make_trainer(
        config,
        max_epochs=section.settings.max_epochs,
        validate_every=section.validate_every,
        callbacks=[
            *calibration,
            finite,
            progress,
            callbacks.Narrator(job.title),
            seen,
            *_best_kept(section, headline, resume),
            callbacks.Resume(resume, config.checkpoint.every_n_train_steps),
            *_told(job, headline),
        ],
        loggers=[curves, *_handed_on(job, seen, curves)],
        folder=job.folder,
    )
    modes = {"recompute": config.trainer.activation_checkpointing, "compiled": config.trainer.compile}
    with training_modes(module.model, **modes):
        fit(trainer, module, batches.train, batches.validation, resume)
    model, learnt = _saved(job, section.settings, module, tokenizer, trainer.current_epoch)
    notes = [*batches.notes, *_left_out_notes(job, left_out), *_underfitting_notes(job, section.settings, headline)]
    return {
        "steps": trainer.global_step,
        "epochs": trainer.current_epoch,
        "parameters": loading.parameters(model),
        "learning_rate": learning_rate(config, section.settings),
        **learnt,
        **({} if left_out is None else {"left_out_steps": left_out.total}),
        "notes": notes,
    }


def _best_kept(section: Section, headline: Headline, folder: Path) -> list[Callback]:
    """Return what ends a training that no longer improves and keeps its best epoch, if the settings ask for that."""
    stopping = section.settings.early_stopping
    if stopping.patience is None:
        return []
    monitor = f"validation/{headline.name}"
    return callbacks.keep_best(folder, monitor, headline.mode, stopping.patience, stopping.min_delta)


def _told(job: Job, headline: Headline) -> list[Callback]:
    """Return what tells of each validation, if anybody asks."""
    tell = job.context.validated
    return [] if tell is None else [callbacks.Validated(headline, partial(tell, job.title))]


def _left_out_notes(job: Job, left_out: LeftOutSteps | None) -> list[str]:
    """Return a note on the steps that moved no weight, if there were any, and log it."""
    if left_out is None or not left_out.total:
        return []
    steps = f"{left_out.total} step{'s' if left_out.total > 1 else ''}"
    note = f"{job.title}: {steps} left out, whose loss or gradient was not finite (trainer.on_nonfinite=skip)"
    if job.context.ranks.rank == 0:
        log.warning("%s", note)
    return [note]


def _saved(
    job: Job, section: TrainingConfig, module: SupervisedModule, tokenizer: PreTrainedTokenizerBase, epochs: int
) -> tuple[PreTrainedModel, StageResult]:
    """Save the model as it will be used, without what only training needs; return it, and what of it has learnt."""
    adapted = fake_quantization.without_rounding(module.model)
    learnt = _learnt(adapted, section, epochs)
    model = low_rank.multiply_out(adapt.finished(adapted))
    if job.context.ranks.rank == 0:
        loading.save(model, tokenizer, job.folder / "model")
    return model, learnt


def _learnt(model: PreTrainedModel, section: TrainingConfig, epochs: int) -> StageResult:
    """Return what of the model has learnt, where the stage is one that may train a part of it."""
    return {"trained": adapting.trained(model, section, epochs)} if isinstance(section, AdaptingConfig) else {}


def _underfitting_notes(job: Job, section: TrainingConfig, headline: Headline) -> list[str]:
    """Return a note that longer training may help, where the last epoch was the best and validation still rose."""
    scores = [
        row["value"] for row in read_curves(job.folder / "metrics.csv") if row["name"] == f"validation/{headline.name}"
    ]
    better = max if headline.mode == "max" else min
    if (
        job.title.partition(":")[0] == "control"
        or len(scores) < _FEWEST_SCORES
        or better(scores[:-1]) == better(scores)
    ):
        return []
    stage, rate = job.title.partition(":")[0], learning_rate(job.spec.config, section)
    return [
        f"{job.title}: its last epoch was its best on validation ({headline.name} {scores[-2]:.4f}, then "
        f"{scores[-1]:.4f}): more epochs ({stage}.max_epochs) or a higher rate ({stage}.optimizer.lr, {rate:g} here) "
        "may help"
    ]


def _rate_setting(job: Job) -> str:
    """Return the setting of a stage's learning rate; the control has the student's."""
    stage = job.title.partition(":")[0]
    return f"{'distill' if stage == 'control' else stage}.optimizer.lr"


def _handed_on(job: Job, seen: tracking.ExamplesSeen, curves: tracking.CurvesLogger) -> list[Logger]:
    """Return what hands the curves on to the trackers of the job, if it has any."""
    return [tracking.HandedOn(job.tracked.log, seen, curves.kept)] if job.tracked.is_open else []
