"""How long a stage trains: as many epochs as are given, or as many as so many steps take."""

import logging
from dataclasses import replace
from typing import NamedTuple

from distill.config.training import TrainingConfig
from distill.data.batching import Batches
from distill.pipeline.context import Builder

log = logging.getLogger(__name__)


def may_be_short(build: Builder, section: TrainingConfig) -> bool:
    """Whether ``min_steps`` may count; a row of the data makes one feature or more, and so do texts without labels."""
    rows = len(build.data.splits["train"])
    a_step = build.config.data.batch_size * build.world * build.config.trainer.accumulate_grad_batches
    return rows // a_step * section.max_epochs < section.min_steps


_VALIDATIONS = 10
"""At most of a stage that reads little data very often: after each epoch they would take longer than training."""


class Length(NamedTuple):
    """How long a stage trains.

    Attributes:
        section: with the epochs that it takes.
        validate_every: epochs from one validation to the next.
    """

    section: TrainingConfig
    validate_every: int = 1


def of(build: Builder, section: TrainingConfig, batches: Batches, stage: str) -> Length:
    """As many epochs as ``max_epochs`` says, or as ``min_steps`` take; of the latter the best is kept."""
    steps = len(batches) // build.config.trainer.accumulate_grad_batches
    epochs = -(-section.min_steps // max(1, steps))
    if epochs <= section.max_epochs:
        return Length(section)
    every = -(-epochs // _VALIDATIONS)
    epochs = -(-epochs // every) * every  # so that the last one is validated
    if build.ranks.rank == 0:
        often = f", with a validation after every {every}" if every > 1 else ""
        log.info(
            "%s: %d epochs instead of %d, for min_steps=%d%s",
            stage,
            epochs,
            section.max_epochs,
            section.min_steps,
            often,
        )
    stopping = section.early_stopping
    if stopping.patience is None:
        stopping = replace(stopping, patience=epochs)
    return Length(replace(section, max_epochs=epochs, early_stopping=stopping), every)
