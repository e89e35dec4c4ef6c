"""The ranks of a run, started once and together."""

from dataclasses import dataclass
from typing import TypeVar

import pytorch_lightning as pl
import torch.distributed as dist

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
