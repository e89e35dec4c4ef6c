"""The shapes that travel between rooms: batches, model outputs, labels and losses."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    import torch
    from torch import Tensor

IGNORE = -100
"""The label of a row that is not scored, as in ``torch.nn.functional.cross_entropy``."""
FLOOR = -1e4
"""The logit of a class that cannot be: its probability is exactly 0, and its logarithm still finite."""

Kind: TypeAlias = Literal["class", "labels", "score"]
"""What a row of logits means: one of the classes (softmax), any of the labels (sigmoids), or a score."""

Batch: TypeAlias = dict[str, "Tensor"]
"""What a model eats, plus ``labels``, ``key``, ``first``, ``count``, ``with_tokens`` (the numbers of the features that
are not padding alone) and ``total_*`` (what the whole step counts); of pairs of segments ``follows``."""
PLACES = ("key", "first", "count")
"""What places a feature: its example, the first of the example's rows that it answers, and how many. A batch has it on
the CPU, where it is looked up."""

LEARNT = "learnt"
"""The column beside the turns of a dialogue that holds the places of those that are learnt as replies; where it, or a
row of it, says none, all turns but the first are."""

MODEL_INPUTS = ("input_ids", "attention_mask", "token_type_ids")
"""What of a batch a model reads; ``target_ids`` come to it shifted, where there is a decoder."""


@dataclass(frozen=True)
class SparseLogits:
    """Rows of logits over a whole vocabulary of which some were kept, and what stands for the others.

    Attributes:
        values: the kept logits ``[rows, k]``.
        indices: ``[rows, k]``, which class each of them belongs to, all different within a row. A place without a class
            has -1, and a logit of no probability.
        log_rest: ``[rows]``, the log-sum-exp of all the row's other logits, each divided by the temperature first.
        temperature: the one that they hold for.
    """

    values: "Tensor"
    indices: "Tensor"
    log_rest: "Tensor"
    temperature: float

    def softened_by(self, temperature: float) -> "SparseLogits":
        """Return the same rows, to be divided by a temperature.

        Raises:
            ValueError: they hold for another one, so that what stands for the others would be wrong.
        """
        if temperature != self.temperature:
            raise ValueError(
                f"kept logits of the teacher hold for the temperature {self.temperature}, but are softened by "
                f"{temperature}"
            )
        return self

    def at(self, places: "Tensor", device: "torch.device") -> "SparseLogits":
        """Return the rows at ``places [n]``, on a device."""
        values, indices, log_rest = (each[places].to(device) for each in (self.values, self.indices, self.log_rest))
        return SparseLogits(values, indices, log_rest, self.temperature)


@dataclass(frozen=True)
class SegmentPairs:
    """Whether the second of two segments of text follows the first.

    Attributes:
        logits: ``[pairs, 2]``: of the one that follows, and of another one.
        labels: ``[pairs]``: 0 where it follows, else 1.
    """

    logits: "Tensor"
    labels: "Tensor"


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
        sparse: only of a teacher of whose logits some were kept: what they are; ``logits`` are then its ``values``.
        segment_pairs: only of a model that is pretrained on pairs of segments.
        with_tokens: ``[examples]``, the numbers of those that are not padding alone; none where the mask has to tell.
    """

    logits: "Tensor"
    hidden: tuple["Tensor", ...] = ()
    mask: "Tensor | None" = None
    attentions: tuple["Tensor", ...] = ()
    qkv: tuple[tuple["Tensor", "Tensor", "Tensor"], ...] = ()
    sparse: SparseLogits | None = None
    segment_pairs: SegmentPairs | None = None
    with_tokens: "Tensor | None" = None


@dataclass(frozen=True)
class LossReport:
    """The weighted total, with a gradient, and each term's unweighted mean, detached."""

    total: "Tensor"
    parts: dict[str, "Tensor"] = field(default_factory=dict)


def at_least_float32(values: "Tensor") -> "Tensor":
    """Numbers as they are computed with: halves and whole numbers in float32, while doubles stay doubles."""
    return values if values.is_floating_point() and values.element_size() >= 4 else values.float()


def device_of(batch: Batch) -> "torch.device":
    """Return the device on which models read a batch; the places of its examples may be on the CPU all the same."""
    return batch["input_ids"].device if "input_ids" in batch else batch["key"].device


TeacherFn: TypeAlias = Callable[[Batch], Outputs]
"""How a teacher is asked, live or from its stored outputs; its logits are rows already."""


@dataclass(frozen=True)
class ModelShape:
    """What terms must know of a model.

    Attributes:
        layers: of an encoder-decoder, the encoder's.
        width: of hidden states.
        heads: of attention.
        projected: widths of queries, and of keys and values.
        causal: whether a token sees no later one.
        follows: of a student, the layer map that ``auto`` stands for: uniform until states were compared.
    """

    layers: int
    width: int
    heads: int
    projected: tuple[int, int]
    causal: bool
    follows: str = "uniform"
