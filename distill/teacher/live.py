"""A teacher that is asked while the student learns."""

from collections.abc import Sequence
from dataclasses import replace
from typing import cast

import torch
from torch import nn
from transformers import PreTrainedModel

from distill.inference.output_columns import not_finite
from distill.models.finite_values import floor_negative_infinity
from distill.models.forward import Align, outputs, select_columns
from distill.types import Batch, Outputs


class LiveTeacher:
    """A frozen teacher that answers each batch anew.

    A plain object on purpose: as a submodule of the learner it would be wrapped by DDP, copied into every checkpoint,
    and switched to train mode.
    """

    def __init__(
        self,
        model: PreTrainedModel,
        align: Align,
        columns: Sequence[int] | None,
        *,
        hidden: bool = False,
        attentions: bool = False,
        qkv: bool = False,
        prefix: str = "",
    ) -> None:
        """``columns[i]`` is the teacher's output for output ``i`` of the student; see ``outputs`` for the rest."""
        model.train(False)
        self.model, self.align = model.requires_grad_(False), align
        self.columns, self.hidden, self.attentions, self.qkv = columns, hidden, attentions, qkv
        self.prefix = prefix

    @property
    def name(self) -> str:
        """The folder of the model, or its id on the hub, as messages name it."""
        return str(self.model.name_or_path)

    @torch.no_grad()
    def __call__(self, batch: Batch) -> Outputs:
        """The teacher's answer; tensors that a term may save for its backward pass, without a gradient.

        It is the same as a stored one: of the teacher's own precision, also where the student's is mixed.
        """
        device = batch["key"].device
        if self.model.device != device:
            cast(nn.Module, self.model).to(device)
        with torch.autocast(device.type, enabled=False):
            answer = outputs(
                self.model, batch, hidden=self.hidden, attentions=self.attentions, qkv=self.qkv, prefix=self.prefix
            )
            return replace(
                answer,
                logits=floor_negative_infinity(self.align(select_columns(answer.logits, self.columns), batch)[0]),
            )

    def not_finite(self, batch: Batch) -> list[int]:
        """Return the keys of the examples of a batch of which the teacher says what is no finite number."""
        answer = self(batch)
        columns = {"values": answer.logits, "count": batch["count"], "key": batch["key"]}
        bad = not_finite({name: column.cpu() for name, column in columns.items()})
        for states in (*answer.hidden, *answer.attentions, *(each for three in answer.qkv for each in three)):
            mask = answer.mask
            real = states if mask is None or states.dim() != 3 else states.masked_fill(~mask.unsqueeze(-1), 0.0)
            bad |= ~real.isfinite().flatten(1).all(dim=1).cpu()
        keys: list[int] = batch["key"].cpu()[bad].tolist()
        return keys
