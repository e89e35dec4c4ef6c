"""Measure the ranges of a model that learns with rounding anew while it learns."""

import pytorch_lightning as pl
from pytorch_lightning.callbacks import Callback

from distill.models.fake_quantization import FakeQuantization
from distill.types import Batch

_EVERY = 50
"""Optimiser steps from one measurement to the next; before, where weights move most, at each power of two."""


class Calibration(Callback):
    """A callback that measures the ranges of rounded inputs between optimiser steps.

    A training that is resumed at a step at which they are due measures them again, of the same weights.
    """

    def __init__(self, quantization: FakeQuantization) -> None:
        """Keep what rounds."""
        self.quantization = quantization

    def on_train_batch_start(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, batch: Batch, batch_idx: int
    ) -> None:
        """Measure, where a step begins at which it is due; the ranges then hold for all of the step."""
        if batch_idx % trainer.accumulate_grad_batches == 0 and due(trainer.global_step):
            self.quantization.calibrate()


def due(step: int) -> bool:
    """Return whether ranges are measured before an optimiser step, counted from 0.

    >>> [step for step in range(101) if due(step)]
    [0, 1, 2, 4, 8, 16, 32, 50, 64, 100]
    """
    return step % _EVERY == 0 or step & (step - 1) == 0
