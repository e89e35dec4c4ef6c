"""Students made of layers of the teacher."""

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
    """A student of the teacher's width, with some of its layers, its embeddings and its head.

    Args:
        teacher: with a task head.
        chosen: the layers, from 0; of an encoder-decoder, of both its stacks.
        columns: the teacher's output for each output of the student; none where they are the same.
        head: transformers' class.
        dropout: of the student while it trains.

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
_EACH = ("layer_types", "mlp_layer_types", "no_rope_layers", "attention_layers", "attention_window")
"""What says something of each layer, such as whether its attention is local: ModernBERT, Qwen, Longformer."""


def shortened(config: PretrainedConfig, chosen: Sequence[int]) -> PretrainedConfig:
    """The configuration of a model of the layers ``chosen``.

    Raises:
        ModelError: encoder and decoder differ in depth, or the place of a layer decides on what it does.
    """
    depths = {name: getattr(config, name) for name in _DEPTHS if getattr(config, name, None) is not None}
    if len(set(depths.values())) > 1:
        said = ", ".join(f"{name}={depth}" for name, depth in depths.items())
        raise ModelError(f"{config.model_type} models: layers are taken from stacks of the same depth, not of {said}")
    if getattr(config, "scale_attn_by_inverse_layer_idx", False) and list(chosen) != list(range(len(chosen))):
        raise ModelError(
            f"{config.model_type} models with scale_attn_by_inverse_layer_idx weigh attention by the place of a layer; "
            "allowed is student.layer_map=first"
        )
    made = copy.deepcopy(config)
    for name in depths:
        setattr(made, name, len(chosen))
    for name in _EACH:
        if isinstance(each := getattr(config, name, None), list):
            setattr(made, name, [each[layer] for layer in chosen])
    if getattr(config, "attention_types", None):  # GPT-Neo's file says it in another way
        made.attention_types = [[[kind], 1] for kind in made.attention_layers]
    return made


def _fill(student: PreTrainedModel, weights: Mapping[str, Tensor], chosen: Sequence[int]) -> None:
    """Load the weights, all of them and no others."""
    missing, unexpected = student.load_state_dict(weights, strict=False)
    for name, reason in (*((each, "lacks") for each in missing), *((each, "has, unlike it,") for each in unexpected)):
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
    """For each stack, the names of each layer's weights."""
    layers: dict[str, dict[int, set[str]]] = {}
    for match in filter(None, map(pattern.match, weights)):
        layers.setdefault(match[1], {}).setdefault(int(match[2]), set()).add(match[3])
    return layers


def _stands_in_the_first(stack: Mapping[int, set[str]], name: str) -> bool:
    """Whether a weight serves the whole stack, though it stands in its first layer: T5's relative positions."""
    return len(stack) > 1 and not any(name in names for layer, names in stack.items() if layer)
