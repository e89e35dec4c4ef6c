"""Cut a model down to some of the tokens that it has an embedding for."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

import torch
from torch import nn
from transformers import PretrainedConfig, PreTrainedModel

from distill.errors import ModelError
from distill.models.checkpoint_fitting import head_of_its_own, resize
from distill.models.length_limit import AFTER_PADDING

_IDS = (
    "pad_token_id",
    "bos_token_id",
    "eos_token_id",
    "unk_token_id",
    "sep_token_id",
    "cls_token_id",
    "mask_token_id",
    "decoder_start_token_id",
    "forced_bos_token_id",
    "forced_eos_token_id",
    "suppress_tokens",
    "begin_suppress_tokens",
)
"""What configurations call the numbers of tokens."""


@torch.no_grad()
def cut_embeddings(model: PreTrainedModel, kept: Sequence[int]) -> None:
    """Leave a model the embeddings of the tokens ``kept`` alone, in this order, and a language head their logits.

    What it makes of texts of these tokens stays the same, bit for bit.

    Args:
        model: changed in place.
        kept: numbers of tokens, rising.

    Raises:
        ModelError: places are counted from the number of the padding token, which would change.
    """
    renumbered = {old: new for new, old in enumerate(kept)}
    _refuse_moved_padding(model.config, renumbered)
    _put_first(model, kept)
    resize(model, len(kept))
    for module in model.modules():
        if isinstance(module, nn.Embedding) and module.padding_idx in renumbered and len(module.weight) == len(kept):
            module.padding_idx = renumbered[module.padding_idx]
    _renumber(model.config, renumbered)
    if model.can_generate() and model.generation_config is not None:
        _renumber(model.generation_config, renumbered)


def cut_configuration(config: PretrainedConfig, kept: Sequence[int]) -> None:
    """Configure a model, in place, as ``cut_embeddings`` leaves it.

    Raises:
        ModelError: see there.
    """
    renumbered = {old: new for new, old in enumerate(kept)}
    _refuse_moved_padding(config, renumbered)
    config.vocab_size = len(kept)
    _renumber(config, renumbered)


def _refuse_moved_padding(config: PretrainedConfig, renumbered: Mapping[int, int]) -> None:
    pad = config.pad_token_id
    if config.model_type in AFTER_PADDING and renumbered.get(pad) != pad:
        raise ModelError(
            f"{config.model_type} models count places from the number of the padding token, {pad}, which cannot "
            "change with a smaller vocabulary"
        )


def _put_first(model: PreTrainedModel, kept: Sequence[int]) -> None:
    """Move the rows of the tokens that stay to the front, from which the size is cut."""
    embeddings = cast(nn.Embedding, model.get_input_embeddings())
    order, rows = torch.tensor(kept), len(embeddings.weight)
    tensors = [embeddings.weight]
    if (head := head_of_its_own(model)) is not None:
        tensors.append(head.weight)
    linear = model.get_output_embeddings()  # type: ignore[no-untyped-call]
    tensors += [] if getattr(linear, "bias", None) is None else [linear.bias]
    for tensor in tensors:
        tensor[: len(order)] = tensor[order]
    for name, buffer in model.named_buffers():  # BART adds to its logits what is no weight
        if name.endswith("final_logits_bias") and buffer.shape[-1] == rows:
            buffer[..., : len(order)] = buffer[..., order]


def _renumber(config: Any, renumbered: Mapping[int, int]) -> None:  # noqa: ANN401
    """Give the tokens that a configuration names their new numbers; those without an embedding are left out."""
    for name in _IDS:
        value = getattr(config, name, None)
        if isinstance(value, list):
            setattr(config, name, [renumbered[number] for number in value if number in renumbered])
        elif isinstance(value, int) and not isinstance(value, bool):
            setattr(config, name, renumbered.get(value))
