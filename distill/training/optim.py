"""Make optimisers, and learning rates as pure functions of the step."""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

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
        fused: whether adamw moves all weights in one call; a scaler of losses (16-mixed) would then unscale gradients
            only after they are clipped.
    """

    optimizer: str
    lr: float
    weight_decay: float
    momentum: float
    scheduler: str
    warmup: float
    steps: int
    fused: bool = True

    def build(
        self, modules: Iterable[nn.Module], parts: Mapping[nn.Parameter, float] | None = None
    ) -> tuple[torch.optim.Optimizer, LambdaLR]:
        """Return the optimiser over all weights of ``modules`` and its schedule.

        Args:
            modules: all whose weights learn.
            parts: the part of the learning rate with which a weight learns; the whole one where it is not named.
        """
        weights = [weight for module in modules for weight in module.parameters() if weight.requires_grad]
        optimizer = self._optimizer(self._groups(weights, parts or {}), weights)
        return optimizer, LambdaLR(optimizer, lambda step: rate(step, self.steps, self.scheduler, self.warmup))

    def _groups(self, weights: list[nn.Parameter], parts: Mapping[nn.Parameter, float]) -> list[dict[str, Any]]:
        """Return groups of weights by their learning rate, the highest first, and by whether they decay.

        Biases and weights of normalisation layers do not decay.
        """
        by_part: dict[float, list[nn.Parameter]] = defaultdict(list)
        for weight in weights:
            by_part[parts.get(weight, 1.0)].append(weight)
        groups: list[dict[str, Any]] = []
        for part in sorted(by_part, reverse=True):
            same_rate = {"lr": self.lr * part}
            decayed = [weight for weight in by_part[part] if weight.ndim > 1]
            undecayed = [weight for weight in by_part[part] if weight.ndim <= 1]
            groups.append({"params": decayed, "weight_decay": self.weight_decay, **same_rate})
            groups.append({"params": undecayed, "weight_decay": 0.0, **same_rate})
        return groups

    def _optimizer(self, groups: list[dict[str, Any]], weights: list[nn.Parameter]) -> torch.optim.Optimizer:
        if self.optimizer == "sgd":
            return torch.optim.SGD(groups, lr=self.lr, momentum=self.momentum)
        # Else torch walks tensor by tensor on a CPU, in many times the time, and on a GPU starts more kernels.
        fused = self.fused and all(weight.device.type in ("cpu", "cuda") for weight in weights)
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
