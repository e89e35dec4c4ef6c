"""A model that only answers."""

from collections.abc import Sequence

import pytorch_lightning as pl
from torch import Tensor
from transformers import PreTrainedModel

from distill.models.teacher import outputs
from distill.types import Batch


class Answerer(pl.LightningModule):
    """The LightningModule of every pass without training."""

    def __init__(self, model: PreTrainedModel, columns: Sequence[int]) -> None:
        """``columns[i]`` is the model's output for label ``i``."""
        super().__init__()
        self.model, self.columns = model, list(columns)

    def predict_step(self, batch: Batch, batch_idx: int) -> tuple[Tensor, Tensor]:
        """The keys ``[batch]`` of the examples and their logits ``[batch, classes]``."""
        return batch["key"], outputs(self.model, batch).logits[..., self.columns]
