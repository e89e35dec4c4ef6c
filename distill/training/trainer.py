"""Make Lightning's Trainer as every stage uses it, and fit a module with it."""

import logging
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytorch_lightning as pl
import torch
from lightning_fabric.plugins.environments.slurm import SLURMEnvironment
from lightning_fabric.plugins.environments.torchelastic import TorchElasticEnvironment
from lightning_fabric.utilities.exceptions import MisconfigurationException
from pytorch_lightning.callbacks import Callback, ModelCheckpoint
from pytorch_lightning.loggers import Logger
from pytorch_lightning.strategies import DDPStrategy, Strategy

from distill.base import signals
from distill.errors import ConfigError, StoreError
from distill.models import attention_masks
from distill.training.checkpoints import BEST, DurableCheckpoints, newest_checkpoint, weights
from distill.training.sharding import ShardedStrategy
from distill.training.tracking import rank_zero

_NOISE = (
    ".*does not have many workers.*",
    ".*GPU available but not used.*",
    ".*Checkpoint directory .* exists and is not empty.*",
    ".*infer the `batch_size` from an ambiguous collection.*",
    ".*couldn't infer the indices fetched.*",
    ".*smaller than the logging interval.*",
    ".*recommended to use `self.log.*sync_dist=True.*",
    ".*tensorboardX.*",
    ".*`srun` command is available.*",
    ".*LeafSpec.*",
    ".*is_gradient_checkpointing.*",
    ".*FSDP2-wrapped module.*returned a view tensor.*",  # on which nobody works in place
)
FSDP = "fsdp"
"""The strategy that shards weights, gradients and moments."""
_BACKENDS = "cpu:gloo,cuda:nccl"
"""What ranks with GPUs talk by: numbers of the host do not wait for a GPU."""
_WAIT = timedelta(days=1)
"""How long ranks wait for each other: another run may be making the stage that this one needs."""


@dataclass(frozen=True)
class TrainerSettings:
    """The settings of a trainer, under Lightning's own names; see ``pytorch_lightning.Trainer``."""

    accelerator: str
    devices: int
    num_nodes: int
    strategy: str
    precision: str
    accumulate_grad_batches: int
    gradient_clip_val: float | None
    log_every_n_steps: int
    enable_progress_bar: bool


def trainer(
    settings: TrainerSettings,
    *,
    max_epochs: int = 1,
    validate_every: int = 1,
    callbacks: Sequence[Callback] = (),
    loggers: Sequence[Logger] = (),
    folder: Path | None = None,
) -> pl.Trainer:
    """Return a Trainer that shuffles, shards and checkpoints nothing by itself.

    Raises:
        ConfigError: this machine does not have what the settings ask for.
    """
    quiet()
    try:
        made = pl.Trainer(
            accelerator=settings.accelerator,
            devices=settings.devices,
            num_nodes=settings.num_nodes,
            strategy=_strategy(settings),
            precision=settings.precision,  # type: ignore[arg-type]
            accumulate_grad_batches=settings.accumulate_grad_batches,
            gradient_clip_val=settings.gradient_clip_val,
            log_every_n_steps=settings.log_every_n_steps,
            enable_progress_bar=settings.enable_progress_bar,
            max_epochs=max_epochs,
            check_val_every_n_epoch=validate_every,
            callbacks=list(callbacks),
            logger=list(loggers),
            default_root_dir=folder,
            enable_model_summary=False,
            enable_checkpointing=bool(callbacks) and bool(loggers),
            num_sanity_val_steps=0,
            use_distributed_sampler=False,
            inference_mode=settings.strategy != FSDP,  # sharded weights that came together in it could not learn again
            plugins=[DurableCheckpoints(), *_environment()],
        )
    except (MisconfigurationException, ValueError, RuntimeError) as error:
        devices = f"trainer.accelerator={settings.accelerator} trainer.devices={settings.devices}"
        raise ConfigError(f"{devices}: {str(error).splitlines()[0]}") from error
    _leave_signals(made)
    return made


def _leave_signals(made: pl.Trainer) -> None:
    """Keep a trainer from heeding SIGTERM itself, as ``Resume`` does.

    Its handler, which stands from the start of a fit on, has a rank broadcast in the midst of whatever the ranks are
    exchanging, so that they wait for each other for ever; and to hear of it, each step waits for the device.
    """
    made._signal_connector.register_signal_handlers = _nothing  # type: ignore[method-assign]
    made.fit_loop.epoch_loop._broadcast_sigterm_tensor = _nothing  # type: ignore[method-assign]


def _nothing() -> None:
    """Do nothing."""


def fit(trainer: pl.Trainer, module: pl.LightningModule, train: object, validation: object, folder: Path) -> None:
    """Train to the end, from the last whole checkpoint in ``folder``; then restore the best weights, if kept.

    Raises:
        Interrupted: a signal has come; a checkpoint says how far it got.
        StoreError: the best weights are no longer there.
    """
    checkpoint = trainer.strategy.broadcast(newest_checkpoint(folder) if trainer.is_global_zero else None)
    module.train()  # checkpoints are loaded in eval mode, and Lightning leaves modes as it finds them
    trainer.precision_plugin.convert_module(module)  # Lightning does so too, but restores a checkpoint before
    with uninterrupted(), attention_masks.always_made(trainer.strategy.root_device):
        trainer.fit(module, train, validation, ckpt_path=checkpoint.path if checkpoint else None, weights_only=True)
    if any(
        isinstance(callback, ModelCheckpoint) and callback.best_model_path for callback in trainer.checkpoint_callbacks
    ):
        trainer.strategy.barrier()
        if (best := weights(folder / BEST)) is None:
            raise StoreError(f"{folder / BEST} is missing or damaged: the best weights are lost; run again")
        module.load_state_dict(best)


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Let signals only set their flag, which Lightning's loops read; an exit that follows becomes ``Interrupted``.

    Raises:
        Interrupted: a signal has come.
    """
    with signals.deferred():
        try:
            yield
        except SystemExit:
            signals.check()
            raise


def resumed_step(folder: Path) -> int | None:
    """Return the optimiser step at which a stage would resume, or none; only the first rank asks."""
    checkpoint = newest_checkpoint(folder) if rank_zero() else None
    return checkpoint.step if checkpoint else None


def quiet() -> None:
    """Silence what Lightning and its libraries log at every start."""
    for name in ("pytorch_lightning", "lightning", "lightning_fabric", "lightning.pytorch"):
        logging.getLogger(name).setLevel(logging.ERROR)
    logging.getLogger("pytorch_lightning.utilities.rank_zero").setLevel(logging.ERROR)
    for pattern in _NOISE:
        warnings.filterwarnings("ignore", pattern)


def device_count(accelerator: str, devices: int | str) -> int:
    """Return how many devices a node gives: auto and -1 mean every GPU there is, or the one CPU."""
    if devices not in ("auto", -1):
        return int(devices)
    return torch.cuda.device_count() if on_gpu(accelerator) else 1


def on_gpu(accelerator: str) -> bool:
    """Return whether the accelerator means an NVIDIA GPU that is there."""
    return accelerator in ("auto", "gpu", "cuda") and torch.cuda.is_available()


def _strategy(settings: TrainerSettings) -> str | Strategy:
    if settings.strategy == "auto" and settings.devices * settings.num_nodes == 1:
        return "auto"
    backend = _BACKENDS if on_gpu(settings.accelerator) else None
    if settings.strategy == FSDP:
        return ShardedStrategy(process_group_backend=backend, timeout=_WAIT)
    unused = "find_unused" in settings.strategy
    return DDPStrategy(find_unused_parameters=unused, process_group_backend=backend, timeout=_WAIT)


def _environment() -> list[SLURMEnvironment]:
    """Return SLURM without Lightning's own requeueing, whose checkpoints do not know the place in the data."""
    ours = SLURMEnvironment.detect() and not TorchElasticEnvironment.detect()
    return [SLURMEnvironment(auto_requeue=False)] if ours else []
