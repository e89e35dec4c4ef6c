"""Make optimisers, and learning rates as pure functions of the step."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import nn
from torch.optim.lr_scheduler import LambdaLR


@dataclass(frozen=True)
class Optimization:
    """The settings of a module's optimiser and learning rate.

    Attributes:
        optimizer: adamw | sgd.
        lr: the highest learning rate.
        weight_decay: the decay of all weights but biases and those of normalisation layers.
        momentum: the momentum of sgd.
        scheduler: linear | cosine (both fall to 0) | constant.
        warmup: the share of the steps over which the rate rises from 0.
        steps: the optimiser steps of the whole training. Lightning's ``estimated_stepping_batches`` would tell it too,
            but sets up the data before a checkpoint is restored, so that the loader's place in it is lost.
        fused: whether adamw moves weights on a CPU in one call; Lightning refuses to clip then under mixed precision.
    """

    optimizer: str
    lr: float
    weight_decay: float
    momentum: float
    scheduler: str
    warmup: float
    steps: int
    fused: bool = True

    def build(self, modules: Iterable[nn.Module]) -> tuple[torch.optim.Optimizer, LambdaLR]:
        """Return the optimiser over all weights of ``modules`` and its schedule."""
        optimizer = self._optimizer(*_by_decay(modules))
        return optimizer, LambdaLR(optimizer, lambda step: rate(step, self.steps, self.scheduler, self.warmup))

    def _optimizer(self, decayed: list[nn.Parameter], undecayed: list[nn.Parameter]) -> torch.optim.Optimizer:
        groups = [{"params": decayed, "weight_decay": self.weight_decay}, {"params": undecayed, "weight_decay": 0.0}]
        if self.optimizer == "sgd":
            return torch.optim.SGD(groups, lr=self.lr, momentum=self.momentum)
        # On a CPU torch walks tensor by tensor unless told otherwise, in many times the time. On a GPU it chooses well.
        fused = self.fused and all(weight.device.type == "cpu" for weight in (*decayed, *undecayed))
        return torch.optim.AdamW(groups, lr=self.lr, fused=fused or None)


def rate(step: int, steps: int, scheduler: str, warmup: float) -> float:
    """Return the share of the highest learning rate at an optimiser step, counted from 0.

    >>> [round(rate(step, 10, "linear", 0.2), 2) for step in (0, 1, 2, 6, 9)]
    [0.5, 1.0, 1.0, 0.5, 0.12]
    """
    rising = round(steps * warmup)
    if step < rising:
        return (step + 1) / rising
    progress = min(1.0, (step - rising) / max(1, steps - rising))
    if scheduler == "linear":
        return 1.0 - progress
    return 0.5 * (1.0 + math.cos(math.pi * progress)) if scheduler == "cosine" else 1.0


def _by_decay(modules: Iterable[nn.Module]) -> tuple[list[nn.Parameter], list[nn.Parameter]]:
    """Return the weights that decay, and those that do not: biases and those of normalisation layers."""
    weights = [weight for module in modules for weight in module.parameters() if weight.requires_grad]
    return [weight for weight in weights if weight.ndim > 1], [weight for weight in weights if weight.ndim <= 1]
