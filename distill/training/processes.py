"""The ranks of a run, started once and together."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar, cast

import pytorch_lightning as pl
import torch.distributed as dist
from safetensors import SafetensorError

from distill.errors import DistillError

T = TypeVar("T")


@dataclass(frozen=True)
class Ranks:
    """This process among all of the run."""

    world: int = 1
    rank: int = 0

    def agree(self, value: T) -> T:
        """Rank 0's value, on every rank."""
        if self.world == 1:
            return value
        box = [value]
        dist.broadcast_object_list(box, src=0)
        return box[0]

    def first(self, work: Callable[[], T]) -> T:
        """Let rank 0 work, and give its result, or its error, to every rank.

        Raises:
            DistillError: what rank 0 raised.
        """
        result: T | None = None
        error: DistillError | None = None
        if self.rank == 0:
            try:
                result = work()
            except DistillError as raised:
                error = raised
        result, error = self.agree((result, error))
        if error is not None:
            raise error
        return cast(T, result)

    def together(self, work: Callable[[], T]) -> T:
        """Let every rank work, and stop all of them where one of them fails.

        Raises:
            Exception: this rank's error, or else what the first rank that failed has raised.
        """
        error: Exception | None = None
        try:
            result = work()
        except (DistillError, OSError, SafetensorError) as raised:
            error = raised
        errors = [each for each in (error, *self.every(error)) if each is not None]
        if errors:
            raise errors[0]
        return result

    def every(self, value: T) -> list[T]:
        """The values of all ranks, in their order, on every rank."""
        values = [value] * self.world
        if self.world > 1:
            dist.all_gather_object(values, value)
        return values

    def same(self, value: str) -> bool:
        """Whether every rank has the same value."""
        return len(set(self.every(value))) == 1

    def wait(self) -> None:
        """Go on when every rank has come here."""
        if self.world > 1:
            dist.barrier()


def join(trainer: pl.Trainer) -> Ranks:
    """Start the other ranks, as Lightning would for its first fit, and meet them.

    Everything after that runs on all ranks alike, so that they can agree on what is reused.
    """
    if trainer.world_size == 1:
        return Ranks()
    strategy = trainer.strategy
    if strategy.launcher is not None:
        strategy.launcher.launch(strategy.setup_environment)
    else:
        strategy.setup_environment()
    return Ranks(trainer.world_size, trainer.global_rank)
