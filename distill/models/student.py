"""Students made of layers of the teacher."""

import copy
import re
from collections.abc import Mapping, Sequence

from torch import Tensor
from transformers import PretrainedConfig, PreTrainedModel

from distill.errors import ModelError
from distill.models.loading import from_config, set_dropout


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
        ModelError: the teacher's layers cannot be told from its weights.
    """
    config = shortened(teacher.config, len(chosen))
    set_dropout(config, dropout)
    student = from_config(config, head)
    weights = _chosen_weights(teacher.state_dict(), chosen, teacher.config)
    for name in weights if columns is not None else ():
        if not name.startswith(f"{teacher.base_model_prefix}.") and len(weights[name]) == teacher.config.num_labels:
            weights[name] = weights[name][list(columns or ())]
    student.load_state_dict(weights, strict=True)
    return student


_DEPTHS = ("num_hidden_layers", "encoder_layers", "decoder_layers", "num_layers", "num_decoder_layers")
"""What architectures call the number of layers of a stack."""


def shortened(config: PretrainedConfig, layers: int) -> PretrainedConfig:
    """The configuration of the same model with so many layers, in each of its stacks."""
    config = copy.deepcopy(config)
    for name in _DEPTHS:
        if hasattr(config, name):
            setattr(config, name, layers)
    return config


def _chosen_weights(
    weights: Mapping[str, Tensor], chosen: Sequence[int], config: PretrainedConfig
) -> dict[str, Tensor]:
    pattern = layer_pattern(weights, config.num_hidden_layers, stacks=2 if config.is_encoder_decoder else 1)
    kept = {}
    for name, tensor in weights.items():
        match = pattern.match(name)
        if match is None:
            kept[name] = tensor
            continue
        for position, layer in enumerate(chosen):
            if layer == int(match[2]):
                kept[f"{match[1]}{position}{match[3]}"] = tensor
    return kept


def layer_pattern(weights: Mapping[str, Tensor], layers: int, stacks: int = 1) -> re.Pattern[str]:
    """Matches the names of weights in the model's stack, or stacks, of layers, as (before, number, after).

    Raises:
        ModelError: there are more or fewer stacks of so many layers.
    """
    found: dict[str, set[int]] = {}
    for name in weights:
        if match := re.match(r"(.*?\.)(\d+)\.", name):
            found.setdefault(match[1], set()).add(int(match[2]))
    fitting = [prefix for prefix, numbers in found.items() if numbers == set(range(layers))]
    if len(fitting) != stacks:
        raise ModelError(f"the teacher's {layers} layers cannot be told from its weights' names")
    return re.compile(rf"({'|'.join(map(re.escape, fitting))})(\d+)(\..*)")
