"""What a pass keeps of a model's answers: whose rows they are, all logits or some, and hidden states."""

from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F  # noqa: N812 - the name everybody knows it by
from torch import Tensor

from distill.types import Batch, Outputs

Reduce = Callable[[Tensor, Tensor, Batch], dict[str, Tensor]]
"""What is kept of rows ``[rows, classes]`` and labels ``[rows]`` of a batch."""
_LARGEST = torch.finfo(torch.float16).max


def places(batch: Batch) -> dict[str, Tensor]:
    """Whose rows the batch's are."""
    return {name: batch[name] for name in ("key", "first", "count")}


def tokens(answer: Outputs) -> dict[str, Tensor]:
    """How many tokens of each feature ``[features]`` are no padding."""
    return {"tokens": _mask(answer).sum(dim=1)}


def half(answer: Outputs, states: Sequence[int]) -> dict[str, Tensor]:
    """Hidden states of all tokens that are no padding, ``[tokens, states, width]`` in half precision.

    What is too large for half precision becomes the largest number that it has.
    """
    kept = torch.stack([answer.hidden[number][_mask(answer)] for number in states], dim=1)
    return {"states": kept.clamp(-_LARGEST, _LARGEST).half()}


def _mask(answer: Outputs) -> Tensor:
    if answer.mask is None:
        raise ValueError("hidden states are kept where there is no padding, but the answer carries no mask")
    return answer.mask


def all_logits(rows: Tensor, labels: Tensor, batch: Batch) -> dict[str, Tensor]:
    """Every logit."""
    return {"values": rows}


def cost_and_guess(rows: Tensor, labels: Tensor, batch: Batch) -> dict[str, Tensor]:
    """For each row what its label costs, in nats, and the likeliest class, as ``[rows, 2]``: all that scoring reads."""
    cost = F.cross_entropy(rows, labels, reduction="none")
    return {"values": torch.stack([cost, rows.argmax(dim=-1).to(rows.dtype)], dim=-1)}


def top(k: int, temperature: float) -> Reduce:
    """Keep the ``k`` largest logits of each row, and the log-sum-exp of the others at a temperature."""

    def reduce(rows: Tensor, labels: Tensor, batch: Batch) -> dict[str, Tensor]:
        values, indices = rows.topk(min(k, rows.shape[-1]), dim=-1)
        others = (rows / temperature).scatter(-1, indices, float("-inf"))
        return {"values": values, "indices": indices.int(), "rest": others.logsumexp(dim=-1)}

    return reduce
