"""The shapes that travel between rooms: batches, model outputs, labels and losses."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from torch import Tensor

IGNORE = -100
"""The label of a row that is not scored, as in ``torch.nn.functional.cross_entropy``."""
FLOOR = -1e4
"""The logit of a class that cannot be: its probability is exactly 0, and its logarithm still finite."""

Kind: TypeAlias = Literal["class", "labels", "score"]
"""What a row of logits means: one of the classes (softmax), any of the labels (sigmoids), or a score."""

Batch: TypeAlias = dict[str, "Tensor"]
"""What a model eats, plus ``labels``, ``key``, ``first``, ``count`` and ``total_*`` (what the whole step counts)."""

MODEL_INPUTS = ("input_ids", "attention_mask", "token_type_ids")
"""What of a batch a model reads; ``target_ids`` come to it shifted, where there is a decoder."""


@dataclass(frozen=True)
class Outputs:
    """What a model said about a batch, the same shape for teacher and student.

    Attributes:
        logits: ``[rows, classes]``, one row for each thing the task predicts.
        hidden: the embedding output and each layer's output, each ``[batch, tokens, width]``; empty when not asked for.
        mask: ``[batch, tokens]``, true where a token is no padding.
        attentions: each layer's attention scores, before the softmax, ``[batch, heads, tokens, tokens]`` (query, key);
            0 is the first layer; empty when not asked for.
        qkv: each layer's query, key and value, each ``[batch, tokens, heads * head width]``; 0 is the first layer;
            empty when not asked for.
        indices: only of a teacher of whose logits the largest were kept: then ``logits`` is ``[rows, k]``, and this,
            ``[rows, k]``, says which class each of them belongs to, all different within a row. A place without a class
            has -1, and a logit of no probability.
        rest: ``[rows]``, with ``indices``: the log-sum-exp of all the row's other logits, each divided by the
            temperature first; so it holds for one temperature only.
    """

    logits: "Tensor"
    hidden: tuple["Tensor", ...] = ()
    mask: "Tensor | None" = None
    attentions: tuple["Tensor", ...] = ()
    qkv: tuple[tuple["Tensor", "Tensor", "Tensor"], ...] = ()
    indices: "Tensor | None" = None
    rest: "Tensor | None" = None


@dataclass(frozen=True)
class LossReport:
    """The weighted total, with a gradient, and each term's unweighted mean, detached."""

    total: "Tensor"
    parts: dict[str, "Tensor"] = field(default_factory=dict)


def at_least_float32(values: "Tensor") -> "Tensor":
    """Numbers as they are computed with: halves and whole numbers in float32, while doubles stay doubles."""
    return values if values.is_floating_point() and values.element_size() >= 4 else values.float()


Respond: TypeAlias = Callable[[Batch], Outputs]
"""How a teacher is asked, live or from its stored outputs; its logits are rows already."""
