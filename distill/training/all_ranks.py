"""Values that all ranks of a training have to know, each of which asks at the same place."""

from typing import TypeVar

import pytorch_lightning as pl
import torch
import torch.distributed as dist

T = TypeVar("T")


def of_all(trainer: pl.Trainer, value: T) -> list[T]:
    """Return the values of all ranks, in their order."""
    values = [value] * trainer.world_size
    if trainer.world_size > 1:
        dist.all_gather_object(values, value)
    return values


def anywhere(trainer: pl.Trainer, module: pl.LightningModule, bad: bool) -> bool:
    """Return whether ``bad`` is true on any rank."""
    if trainer.world_size == 1:
        return bad
    count = trainer.strategy.reduce(torch.tensor(float(bad), device=module.device), reduce_op="sum")
    return float(count) > 0
