"""Start the ranks of a run once and together, and let them agree on values, errors and signals."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, cast

import pytorch_lightning as pl
import torch
import torch.distributed as dist
from safetensors import SafetensorError

from distill.base import signals
from distill.base.signals import Interrupted
from distill.distributed.heartbeat import beating
from distill.distributed.launching import other_ranks
from distill.distributed.rendezvous import Meeting, Place, meet
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
            signals.hear(came[0])
            raise Interrupted(came[0])

    def wait(self) -> None:
        """Wait until every rank has come here."""
        if self.world > 1:
            dist.barrier()


@contextmanager
def joined(trainer: pl.Trainer, devices: int, nodes: int, folder: Path, patience: float = 600.0) -> Iterator[Ranks]:
    """Start the other ranks, unless a launcher has, and meet them; they end when the block does.

    Everything inside runs on all ranks alike, so that they can agree on what is reused. With several of them signals
    only set their flag, which ``heed`` and the loops read: a rank that ended anywhere else would leave the others
    waiting for it.

    Args:
        trainer: Lightning's trainer, which knows the launcher.
        devices: number of processes on each machine, as the settings ask for.
        nodes: number of machines.
        folder: the folder of the run, in which the output of the other ranks is written.
        patience: seconds for which others are waited for until they come.

    Raises:
        RankError: a rank has died, has not come, or there are more or fewer than the settings ask for.
    """
    if trainer.world_size != devices * nodes:
        raise RankError(f"{trainer.world_size} processes came together where {devices * nodes} were asked for")
    if trainer.world_size == 1:
        yield Ranks(device=trainer.strategy.root_device)
        return
    strategy: Any = trainer.strategy
    # asked before this rank starts others, which then look like those of a launcher
    launched = strategy.cluster_environment.creates_processes_externally
    with signals.deferred(), other_ranks(strategy.cluster_environment, devices, nodes, folder):
        meeting = meet(_place(trainer, folder, patience, launched=launched))
        elsewhere: bool = meeting.every(launched or nodes > 1)[0]  # the others are launched in any case
        with beating(trainer.global_rank, meeting.every, meeting.place.address) if elsewhere else nullcontext():
            _begin(strategy, meeting)
            yield Ranks(trainer.world_size, trainer.global_rank, strategy.root_device)
            dist.destroy_process_group()  # by all at once; where one has died, nobody waits for it


def _place(trainer: pl.Trainer, folder: Path, patience: float, *, launched: bool) -> Place:
    """Return where the ranks meet, as whoever launches them says."""
    environment = trainer.strategy.cluster_environment  # type: ignore[attr-defined]

    def says_why(rank: int) -> str:
        return "its own output says why" if launched else f"what it said is in {folder}/rank-{rank}.log"

    address, port = environment.main_address, environment.main_port
    return Place(address, port, trainer.global_rank, trainer.world_size, patience, says_why)


def _begin(strategy: Any, meeting: Meeting) -> None:  # noqa: ANN401 - Lightning's strategies share no such type
    """Connect ranks that have met, by Lightning's own settings for it."""
    device = strategy.root_device
    strategy.accelerator.setup_device(device)
    dist.init_process_group(
        strategy._get_process_group_backend(),
        store=meeting.store,
        rank=meeting.place.rank,
        world_size=meeting.place.world,
        timeout=strategy._timeout,
        device_id=None if device.type == "cpu" else device,
    )
    if strategy.launcher is not None:
        strategy.launcher.launch(strategy.setup_environment)
    else:
        strategy.setup_environment()
