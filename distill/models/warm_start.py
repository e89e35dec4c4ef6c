"""Let a model that has learnt some labels begin again with others: outputs of the same name keep their weights."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import nn
from transformers import PretrainedConfig, PreTrainedModel

from distill.errors import ModelError
from distill.models.label_columns import given_or_own_names, some, unnamed


class WarmStart(NamedTuple):
    """What becomes of the outputs of a checkpoint's head where it begins to learn anew.

    Attributes:
        had: the names of its outputs, in their order.
        outputs: those that it shall have.
    """

    had: tuple[str, ...]
    outputs: tuple[str, ...]

    @property
    def kept(self) -> list[str]:
        """The outputs that begin with the weights they had."""
        return [name for name in self.outputs if name in self.had]

    @property
    def grows(self) -> bool:
        """Whether some outputs keep their weights by name, and others are new or left out."""
        return bool(self.kept) and set(self.had) != set(self.outputs)

    @property
    def sentence(self) -> str:
        """Which outputs it keeps, which begin anew, and which are left out."""
        new, left = unnamed(self.outputs, self.had), unnamed(self.had, self.outputs)
        if not self.kept and len(self.had) == len(self.outputs):
            return f"its {len(new)} outputs {some(self.had)} are now {some(self.outputs)}, in this order"
        if not self.kept:
            return f"none of its outputs {some(self.had)} is one of {some(self.outputs)}: the head begins anew"
        parts = [f"its outputs {some(self.kept)} keep their weights"]
        parts += [f"{some(new)} begin{'s' * (len(new) == 1)} anew"] if new else []
        parts += [f"{some(left)} {'is' if len(left) == 1 else 'are'} left out"] if left else []
        return ", ".join(parts)


def warm_start(
    config: PretrainedConfig, head: str, outputs: Sequence[str], named: Sequence[str] = ()
) -> WarmStart | None:
    """Return what becomes of a checkpoint's head; none where it has none, or where nothing tells its outputs apart.

    Args:
        config: of the checkpoint.
        head: transformers' class, such as AutoModelForSequenceClassification.
        outputs: names of the outputs that it shall have.
        named: names of the outputs that it has, in their order, where its configuration does not name them.

    Raises:
        ModelError: ``named`` are more or fewer than its outputs.
    """
    names = given_or_own_names(config, named)
    architectures = [str(name) for name in config.architectures or ()]
    if len(outputs) < 2 or not any(name.endswith(head.removeprefix("AutoModel")) for name in architectures):
        return None
    return WarmStart(tuple(names), tuple(outputs))


@torch.no_grad()
def grow(model: PreTrainedModel, old: PreTrainedModel, start: WarmStart) -> None:
    """Give the outputs of a model the weights that outputs of the same name had; others begin small, at random.

    Args:
        model: with the outputs that it shall have.
        old: the same checkpoint with those that it had; it may be the same object where they are as many.
        start: the names of both.

    Raises:
        ModelError: the layer that makes the outputs is not found.
    """
    before = [weight.clone() for weight in output_layer(old, start.had).parameters()]
    layer = output_layer(model, start.outputs)
    layer.weight.normal_(0.0, float(getattr(model.config, "initializer_range", None) or 0.02))
    if layer.bias is not None:
        layer.bias.zero_()
    for weight, was in zip(layer.parameters(), before, strict=True):
        for name in start.kept:
            weight[start.outputs.index(name)] = was[start.had.index(name)]


def output_layer(model: PreTrainedModel, names: Sequence[str]) -> nn.Linear:
    """Return the layer that makes the outputs of these names.

    Raises:
        ModelError: it is not found.
    """
    prefix = f"{model.base_model_prefix}."
    heads = [
        module
        for name, module in model.named_modules()
        if isinstance(module, nn.Linear) and module.out_features == len(names) and not name.startswith(prefix)
    ]
    if not heads:
        raise ModelError(
            f"{type(model).__name__} has no linear layer of {len(names)} outputs to put in the order of the labels: "
            f"{', '.join(names)}"
        )
    return heads[-1]
