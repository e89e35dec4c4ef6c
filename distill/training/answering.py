"""Models that only answer: with the rows of what is given, or with what they write themselves."""

from collections.abc import Callable, Mapping, Sequence

import pytorch_lightning as pl
import torch
import torch.nn.functional as F  # noqa: N812 - the name everybody knows it by
from torch import Tensor
from transformers import PreTrainedModel

from distill.models.teacher import Align, chosen, outputs
from distill.models.writing import write
from distill.types import Batch

Reduce = Callable[[Tensor, Tensor], dict[str, Tensor]]
"""What is kept of rows ``[rows, classes]`` and labels ``[rows]``."""
Answer = tuple[dict[str, Tensor], dict[str, Tensor]]
"""The places of features, and what was kept of their rows."""


class Answerer(pl.LightningModule):
    """The LightningModule of every pass that scores what is given."""

    def __init__(
        self, model: PreTrainedModel, align: Align, columns: Sequence[int] | None, reduce: Reduce | None = None
    ) -> None:
        """``columns[i]`` is the model's output for output ``i`` of the task; ``reduce`` none keeps all logits."""
        super().__init__()
        self.model, self.align, self.columns, self.reduce = model, align, columns, reduce or all_logits

    def predict_step(self, batch: Batch, batch_idx: int) -> Answer:
        """The rows of a batch, and whose they are."""
        rows, labels = self.align(chosen(outputs(self.model, batch).logits, self.columns), batch)
        return places(batch), self.reduce(rows.float(), labels)


class Writer(pl.LightningModule):
    """The LightningModule of every pass in which a model writes."""

    def __init__(self, model: PreTrainedModel, settings: Mapping[str, int]) -> None:
        """``settings`` go to ``generate`` of transformers."""
        super().__init__()
        self.model, self.settings = model, dict(settings)

    def predict_step(self, batch: Batch, batch_idx: int) -> Answer:
        """The tokens that are written for a batch, as rows ``[tokens, 1]``, and whose they are."""
        written = write(self.model, batch, self.settings)
        count = torch.tensor([len(ids) for ids in written], device=batch["key"].device)
        found = {**places(batch), "first": torch.zeros_like(count), "count": count}
        return found, {"values": torch.cat(written).unsqueeze(-1).int()}


def places(batch: Batch) -> dict[str, Tensor]:
    """Whose rows the batch's are."""
    return {name: batch[name] for name in ("key", "first", "count")}


def all_logits(rows: Tensor, labels: Tensor) -> dict[str, Tensor]:
    """Every logit."""
    return {"values": rows}


def cost_and_guess(rows: Tensor, labels: Tensor) -> dict[str, Tensor]:
    """For each row what its label costs, in nats, and the likeliest class, as ``[rows, 2]``: all that scoring reads."""
    cost = F.cross_entropy(rows, labels, reduction="none")
    return {"values": torch.stack([cost, rows.argmax(dim=-1).float()], dim=-1)}


def top(k: int, temperature: float) -> Reduce:
    """Keep the ``k`` largest logits of each row, and the log-sum-exp of the others at a temperature."""

    def reduce(rows: Tensor, labels: Tensor) -> dict[str, Tensor]:
        values, indices = rows.topk(min(k, rows.shape[-1]), dim=-1)
        others = (rows / temperature).scatter(-1, indices, float("-inf"))
        return {"values": values, "indices": indices.int(), "rest": others.logsumexp(dim=-1)}

    return reduce
