"""Lists of unequal length as one tensor."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from distill.types import MODEL_INPUTS, Batch


def pad(lists: Sequence[Sequence[int]], value: int) -> Tensor:
    """A tensor ``[lists, longest]``, filled up at the end.

    >>> pad([[1, 2], [3]], 0)
    tensor([[1, 2],
            [3, 0]])
    """
    longest = max(map(len, lists))
    return torch.tensor([[*numbers, *[value] * (longest - len(numbers))] for numbers in lists])


def model_inputs(columns: Mapping[str, Any], pad_id: int, prefix: str = "") -> Batch:
    """The padded inputs of a model, each ``[batch, tokens]``; only ``input_ids`` are padded with other than 0."""
    names = [name for name in MODEL_INPUTS if prefix + name in columns]
    return {prefix + name: pad(columns[prefix + name], pad_id if name == "input_ids" else 0) for name in names}


def totals(counts: Mapping[str, float]) -> Batch:
    """What the whole group counts, as the ``total_*`` of a batch."""
    return {f"total_{unit}": torch.tensor(count) for unit, count in counts.items()}
