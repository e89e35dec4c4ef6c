"""The shapes that travel between rooms: batches, model outputs, labels and losses."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from torch import Tensor

IGNORE = -100
"""The label of a row that is not scored, as in ``torch.nn.functional.cross_entropy``."""

Batch: TypeAlias = dict[str, Tensor]
"""What a model eats, plus ``labels``, ``key`` and ``total_*`` (what the whole optimiser step counts)."""

MODEL_INPUTS = ("input_ids", "attention_mask", "token_type_ids")
"""What of a batch a model reads."""


@dataclass(frozen=True)
class Outputs:
    """What a model said about a batch, the same shape for teacher and student.

    Attributes:
        logits: ``[rows, classes]``, one row for each thing the task predicts.
        hidden: the embedding output and each layer's output, each ``[batch, tokens, width]``; empty when not asked for.
        mask: ``[batch, tokens]``, true where a token is no padding.
    """

    logits: Tensor
    hidden: tuple[Tensor, ...] = ()
    mask: Tensor | None = None


@dataclass(frozen=True)
class LossReport:
    """The weighted total, with a gradient, and each term's unweighted mean, detached."""

    total: Tensor
    parts: dict[str, Tensor] = field(default_factory=dict)


Respond: TypeAlias = Callable[[Batch], Outputs]
"""How a teacher is asked, live or from its stored outputs."""
