"""Models that only answer: with the rows of what is given, or with what they write themselves."""

from collections.abc import Callable, Mapping, Sequence

import pytorch_lightning as pl
import torch
import torch.nn.functional as F  # noqa: N812 - the name everybody knows it by
from torch import Tensor
from transformers import PreTrainedModel

from distill.inference.generation import write
from distill.inference.generation_ensemble import ModelEnsemble
from distill.models.finite_values import floor_negative_infinity
from distill.models.forward import Align, outputs, select_columns
from distill.types import Batch, Outputs, at_least_float32

Reduce = Callable[[Tensor, Tensor, Batch], dict[str, Tensor]]
"""What is kept of rows ``[rows, classes]`` and labels ``[rows]`` of a batch."""
_LARGEST = torch.finfo(torch.float16).max
Answer = tuple[dict[str, Tensor], dict[str, Tensor]]
"""The places of features, and what was kept of their rows."""


class LogitsPredictor(pl.LightningModule):
    """The LightningModule of every pass that scores what is given."""

    def __init__(
        self, model: PreTrainedModel, align: Align, columns: Sequence[int] | None, reduce: Reduce | None = None,
        states: Sequence[int] = (), beside: ModelEnsemble | None = None,
    ) -> None:  # fmt: skip
        """Pair a model with what is kept of its answers.

        Args:
            model: with a task head.
            align: turns its logits into rows.
            columns: ``columns[i]`` is the model's output for output ``i`` of the task; none takes them as they are.
            reduce: what is kept of the rows; none keeps all logits.
            states: which hidden states are kept; 0 is the embedding output.
            beside: further models, whose rows are combined with those of ``model``.
        """
        super().__init__()
        self.beside = beside
        self.model, self.align, self.columns, self.reduce = model, align, columns, reduce or all_logits
        self.states = tuple(states)

    def predict_step(self, batch: Batch, batch_idx: int) -> Answer:
        """The rows of a batch, and whose they are."""
        raw = outputs(self.model, batch, hidden=bool(self.states))
        rows, labels = self.align(select_columns(raw.logits, self.columns), batch)
        if self.beside:
            rows = self.beside.rows(rows, batch, self.align)
        found, kept = places(batch), self.reduce(floor_negative_infinity(at_least_float32(rows)), labels, batch)
        return (found | tokens(raw), kept | half(raw, self.states)) if self.states else (found, kept)


class TextGenerator(pl.LightningModule):
    """The LightningModule of every pass in which a model writes."""

    def __init__(
        self, model: PreTrainedModel, settings: Mapping[str, int], beside: ModelEnsemble | None = None
    ) -> None:
        """``settings`` go to ``generate`` of transformers; models ``beside`` write with it, as one."""
        super().__init__()
        self.model, self.settings, self.beside = model, dict(settings), beside

    def predict_step(self, batch: Batch, batch_idx: int) -> Answer:
        """The tokens that are written for a batch, as rows ``[tokens, 1]``, and whose they are."""
        written = write(self.model, batch, self.settings, self.beside)
        count = torch.tensor([len(ids) for ids in written], device=batch["key"].device)
        found = {**places(batch), "first": torch.zeros_like(count), "count": count}
        return found, {"values": torch.cat(written).unsqueeze(-1).int()}


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
