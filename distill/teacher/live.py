"""Ask a frozen teacher batch by batch while the student learns."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import chain
from typing import cast

import torch
from torch import nn
from transformers import PreTrainedModel

from distill.errors import ModelError
from distill.inference.output_columns import not_finite
from distill.models.finite_values import floor_negative_infinity
from distill.models.forward import Align, outputs, select_columns
from distill.types import Batch, Outputs, at_least_float32, device_of


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
        """Freeze the model; its output ``columns[i]`` is output ``i`` of the student; see ``outputs`` for the rest."""
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
        """Return the teacher's outputs; terms may save the tensors for backward, and none has a gradient.

        It is the same as a stored one: of the teacher's own precision, also where the student's is mixed, and in 32
        bits where that is less.

        Raises:
            ModelError: it does not fit the device.
        """
        device = device_of(batch)
        self._go_to(device)
        with torch.autocast(device.type, enabled=False):
            answer = _at_least_float32(
                outputs(
                    self.model, batch, hidden=self.hidden, attentions=self.attentions, qkv=self.qkv, prefix=self.prefix
                )
            )
            return replace(
                answer,
                logits=floor_negative_infinity(self.align(select_columns(answer.logits, self.columns), batch)[0]),
            )

    def _go_to(self, device: torch.device) -> None:
        """Move to where the student is."""
        if self.model.device == device:
            return
        try:
            cast(nn.Module, self.model).to(device)
        except torch.OutOfMemoryError as error:
            size = sum(weight.numel() * weight.element_size() for weight in self.model.parameters()) / 1e9
            raise ModelError(
                f"the teacher {self.name} ({size:.1f} GB in {str(self.model.dtype).removeprefix('torch.')}) does not "
                f"fit {device} beside the student: share it out over several devices (trainer.strategy=fsdp), store "
                "its answers (teacher.store=always), give teacher.precision=bf16-true, or a smaller one"
            ) from error

    def not_finite(self, batch: Batch) -> list[int]:
        """Return the keys of the examples of a batch for which the teacher's outputs are no finite numbers."""
        answer = self(batch)
        columns = {"values": answer.logits, "count": batch["count"], "key": batch["key"]}
        bad = not_finite({name: column.cpu() for name, column in columns.items()})
        for states in (*answer.hidden, *answer.attentions, *chain.from_iterable(answer.qkv)):
            mask = answer.mask
            real = states if mask is None or states.dim() != 3 else states.masked_fill(~mask.unsqueeze(-1), 0.0)
            bad |= ~real.isfinite().flatten(1).all(dim=1).cpu()
        keys: list[int] = batch["key"].cpu()[bad].tolist()
        return keys


def _at_least_float32(answer: Outputs) -> Outputs:
    """Return what a model of few bits has said as losses compute with it; else the very same tensors."""
    return replace(
        answer,
        logits=at_least_float32(answer.logits),
        hidden=tuple(map(at_least_float32, answer.hidden)),
        attentions=tuple(map(at_least_float32, answer.attentions)),
        qkv=tuple((at_least_float32(q), at_least_float32(k), at_least_float32(v)) for q, k, v in answer.qkv),
    )
