"""Reduce a model's outputs to what a pass keeps: places, all logits or some, and hidden states."""

from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F  # noqa: N812 - the name everybody knows it by
from torch import Tensor

from distill.types import Batch, Outputs

Reduce = Callable[[Tensor, Tensor, Batch], dict[str, Tensor]]
"""What is kept of rows ``[rows, classes]`` and labels ``[rows]`` of a batch."""
_LARGEST = torch.finfo(torch.float16).max


def places(batch: Batch) -> dict[str, Tensor]:
    """Return the places of a batch's features: ``key``, ``first`` and ``count``, each ``[features]``."""
    return {name: batch[name] for name in ("key", "first", "count")}


def tokens(answer: Outputs) -> dict[str, Tensor]:
    """Return how many tokens of each feature ``[features]`` are no padding."""
    return {"tokens": _mask(answer).sum(dim=1)}


def half(answer: Outputs, states: Sequence[int]) -> dict[str, Tensor]:
    """Return the hidden states of all tokens without padding, ``[tokens, states, width]`` in half precision.

    What is too large for half precision becomes the largest number that it has.
    """
    states_of_tokens = torch.stack([answer.hidden[number][_mask(answer)] for number in states], dim=1)
    return {"states": states_of_tokens.clamp(-_LARGEST, _LARGEST).half()}


def _mask(answer: Outputs) -> Tensor:
    if answer.mask is None:
        raise ValueError("hidden states are kept where there is no padding, but the answer carries no mask")
    return answer.mask


def all_logits(rows: Tensor, labels: Tensor, batch: Batch) -> dict[str, Tensor]:
    """Return every logit, ``[rows, classes]``."""
    return {"values": rows}


def cost_and_guess(rows: Tensor, labels: Tensor, batch: Batch) -> dict[str, Tensor]:
    """Return each row's loss of its label, in nats, and its likeliest class, as ``[rows, 2]``, which scoring reads."""
    cost = F.cross_entropy(rows, labels, reduction="none")
    return {"values": torch.stack([cost, rows.argmax(dim=-1).to(rows.dtype)], dim=-1)}


def top(k: int, temperature: float) -> Reduce:
    """Return a reduction to the ``k`` largest logits of a row, and the log-sum-exp of the others at a temperature."""

    def reduce(rows: Tensor, labels: Tensor, batch: Batch) -> dict[str, Tensor]:
        values, indices = rows.topk(min(k, rows.shape[-1]), dim=-1)
        others = (rows / temperature).scatter(-1, indices, float("-inf"))
        return {"values": values, "indices": indices.int(), "rest": others.logsumexp(dim=-1)}

    return reduce
