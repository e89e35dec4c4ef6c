"""The attention of a narrower copy: its heads made anew, or fewer of the wide model's."""

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
        qkv: what makes queries, keys and values.
        out: the weight of what adds them, ``[narrow, wide]``.
        states: that keys and values read, ``[tokens, narrow]``.
        biased: whether what all values have in common can go into a bias.
    """

    qkv: Sequence[WeightAndBias]
    out: Tensor
    states: Tensor
    biased: bool

    @property
    def spread(self) -> Tensor:
        """A root of what values read: with a bias, what varies decides; else all that there is."""
        return moment_root(self.states - self.states.mean(0) * self.biased)


NarrowAttention: TypeAlias = tuple[Sequence[WeightAndBias], Tensor]
"""Queries, keys and values of a copy, and the weight of what adds them."""


def mixed_heads(
    attention: Attention, roots: tuple[Tensor, Tensor], wide: PretrainedConfig, copy: PretrainedConfig
) -> NarrowAttention:
    """The heads that add most, their numbers mixed so that fewer serve.

    Args:
        attention: of the wide model.
        roots: of what queries and keys read, with a 1 at its end.
        wide: the wide model's configuration.
        copy: the copy's.
    """
    heads, size = wide.num_attention_heads, copy.hidden_size // copy.num_attention_heads
    queries, keys = (_by_head(part, heads) for part in attention.qkv[:2])
    asked, found = zip(*(factored_scores(*both, roots, size) for both in zip(queries, keys, strict=True)), strict=True)
    spread, values = attention.spread, attention.qkv[2][0].chunk(heads)
    added = [
        factored_outputs(out, value, spread, size)
        for out, value in zip(attention.out.chunk(heads, 1), values, strict=True)
    ]
    chosen = largest(torch.stack([each[2] for each in added]), copy.num_attention_heads).tolist()
    both = (torch.cat([part[head] for head in chosen]) for part in (asked, found))
    value = torch.cat([added[head][1] for head in chosen])
    qkv = [*((each[:, :-1], each[:, -1]) for each in both), (value, value.new_zeros(len(value)))]
    return qkv, torch.cat([added[head][0] for head in chosen], dim=1)


def joint_moment_root(*read: Tensor) -> Tensor:
    """A root of what queries or keys read, ``[tokens, width]`` each, with a 1 at its end; each counts as much."""
    longer = [torch.cat([each, torch.ones(len(each), 1)], dim=1) for each in read]
    return moment_root(torch.cat([each * (len(longer[0]) / len(each)) ** 0.5 for each in longer]))


class Heads(NamedTuple):
    """Which heads of the wide model a copy has, of queries, and of keys and values."""

    queries: Tensor
    groups: Tensor


def head_worth(attention: Attention, wide: PretrainedConfig) -> Tensor:
    """How much each head adds, ``[groups, heads that share keys and values]``."""
    heads, groups = head_counts(wide)
    values = (attention.qkv[2][0] @ attention.spread).chunk(groups)
    adds = [out @ values[head * groups // heads] for head, out in enumerate(attention.out.chunk(heads, 1))]
    return torch.stack([each.square().sum() for each in adds]).view(groups, -1)


def best_heads(worth: Tensor, copy: PretrainedConfig) -> Heads:
    """The heads that are worth most, in groups of one size."""
    heads, groups_kept = head_counts(copy)
    best_in_group = [largest(each, heads // groups_kept) for each in worth]
    groups = largest(
        torch.stack([each[kept].sum() for each, kept in zip(worth, best_in_group, strict=True)]), groups_kept
    )
    return Heads(torch.cat([group * worth.shape[1] + best_in_group[group] for group in groups.tolist()]), groups)


def whole_heads(attention: Attention, chosen: Heads, copy: PretrainedConfig) -> NarrowAttention:
    """Some heads, as they are."""
    size = head_size(copy)
    queries, groups = ((each[:, None] * size + torch.arange(size)).flatten() for each in chosen)
    kept = zip(attention.qkv, (queries, groups, groups), strict=True)
    return [(weight[rows], bias[rows]) for (weight, bias), rows in kept], attention.out[:, queries]


def constant_output(made: NarrowAttention, state: Tensor, config: PretrainedConfig) -> Tensor:
    """What is added where all values are those of one ``state``, whatever the scores: attention adds up to 1."""
    (*_, value), out = made
    heads, groups = head_counts(config)
    return out @ linear(state, *value).view(groups, -1).repeat_interleave(heads // groups, 0).flatten()


def head_counts(config: PretrainedConfig) -> tuple[int, int]:
    """How many there are of queries, and of keys and values."""
    heads: int = config.num_attention_heads
    return heads, getattr(config, "num_key_value_heads", None) or heads


def _by_head(part: WeightAndBias, heads: int) -> tuple[Tensor, ...]:
    """Weight and bias side by side, ``[head width, narrow + 1]``, of each head."""
    return torch.cat([part[0], part[1].unsqueeze(1)], dim=1).chunk(heads)
