"""Capture queries, keys and values of a model's self-attention by hooks, and compute scores from them.

Fused attention hands out no scores, so they are computed here from queries and keys; the model runs as it always does.
"""

import math
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeAlias, cast

import torch
from torch import Tensor, nn
from transformers import PretrainedConfig, PreTrainedModel
from transformers.models.auto.modeling_auto import (
    MODEL_FOR_CAUSAL_LM_MAPPING_NAMES,
    MODEL_FOR_MASKED_LM_MAPPING_NAMES,
)

from distill.errors import ModelError

QueryKeyValue: TypeAlias = tuple[Tensor, Tensor, Tensor]

_NAMES = (
    ("query", "key", "value"),  # BERT, RoBERTa, ELECTRA
    ("q_lin", "k_lin", "v_lin"),  # DistilBERT
    ("q_proj", "k_proj", "v_proj"),  # BART, Marian, OPT, Llama, Qwen
    ("query_proj", "key_proj", "value_proj"),  # DeBERTa-v2
    ("q", "k", "v"),  # T5
    ("c_attn",),  # GPT-2: all three in one
    ("Wqkv",),  # ModernBERT: likewise
)
"""What architectures call the modules that project states into queries, keys and values."""


_BOTH_WAYS = ("bert-generation", "xlnet")
"""Models with a head for the next word that read both ways unless they are told otherwise."""


def projections(model: PreTrainedModel) -> list[tuple[nn.Module, ...]]:
    """Return, for each layer, the modules that project queries, keys and values, or the one for all three.

    Of an encoder-decoder these are the encoder's.

    Raises:
        ModelError: they cannot be told from the names of the model's modules.
    """
    stack = cast(nn.Module, model.get_encoder() if model.config.is_encoder_decoder else model)
    modules_by_name: dict[str, dict[int, list[nn.Module]]] = {}
    for name, module in stack.named_modules():
        if match := re.match(r"(?:.*?\.)??(\d+)\.(?:.*\.)?(\w+)$", name):
            modules_by_name.setdefault(match[2], {}).setdefault(int(match[1]), []).append(module)
    layers = range(model.config.num_hidden_layers)
    for names in _NAMES:
        candidates = [[modules_by_name.get(name, {}).get(layer, []) for name in names] for layer in layers]
        # A convolution, SqueezeBERT's, makes [batch, width, tokens].
        if all(len(found) == 1 and not isinstance(found[0], nn.Conv1d) for layer in candidates for found in layer):
            return [tuple(modules[0] for modules in layer) for layer in candidates]
    raise ModelError(
        f"{model.config.model_type} models: queries, keys and values cannot be found in their {len(layers)} layers, "
        "so distill.attention.weight and distill.relations.weight must be 0"
    )


@contextmanager
def captured(model: PreTrainedModel) -> Iterator[list[QueryKeyValue]]:
    """Yield a list that holds each layer's query, key and value after the next forward pass of the model.

    Each is ``[batch, tokens, heads * head width]``; with grouped queries, keys and values are narrower.

    Raises:
        ModelError: see ``projections``.
    """
    layers, tensors = projections(model), cast(list[QueryKeyValue], [])
    parts: dict[nn.Module, Tensor] = {}  # what comes first counts: DeBERTa goes on to project its relative positions
    handles = [
        module.register_forward_hook(lambda module, _, output: _keep(parts, module, output))
        for layer in layers
        for module in layer
    ]
    try:
        yield tensors
        for layer in layers:
            outputs = [parts[module] for module in layer]
            tensors.append(cast(QueryKeyValue, tuple(outputs[0].chunk(3, dim=-1) if len(outputs) == 1 else outputs)))
    finally:
        for handle in handles:
            handle.remove()


def _keep(parts: dict[nn.Module, Tensor], module: nn.Module, output: Tensor) -> None:
    parts.setdefault(module, output)


def of_text(config: PretrainedConfig, layer: QueryKeyValue, mask: Tensor, before: int) -> QueryKeyValue:
    """Return a layer's query, key and value for the tokens of a text, without what a model fills up after them.

    Args:
        config: of the model.
        layer: as ``captured`` gives them.
        mask: of the text ``[batch, tokens]``.
        before: virtual tokens before it.

    Raises:
        ModelError: they are not ``[batch, tokens, width]``; Longformer's tokens come first.
    """
    batch, tokens = mask.shape
    for part in layer:
        known = isinstance(part, Tensor) and part.ndim == 3  # I-BERT's come with a scale
        if not known or part.shape[0] != batch or part.shape[1] < before + tokens:
            raise ModelError(
                f"{config.model_type} models: queries, keys and values do not come one for each token of each text, so "
                "distill.attention.weight and distill.relations.weight must be 0"
            )
    query, key, value = (part[:, before : before + tokens] for part in layer)
    return query, key, value


def scores(config: PretrainedConfig, query: Tensor, key: Tensor) -> Tensor:
    """Return attention scores before mask and softmax, ``[batch, heads, tokens, tokens]`` (query, key).

    The products of queries and keys over the root of the head width. What an architecture adds between projection and
    softmax is left out, of teacher and student alike: rotary or relative positions, and T5's scale of 1.

    Args:
        config: the configuration of the model.
        query: ``[batch, tokens, heads * head width]``.
        key: the same, or narrower by a whole number where queries are grouped.

    Raises:
        ModelError: the heads do not divide the widths.
    """
    heads, keys = head_counts(config, query.shape[-1], key.shape[-1])
    batch, tokens, width = query.shape
    queries_by_head = query.view(batch, tokens, heads, width // heads).transpose(1, 2)
    keys_by_head = key.view(batch, tokens, keys, width // heads).transpose(1, 2).repeat_interleave(heads // keys, dim=1)
    return torch.matmul(queries_by_head, keys_by_head.mT) / math.sqrt(width // heads)


def head_counts(config: PretrainedConfig, query: int, key: int) -> tuple[int, int]:
    """Return the number of heads of queries and of keys, given their widths.

    Raises:
        ModelError: the heads do not divide the widths.
    """
    heads = config.num_attention_heads
    keys = key * heads // query
    if query % heads or key * heads % query or not keys or heads % keys:
        raise ModelError(
            f"{config.model_type} models: queries {query} wide in {heads} heads and keys {key} wide do not fit "
            "together, so distill.attention.weight must be 0"
        )
    return heads, keys


def widths(config: PretrainedConfig) -> tuple[int, int]:
    """Return the width of queries, and that of keys and of values."""
    heads = config.num_attention_heads
    head = getattr(config, "head_dim", None) or config.hidden_size // heads
    groups = getattr(config, "num_key_value_heads", None) or heads
    return heads * head, groups * head


def causal(config: PretrainedConfig) -> bool:
    """Return whether a token attends to no later one, as in language models that predict the next word."""
    kind = config.model_type
    if config.is_encoder_decoder or getattr(config, "is_decoder", False):
        return not config.is_encoder_decoder
    writes, fills = kind in MODEL_FOR_CAUSAL_LM_MAPPING_NAMES, kind in MODEL_FOR_MASKED_LM_MAPPING_NAMES
    return writes and not fills and kind not in _BOTH_WAYS
