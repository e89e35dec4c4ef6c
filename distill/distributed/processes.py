"""Start the ranks of a run once and together, and let them agree on values, errors and signals."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar, cast

import pytorch_lightning as pl
import torch
import torch.distributed as dist
from safetensors import SafetensorError

from distill.base import signals
from distill.base.signals import Interrupted
from distill.distributed.heartbeat import beating
from distill.distributed.launching import other_ranks
from distill.errors import DistillError, RankError

T = TypeVar("T")
_CPU = torch.device("cpu")


@dataclass(frozen=True)
class Ranks:
    """This process among all ranks of the run.

    Attributes:
        world: the number of processes.
        rank: the number of this process.
        device: the device on which it trains and runs models.
    """

    world: int = 1
    rank: int = 0
    device: torch.device = _CPU

    def agree(self, value: T) -> T:
        """Return rank 0's value, on every rank."""
        if self.world == 1:
            return value
        box = [value]
        dist.broadcast_object_list(box, src=0)
        return box[0]

    def first(self, work: Callable[[], T]) -> T:
        """Let rank 0 alone do some work, and return its result, or raise its error, on every rank.

        Raises:
            DistillError: what rank 0 raised.
        """
        result: T | None = None
        error: DistillError | Interrupted | None = None
        if self.rank == 0:
            try:
                result = work()
            except (DistillError, Interrupted) as raised:
                error = raised
            except Exception as raised:
                self.agree((None, RankError(f"the first rank has failed: {raised}")))
                raise
        result, error = self.agree((result, error))
        if error is not None:
            raise error
        return cast(T, result)

    def together(self, work: Callable[[], T]) -> T:
        """Let every rank do some work, and stop all of them where one of them fails.

        Raises:
            BaseException: this rank's error, or else what the first rank that failed has raised.
        """
        error: BaseException | None = None
        try:
            result = work()
        except (DistillError, Interrupted, OSError, SafetensorError) as raised:
            error = raised
        errors = [failure for failure in (error, *self.every(error)) if failure is not None]
        if errors:
            raise errors[0]
        return result

    def every(self, value: T) -> list[T]:
        """Return the values of all ranks, in their order, on every rank."""
        values = [value] * self.world
        if self.world > 1:
            dist.all_gather_object(values, value)
        return values

    def same(self, value: str) -> bool:
        """Return whether every rank has the same value."""
        return len(set(self.every(value))) == 1

    def heed(self) -> None:
        """Raise ``Interrupted`` on every rank where a signal has come to one of them.

        Raises:
            Interrupted: one has.
        """
        if came := [number for number in self.every(signals.pending()) if number]:
            raise Interrupted(came[0])

    def wait(self) -> None:
        """Wait until every rank has come here."""
        if self.world > 1:
            dist.barrier()


@contextmanager
def joined(trainer: pl.Trainer, devices: int, nodes: int, folder: Path) -> Iterator[Ranks]:
    """Start the other ranks, unless a launcher has, and meet them; they end when the block does.

    Everything inside runs on all ranks alike, so that they can agree on what is reused. With several of them signals
    only set their flag, which ``heed`` and the loops read: a rank that ended anywhere else would leave the others
    waiting for it.

    Args:
        trainer: Lightning's trainer, which knows the launcher.
        devices: number of processes on each machine, as the settings ask for.
        nodes: number of machines.
        folder: the folder of the run, in which the output of the other ranks is written.

    Raises:
        RankError: a rank has died, or there are more or fewer than the settings ask for.
    """
    if trainer.world_size != devices * nodes:
        raise RankError(f"{trainer.world_size} processes came together where {devices * nodes} were asked for")
    if trainer.world_size == 1:
        yield Ranks(device=trainer.strategy.root_device)
        return
    strategy = trainer.strategy
    # asked before this rank starts others, which then look like those of a launcher
    elsewhere = strategy.cluster_environment.creates_processes_externally or nodes > 1  # type: ignore[attr-defined]
    with signals.deferred(), other_ranks(strategy.cluster_environment, devices, nodes, folder):  # type: ignore[attr-defined]
        _meet_after_a_restart(trainer, strategy.root_device)
        if strategy.launcher is not None:
            strategy.launcher.launch(strategy.setup_environment)
        else:
            strategy.setup_environment()
        ranks = Ranks(trainer.world_size, trainer.global_rank, strategy.root_device)
        with beating(ranks.rank, ranks.every) if ranks.agree(elsewhere) else nullcontext():
            yield ranks
            dist.destroy_process_group()  # by all at once; where one has died, nobody waits for it


def _meet_after_a_restart(trainer: pl.Trainer, device: torch.device) -> None:
    """Meet the ranks that torchrun has started again, where no rank finds what those before them have left.

    With ``--master-port`` its agent keeps the store in which ranks meet, and a rank that comes early would read there
    the address of a process that is gone.
    """
    restarts = os.environ.get("TORCHELASTIC_RESTART_COUNT", "0")
    if restarts == "0" or os.environ.get("TORCHELASTIC_USE_AGENT_STORE") != "True":
        return
    timeout = trainer.strategy._timeout  # type: ignore[attr-defined]
    address, port = os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"])
    store = dist.TCPStore(address, port, is_master=False, timeout=timeout)  # type: ignore[attr-defined]
    dist.init_process_group(
        dist.get_default_backend_for_device(device),
        store=dist.PrefixStore(f"restart-{restarts}", store),  # type: ignore[attr-defined]
        rank=trainer.global_rank,
        world_size=trainer.world_size,
        timeout=timeout,
    )
