"""Say how far a training is: its steps, losses and latest score, and the batches of each validation."""

from collections.abc import Mapping
from contextlib import ExitStack
from typing import Any, cast

import pytorch_lightning as pl
from pytorch_lightning.callbacks import Callback

from distill.base import long_work
from distill.base.long_work import Work


class StepProgress(Callback):
    """A callback that counts optimiser steps, and batches of validation, for whoever shows them."""

    def __init__(self, score: str) -> None:
        """Keep the name of the score that is shown, such as ``validation/accuracy``."""
        self._score = score
        self._training, self._validation = ExitStack(), ExitStack()
        self._steps: Work | None = None
        self._batches: Work | None = None

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Begin to count at the step from which training goes on."""
        each = len(cast(Any, trainer.train_dataloader)) // trainer.accumulate_grad_batches
        work = long_work.work(
            "training", each * (trainer.max_epochs or 1), "steps", first=trainer.global_step, whole=True
        )
        self._steps = self._training.enter_context(work)

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: object, batch: object, batch_idx: int
    ) -> None:
        """Count a step once its last micro-batch is done."""
        if self._steps is not None and (batch_idx + 1) % trainer.accumulate_grad_batches == 0:
            self._steps.at(trainer.global_step, lambda: self._shown(trainer, pl_module))

    def on_validation_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Begin to count the batches of a validation."""
        self._validation.close()
        total = int(sum(trainer.num_val_batches))
        self._batches = self._validation.enter_context(long_work.work("validating", total, "batches"))

    def on_validation_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: object,
        batch: object,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Count a batch of validation."""
        if self._batches is not None:
            self._batches.at(batch_idx + 1)

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """End the count of a validation."""
        self._validation.close()

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """End the count of steps."""
        self._training.close()

    def on_exception(self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException) -> None:
        """End both counts."""
        self._validation.close()
        self._training.close()

    def _shown(self, trainer: pl.Trainer, module: pl.LightningModule) -> Mapping[str, float]:
        """Return the losses of the latest micro-batch, and the latest score."""
        report = getattr(module, "report", None)
        losses = {} if report is None else {name: float(value) for name, value in report.parts.items()}
        score = trainer.callback_metrics.get(self._score)
        return losses if score is None else {**losses, self._score: float(score)}
