"""How a model is asked, and a teacher that is asked while the student learns."""

from collections.abc import Sequence
from typing import cast

import torch
from torch import nn
from transformers import PretrainedConfig, PreTrainedModel

from distill.errors import ModelError
from distill.types import MODEL_INPUTS, Batch, Outputs


def outputs(model: PreTrainedModel, batch: Batch, *, hidden: bool = False, prefix: str = "") -> Outputs:
    """A model's answer to a batch, in the shape that teacher and student share.

    Args:
        model: with a task head.
        batch: with the model's inputs ``[batch, tokens]``.
        hidden: whether hidden states are wanted.
        prefix: of the model's inputs in the batch, where teacher and student read other tokens.
    """
    inputs = {name: batch[prefix + name] for name in MODEL_INPUTS if prefix + name in batch}
    answer = model(**inputs, output_hidden_states=hidden)
    states = answer.hidden_states if hidden else ()
    return Outputs(answer.logits, tuple(states), inputs["attention_mask"].bool())


class LiveTeacher:
    """A frozen teacher that answers each batch anew.

    A plain object on purpose: as a submodule of the learner it would be wrapped by DDP, copied into every checkpoint,
    and switched to train mode.
    """

    def __init__(self, model: PreTrainedModel, columns: Sequence[int], *, hidden: bool, prefix: str = "") -> None:
        """``columns[i]`` is the teacher's output for label ``i``; see ``outputs`` for the rest."""
        model.train(False)
        self.model = model.requires_grad_(False)
        self.columns, self.hidden, self.prefix = list(columns), hidden, prefix

    @torch.no_grad()
    def __call__(self, batch: Batch) -> Outputs:
        """The teacher's answer; tensors that a term may save for its backward pass, without a gradient."""
        device = batch["key"].device
        if self.model.device != device:
            cast(nn.Module, self.model).to(device)
        answer = outputs(self.model, batch, hidden=self.hidden, prefix=self.prefix)
        return Outputs(answer.logits[..., self.columns], answer.hidden, answer.mask)


def label_columns(config: PretrainedConfig, labels: Sequence[str], given: Sequence[str]) -> list[int]:
    """For each label of the data, the teacher's output of that *name*.

    Args:
        config: of a fine-tuned checkpoint.
        labels: names of the data's labels, in their order.
        given: names of the teacher's outputs, for a checkpoint that does not name them; empty trusts the checkpoint.

    Raises:
        ModelError: the teacher's labels are other ones.
    """
    names = list(given) or [str(name) for _, name in sorted((config.id2label or {}).items())]
    if sorted(names) != sorted(labels):
        raise ModelError(
            f"the teacher's labels are {', '.join(names)}, those of the data are {', '.join(labels)}; "
            "name its outputs in their order with teacher.labels=[...], or the data's labels with data.labels"
        )
    return [names.index(label) for label in labels]
