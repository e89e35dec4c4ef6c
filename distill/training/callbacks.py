"""What happens besides the steps: resuming, the best weights, lines on the console, outputs on disk."""

import logging
import time
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
from pytorch_lightning.callbacks import Callback, Checkpoint, EarlyStopping, ModelCheckpoint
from pytorch_lightning.utilities.exceptions import SIGTERMException
from torch import Tensor

from distill.teacher_store import AnswerWriter
from distill.training.answering import Answer

log = logging.getLogger(__name__)

LAST = "last.ckpt"


class Resume(Checkpoint):
    """Keeps the checkpoint from which an interrupted stage goes on, bit for bit.

    It is written between optimiser steps and at the end of each epoch, after validation; never between an epoch's
    last step and its validation, since Lightning would not make up for the validation.
    """

    def __init__(self, folder: Path, every_n_train_steps: int) -> None:
        """Write ``last.ckpt`` into ``folder`` after so many optimiser steps."""
        self.path, self.every = folder / LAST, every_n_train_steps
        self._stopped, self._saved_at = False, 0
        self._place: dict[str, int] | None = None

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Open the loader where it was, and stop at once where early stopping had already decided to.

        Lightning itself restores a loader only in the middle of an epoch, and never a decision to stop.
        """
        self._saved_at = trainer.global_step
        trainer.should_stop = self._stopped
        if self._place is not None:
            _loader(trainer).load_state_dict(self._place)

    def on_train_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: object,
        batch: object,
        batch_idx: int,
    ) -> None:
        """Save in the middle of an epoch."""
        due = trainer.global_step % self.every == 0 and trainer.global_step != self._saved_at
        if due and (batch_idx + 1) % trainer.accumulate_grad_batches == 0 and not trainer.is_last_batch:
            self._save(trainer)

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Save after the epoch's validation."""
        self._stopped = trainer.should_stop
        self._save(trainer)

    def state_dict(self) -> dict[str, Any]:
        """Where the loader is, and whether training has been told to stop."""
        return {"stopped": self._stopped, "place": self._place}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take it up again."""
        self._stopped, self._place = state_dict["stopped"], state_dict["place"]

    def _save(self, trainer: pl.Trainer) -> None:
        self._saved_at = trainer.global_step
        self._place = _loader(trainer).state_dict()
        trainer.save_checkpoint(self.path)


def _loader(trainer: pl.Trainer) -> Any:  # noqa: ANN401
    return trainer.train_dataloader


def keep_best(folder: Path, monitor: str, mode: str, patience: int, min_delta: float) -> list[Callback]:
    """Stop when ``monitor`` no longer improves, and keep the weights of its best epoch as ``best.ckpt``."""
    best = _Best(
        folder, "best", monitor=monitor, mode=mode, save_weights_only=True, enable_version_counter=False,
    )  # fmt: skip
    # A metric that is no number, as a correlation with what is always the same, is no improvement, and no end either.
    stop = EarlyStopping(monitor, min_delta, patience, mode=mode, check_on_train_epoch_end=False, check_finite=False)
    return [stop, best]


class _Best(ModelCheckpoint):
    """Takes no epoch for the best of which the metric is no number."""

    def check_monitor_top_k(self, trainer: pl.Trainer, current: Tensor | None = None) -> bool:
        """Whether the epoch is better than the best so far."""
        if current is not None and bool(current.isnan()):
            return False
        return super().check_monitor_top_k(trainer, current)


class Narrator(Callback):
    """One readable line an epoch."""

    def __init__(self, stage: str) -> None:
        """Speak of ``stage``."""
        self.stage, self._since = stage, 0.0

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Look at the clock: an epoch that is resumed in its middle does not start."""
        self._since = time.monotonic()

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Look at the clock."""
        self._since = time.monotonic()

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Say what the epoch brought."""
        if trainer.is_global_zero:
            values = {name: float(value) for name, value in trainer.callback_metrics.items() if name != "train/lr"}
            shown = ", ".join(f"{name} {value:.4g}" for name, value in sorted(values.items()))
            seconds = time.monotonic() - self._since
            epoch, last = trainer.current_epoch + 1, trainer.max_epochs
            log.info("%s: epoch %d/%d, %s (%.1f s)", self.stage, epoch, last, shown, seconds)


class WriteAnswers(Callback):
    """Sends each predicted batch to disk instead of keeping it in memory."""

    def __init__(self, writer: AnswerWriter) -> None:
        """Write with ``writer``."""
        self.writer = writer

    def on_predict_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Answer, *_: object
    ) -> None:
        """Take a batch; after SIGTERM, which Lightning heeds only while it trains, write what is there and end."""
        self.writer.add(*outputs)
        if trainer.received_sigterm:
            self.writer.flush()
            raise SIGTERMException

    def on_predict_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Write what is left."""
        self.writer.flush()
