"""The weights of rare and frequent classes in the loss of the labels, by ``data.class_weights``."""

import torch
from torch import Tensor

from distill.stages.job import RunSpec


def class_weights(spec: RunSpec) -> list[float] | None:
    """Return the weight of each class in the loss of the labels, by its rarity, or none where all weigh the same."""
    if spec.setup.task.kind != "class" or spec.config.data.class_weights == "none":
        return None
    weights: list[float] = _balanced(spec).tolist()
    return weights


def _balanced(spec: RunSpec) -> Tensor:
    """Return a weight for each class, so that all weigh the same together and an example weighs 1 on average."""
    labels = spec.data.splits["train"]["label"]
    flat = [label for row in labels for label in (row if isinstance(row, list) else [row])]
    counts = torch.bincount(torch.tensor(flat), minlength=len(spec.data.labels)).float()
    return len(flat) / (counts.clamp(min=1) * (counts > 0).sum())
