"""Students: random, or made of layers of the teacher."""

import copy
import re
from collections.abc import Mapping, Sequence

from torch import Tensor
from transformers import BertConfig, PretrainedConfig, PreTrainedModel, PreTrainedTokenizerBase

from distill.errors import ModelError
from distill.models.loading import from_config, name_labels, set_dropout


def bert_config(
    tokenizer: PreTrainedTokenizerBase,
    *,
    layers: int,
    hidden_size: int,
    heads: int,
    intermediate_size: int,
    max_length: int,
    dropout: float,
    labels: Sequence[str] = (),
) -> BertConfig:
    """The configuration of a BERT encoder from scratch that reads ``tokenizer``'s tokens."""
    config = BertConfig(
        vocab_size=len(tokenizer),
        num_hidden_layers=layers,
        hidden_size=hidden_size,
        num_attention_heads=heads,
        intermediate_size=intermediate_size,
        max_position_embeddings=max_length,
        hidden_dropout_prob=dropout,
        attention_probs_dropout_prob=dropout,
        pad_token_id=tokenizer.pad_token_id,
    )
    if labels:
        name_labels(config, labels)
    return config


def from_layers(
    teacher: PreTrainedModel, chosen: Sequence[int], columns: Sequence[int], head: str, dropout: float
) -> PreTrainedModel:
    """A student of the teacher's width, with some of its layers, its embeddings and its head.

    Args:
        teacher: with a task head.
        chosen: the layers, from 0.
        columns: the teacher's output for each output of the student.
        head: transformers' class.
        dropout: of the student while it trains.

    Raises:
        ModelError: the teacher's layers cannot be told from its weights.
    """
    config = copy.deepcopy(teacher.config)
    config.num_hidden_layers = len(chosen)
    set_dropout(config, dropout)
    student = from_config(config, head)
    weights = _chosen_weights(teacher.state_dict(), chosen, teacher.config)
    for name in weights:
        if not name.startswith(f"{teacher.base_model_prefix}.") and len(weights[name]) == teacher.config.num_labels:
            weights[name] = weights[name][list(columns)]
    student.load_state_dict(weights, strict=True)
    return student


def _chosen_weights(
    weights: Mapping[str, Tensor], chosen: Sequence[int], config: PretrainedConfig
) -> dict[str, Tensor]:
    pattern = layer_pattern(weights, config.num_hidden_layers)
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


def layer_pattern(weights: Mapping[str, Tensor], layers: int) -> re.Pattern[str]:
    """Matches the names of weights in the model's stack of layers, as (before, number, after).

    Raises:
        ModelError: there is no stack of so many layers, or more than one.
    """
    stacks: dict[str, set[int]] = {}
    for name in weights:
        if match := re.match(r"(.*?\.)(\d+)\.", name):
            stacks.setdefault(match[1], set()).add(int(match[2]))
    fitting = [prefix for prefix, numbers in stacks.items() if numbers == set(range(layers))]
    if len(fitting) != 1:
        raise ModelError(f"the teacher's {layers} layers cannot be told from its weights' names")
    return re.compile(rf"({re.escape(fitting[0])})(\d+)(\..*)")
