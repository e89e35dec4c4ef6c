"""Make students of layers of the teacher."""

import copy
import re
from collections.abc import Mapping, Sequence

from torch import Tensor
from transformers import PretrainedConfig, PreTrainedModel

from distill.errors import ModelError
from distill.models.checkpoint_fitting import untie_head_like
from distill.models.dropout import set_dropout
from distill.models.layer_names import layer_pattern
from distill.models.loading import from_config


def from_layers(
    teacher: PreTrainedModel, chosen: Sequence[int], columns: Sequence[int] | None, head: str, dropout: float
) -> PreTrainedModel:
    """Return a student of the teacher's width, with some of its layers, its embeddings and its head.

    Args:
        teacher: a model with a task head.
        chosen: the layers to take, from 0; of an encoder-decoder, of both its stacks.
        columns: the teacher's output for each output of the student; ``None`` where they are the same.
        head: the name of transformers' class.
        dropout: the dropout of the student in training.

    Raises:
        ModelError: the teacher's layers cannot be told from its weights, or one of them cannot stand where it shall.
    """
    config = shortened(teacher.config, chosen)
    if columns is not None and len(columns) != config.num_labels:
        config.num_labels = len(columns)
    set_dropout(config, dropout)
    student = from_config(config, head)
    student.to(teacher.dtype)  # type: ignore[arg-type]
    untie_head_like(student, teacher)
    weights = _chosen_weights(teacher.state_dict(), chosen, teacher.config)
    for name in weights if columns is not None else ():
        if not name.startswith(f"{teacher.base_model_prefix}.") and len(weights[name]) == teacher.config.num_labels:
            weights[name] = weights[name][list(columns or ())]
    _fill(student, weights, chosen)
    return student


_DEPTHS = ("num_hidden_layers", "encoder_layers", "decoder_layers", "num_layers", "num_decoder_layers")
"""What architectures call the number of layers of a stack."""
_PER_LAYER = ("layer_types", "mlp_layer_types", "no_rope_layers", "attention_layers", "attention_window")
"""What says something of each layer, such as whether its attention is local: ModernBERT, Qwen, Longformer."""


def shortened(config: PretrainedConfig, chosen: Sequence[int]) -> PretrainedConfig:
    """Return the configuration of a model of the ``chosen`` layers alone.

    Raises:
        ModelError: encoder and decoder differ in depth, or the place of a layer decides on what it does.
    """
    depths = {name: getattr(config, name) for name in _DEPTHS if getattr(config, name, None) is not None}
    if len(set(depths.values())) > 1:
        listed = ", ".join(f"{name}={depth}" for name, depth in depths.items())
        raise ModelError(f"{config.model_type} models: layers are taken from stacks of the same depth, not of {listed}")
    if getattr(config, "scale_attn_by_inverse_layer_idx", False) and list(chosen) != list(range(len(chosen))):
        raise ModelError(
            f"{config.model_type} models with scale_attn_by_inverse_layer_idx weigh attention by the place of a layer; "
            "allowed is student.layer_map=first"
        )
    shorter = copy.deepcopy(config)
    for name in depths:
        setattr(shorter, name, len(chosen))
    for name in _PER_LAYER:
        if isinstance(by_layer := getattr(config, name, None), list):
            setattr(shorter, name, [by_layer[layer] for layer in chosen])
    if getattr(config, "attention_types", None):  # GPT-Neo's file says it in another way
        shorter.attention_types = [[[kind], 1] for kind in shorter.attention_layers]
    return shorter


def _fill(student: PreTrainedModel, weights: Mapping[str, Tensor], chosen: Sequence[int]) -> None:
    """Load the weights into the student, all of them and no others."""
    missing, unexpected = student.load_state_dict(weights, strict=False)
    for name, reason in (*((key, "lacks") for key in missing), *((key, "has, unlike it,") for key in unexpected)):
        if (match := re.search(r"\.(\d+)\.(.*)", name)) is None:
            raise ModelError(f"the student {'needs' if name in missing else 'has no place for'} {name}")
        place = int(match[1])
        raise ModelError(
            f"{student.config.model_type} models: the teacher's layer {chosen[place]} cannot become layer {place} of "
            f"the student: it {reason} {match[2]}; choose others, such as student.layer_map=first"
        )


def _chosen_weights(
    weights: Mapping[str, Tensor], chosen: Sequence[int], config: PretrainedConfig
) -> dict[str, Tensor]:
    pattern = layer_pattern(weights, config.num_hidden_layers, stacks=2 if config.is_encoder_decoder else 1)
    kept, layers = {}, _by_layer(weights, pattern)
    for name, tensor in weights.items():
        match = pattern.match(name)
        if match is None or (int(match[2]) == 0 and _stands_in_the_first(layers[match[1]], match[3])):
            kept[name] = tensor
        else:
            places = (place for place, layer in enumerate(chosen) if layer == int(match[2]))
            kept |= {f"{match[1]}{place}{match[3]}": tensor for place in places}
    return kept


def _by_layer(weights: Mapping[str, Tensor], pattern: re.Pattern[str]) -> dict[str, dict[int, set[str]]]:
    """Return, for each stack, the names of each layer's weights."""
    layers: dict[str, dict[int, set[str]]] = {}
    for match in filter(None, map(pattern.match, weights)):
        layers.setdefault(match[1], {}).setdefault(int(match[2]), set()).add(match[3])
    return layers


def _stands_in_the_first(stack: Mapping[int, set[str]], name: str) -> bool:
    """Return whether a weight of the first layer serves the whole stack: T5's relative positions."""
    return len(stack) > 1 and not any(name in names for layer, names in stack.items() if layer)
