"""Define what happens besides the training steps: resuming, keeping the best weights, lines on the console."""

import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, Protocol, cast

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import Callback, Checkpoint, EarlyStopping, ModelCheckpoint
from torch import Tensor

from distill.base import signals
from distill.base.signals import Interrupted
from distill.metrics import Headline
from distill.training.checkpoints import BEST, LAST
from distill.training.loop_counts import begin_validation_anew, recut

log = logging.getLogger(__name__)


class Resume(Checkpoint):
    """A callback that keeps the checkpoint from which an interrupted stage goes on, bit for bit.

    It is written between optimiser steps and at the end of each epoch, after validation; never between an epoch's
    last step and its validation, since Lightning would not make up for the validation. After a signal it is written at
    the next of these places, or before the next batch of a validation, which then begins anew; there the training ends.
    """

    def __init__(self, folder: Path, every_n_train_steps: int) -> None:
        """Write ``last.ckpt`` into ``folder`` after every so many optimiser steps."""
        self.path, self.every = folder / LAST, every_n_train_steps
        self._stopped, self._saved_at = False, 0
        self._place: dict[str, int] | None = None
        self._batches_of_all = 0

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Restore the place of the loader, and stop at once where early stopping had already decided to.

        Lightning itself restores a loader only in the middle of an epoch, and never a decision to stop.
        """
        signals.ours_again()
        heed(trainer)
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
        """Save in the middle of an epoch, when it is due or a signal has come."""
        if (batch_idx + 1) % trainer.accumulate_grad_batches or trainer.is_last_batch:
            return
        signal_number = signal_of_any(trainer)
        due = signal_number or trainer.global_step % self.every == 0
        if due and trainer.global_step != self._saved_at:
            self._save(trainer)
        if signal_number:
            raise Interrupted(signal_number)

    def on_validation_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Find out before how many batches all ranks can ask each other for signals: some may have fewer."""
        own = torch.tensor(int(sum(trainer.num_val_batches)))
        self._batches_of_all = int(own if trainer.world_size == 1 else trainer.strategy.reduce(own, reduce_op="min"))

    def on_validation_batch_start(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        batch: object,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Save in the middle of a validation where a signal has come, since it may last for long."""
        if batch_idx < self._batches_of_all and (signal_number := signal_of_any(trainer)):
            self._save(trainer)
            raise Interrupted(signal_number)

    def on_save_checkpoint(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Keep nothing of a validation that is cut off: what it has counted is in no checkpoint."""
        if trainer.validating:
            begin_validation_anew(checkpoint)

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Save after the epoch's validation."""
        self._stopped = trainer.should_stop
        self._save(trainer)
        heed(trainer)

    def on_load_checkpoint(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Count in micro-batches of this process, of which a step had more, or fewer, on another number of ranks."""
        recut(checkpoint, trainer.accumulate_grad_batches)

    def state_dict(self) -> dict[str, object]:
        """Return the place of the loader, and whether training has been told to stop."""
        return {"stopped": self._stopped, "place": self._place}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore what ``state_dict`` returned."""
        self._stopped, self._place = state_dict["stopped"], state_dict["place"]

    def _save(self, trainer: pl.Trainer) -> None:
        self._saved_at = trainer.global_step
        self._place = _loader(trainer).state_dict()
        trainer.save_checkpoint(self.path)


def signal_of_any(trainer: pl.Trainer) -> int:
    """Return the number of the signal that has come to any rank, or 0; all ranks must ask at the same place."""
    if trainer.world_size == 1:
        return signals.pending() or 0
    number = torch.tensor(signals.pending() or 0)  # of the host, so that no step waits for a GPU
    if found := int(trainer.strategy.reduce(number, reduce_op="max")):
        signals.hear(found)
    return found


def heed(trainer: pl.Trainer) -> None:
    """Raise ``Interrupted`` on every rank where a signal has come to one.

    Raises:
        Interrupted: one has.
    """
    if number := signal_of_any(trainer):
        raise Interrupted(number)


class _StatefulLoader(Protocol):
    """A loader of batches that knows its place and can be put there."""

    def state_dict(self) -> dict[str, int]:
        """Return the place."""

    def load_state_dict(self, state: dict[str, int]) -> None:
        """Go on from a place."""


def _loader(trainer: pl.Trainer) -> _StatefulLoader:
    return cast(_StatefulLoader, trainer.train_dataloader)


def keep_best(folder: Path, monitor: str, mode: str, patience: int, min_delta: float) -> list[Callback]:
    """Return callbacks that stop when ``monitor`` no longer improves, and keep the best epoch as ``best.ckpt``."""
    best = _Best(
        folder,
        Path(BEST).stem,
        monitor=monitor,
        mode=mode,
        save_weights_only=True,
        enable_version_counter=False,
    )
    # A metric that is no number, as a correlation with what is always the same, is no improvement, and no end either.
    stop = EarlyStopping(monitor, min_delta, patience, mode=mode, check_on_train_epoch_end=False, check_finite=False)
    return [stop, best]


class _Best(ModelCheckpoint):
    """A checkpoint of the best epoch, which has a metric that is a number, and is known again in a moved store."""

    def check_monitor_top_k(self, trainer: pl.Trainer, current: Tensor | None = None) -> bool:
        """Return whether the epoch is better than the best so far."""
        if current is not None and bool(current.isnan()):
            return False
        return super().check_monitor_top_k(trainer, current)

    @property
    def state_key(self) -> str:
        """Return the key of Lightning's own class, as in older checkpoints."""
        return super().state_key.replace(type(self).__qualname__, ModelCheckpoint.__qualname__)

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore the best score, wherever the folder is by now."""
        super().load_state_dict({**state_dict, "dirpath": self.dirpath})


class Validation(NamedTuple):
    """The watched metric of a validation while a model learns.

    Attributes:
        epoch: that has ended, from 1.
        value: the greater the better; nan where the metric is none.
    """

    epoch: int
    value: float


class Validated(Callback):
    """A callback that tells of each validation, and lets whoever is told end the training by an error."""

    def __init__(self, headline: Headline, tell: Callable[[Validation], None]) -> None:
        """Keep the metric that is watched, and who is told."""
        self.headline, self._tell = headline, tell

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Tell of the metric."""
        value = float(trainer.callback_metrics[f"validation/{self.headline.name}"])
        self._tell(Validation(trainer.current_epoch + 1, value if self.headline.mode == "max" else -value))


class Narrator(Callback):
    """A callback that logs one readable line for each epoch."""

    def __init__(self, stage: str) -> None:
        """Keep the name of the stage, with which each line begins."""
        self.stage, self._since = stage, 0.0

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Start the clock: an epoch that is resumed in its middle does not start."""
        self._since = time.monotonic()

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Start the clock of an epoch."""
        self._since = time.monotonic()

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Log the metrics of the epoch; those that Lightning keeps of an earlier validation are left out."""
        if trainer.is_global_zero:
            epoch, last = trainer.current_epoch + 1, trainer.max_epochs
            old = ("validation/",) if epoch % (trainer.check_val_every_n_epoch or 1) else ()
            hidden = ("train/lr", "train/loss_share/", *old)
            values = {name: float(value) for name, value in trainer.callback_metrics.items()}
            logged = sorted(name for name in values if not name.startswith(hidden))
            shown = ", ".join(f"{name} {values[name]:.4g}" for name in logged)
            seconds = time.monotonic() - self._since
            log.info("%s: epoch %d/%d, %s (%.1f s)", self.stage, epoch, last, shown, seconds)
