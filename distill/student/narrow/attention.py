"""Make the attention of a narrower copy: its heads factored anew, or fewer of the wide model's."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import torch
from torch import Tensor
from torch.nn.functional import linear
from transformers import PretrainedConfig

from distill.student.narrow.architectures import head_size
from distill.student.narrow.factorization import factored_outputs, factored_scores, largest, moment_root

WeightAndBias: TypeAlias = tuple[Tensor, Tensor]
"""Weight ``[out, in]`` and bias ``[out]`` of a linear layer, or scale and shift of a norm."""


@dataclass(frozen=True)
class Attention:
    """An attention with all of the wide model's heads, between narrow states.

    Attributes:
        qkv: weight and bias of the layers that make queries, keys and values.
        out: the weight of the output projection, ``[narrow, wide]``.
        states: the states that keys and values read, ``[tokens, narrow]``.
        biased: whether what all values have in common can go into a bias.
    """

    qkv: Sequence[WeightAndBias]
    out: Tensor
    states: Tensor
    biased: bool

    @property
    def spread(self) -> Tensor:
        """Return a root of the second moments of what values read; with a bias, of their covariance."""
        return moment_root(self.states - self.states.mean(0) * self.biased)


NarrowAttention: TypeAlias = tuple[Sequence[WeightAndBias], Tensor]
"""Queries, keys and values of a copy, and the weight of its output projection."""


def mixed_heads(
    attention: Attention, roots: tuple[Tensor, Tensor], wide: PretrainedConfig, copy: PretrainedConfig
) -> NarrowAttention:
    """Return the heads that add most, each factored so that fewer numbers serve.

    Args:
        attention: the attention of the wide model.
        roots: the moment roots of what queries and keys read, with a 1 at its end.
        wide: the wide model's configuration.
        copy: the configuration of the copy.
    """
    heads, size = wide.num_attention_heads, copy.hidden_size // copy.num_attention_heads
    queries, keys = (_by_head(part, heads) for part in attention.qkv[:2])
    new_queries, new_keys = zip(
        *(factored_scores(*pair, roots, size) for pair in zip(queries, keys, strict=True)), strict=True
    )
    spread, values = attention.spread, attention.qkv[2][0].chunk(heads)
    new_outputs = [
        factored_outputs(out, value, spread, size)
        for out, value in zip(attention.out.chunk(heads, 1), values, strict=True)
    ]
    chosen = largest(torch.stack([energy for _, _, energy in new_outputs]), copy.num_attention_heads).tolist()
    joined = (torch.cat([part[head] for head in chosen]) for part in (new_queries, new_keys))
    value = torch.cat([new_outputs[head][1] for head in chosen])
    qkv = [*((part[:, :-1], part[:, -1]) for part in joined), (value, value.new_zeros(len(value)))]
    return qkv, torch.cat([new_outputs[head][0] for head in chosen], dim=1)


def joint_moment_root(*read: Tensor) -> Tensor:
    """Return a root of the mean second moment of several states ``[tokens, width]``, a 1 added to each row."""
    longer = [torch.cat([states, torch.ones(len(states), 1)], dim=1) for states in read]
    return moment_root(torch.cat([states * (len(longer[0]) / len(states)) ** 0.5 for states in longer]))


class Heads(NamedTuple):
    """The heads of the wide model that a copy keeps: of queries, and of keys and values."""

    queries: Tensor
    groups: Tensor


def head_worth(attention: Attention, wide: PretrainedConfig) -> Tensor:
    """Return how much each head adds, ``[groups, heads that share keys and values]``."""
    heads, groups = head_counts(wide)
    values = (attention.qkv[2][0] @ attention.spread).chunk(groups)
    adds = [out @ values[head * groups // heads] for head, out in enumerate(attention.out.chunk(heads, 1))]
    return torch.stack([output.square().sum() for output in adds]).view(groups, -1)


def best_heads(worth: Tensor, copy: PretrainedConfig) -> Heads:
    """Return the heads that are worth most, in groups of one size."""
    heads, groups_kept = head_counts(copy)
    best_in_group = [largest(group, heads // groups_kept) for group in worth]
    group_worth = torch.stack([group[kept].sum() for group, kept in zip(worth, best_in_group, strict=True)])
    groups = largest(group_worth, groups_kept)
    return Heads(torch.cat([group * worth.shape[1] + best_in_group[group] for group in groups.tolist()]), groups)


def whole_heads(attention: Attention, chosen: Heads, copy: PretrainedConfig) -> NarrowAttention:
    """Return the attention of some heads, each as it is."""
    size = head_size(copy)
    queries, groups = ((kept_heads[:, None] * size + torch.arange(size)).flatten() for kept_heads in chosen)
    kept = zip(attention.qkv, (queries, groups, groups), strict=True)
    return [(weight[rows], bias[rows]) for (weight, bias), rows in kept], attention.out[:, queries]


def constant_output(attention: NarrowAttention, state: Tensor, config: PretrainedConfig) -> Tensor:
    """Return what attention adds where all values are those of one ``state``, whatever the scores: these sum to 1."""
    (*_, value), out = attention
    heads, groups = head_counts(config)
    return out @ linear(state, *value).view(groups, -1).repeat_interleave(heads // groups, 0).flatten()


def head_counts(config: PretrainedConfig) -> tuple[int, int]:
    """Return the number of heads of queries, and that of keys and values."""
    heads: int = config.num_attention_heads
    return heads, getattr(config, "num_key_value_heads", None) or heads


def _by_head(part: WeightAndBias, heads: int) -> tuple[Tensor, ...]:
    """Return weight and bias side by side, ``[head width, narrow + 1]``, of each head."""
    return torch.cat([part[0], part[1].unsqueeze(1)], dim=1).chunk(heads)
