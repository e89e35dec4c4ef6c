"""Attention: its scores, and the relations between queries, keys and values."""

import math

import torch
from torch import Tensor

from distill.objective.losses.common import LOG_ZERO, count_of, full_precision, in_one_precision, kl, same_shape


def attention(student: Tensor, teacher: Tensor, mask: Tensor, *, causal: bool = False) -> tuple[Tensor, Tensor]:
    """Sum the squared error between attention scores, before the softmax (Jiao et al. 2020, arXiv:1909.10351).

    Args:
        student: ``[batch, heads, tokens, tokens]`` (query, key).
        teacher: the same; where the numbers of heads differ, both are averaged over their heads first.
        mask: ``[batch, tokens]``, true where a token is no padding.
        causal: whether a query sees no later key, so that what is masked there is not compared.

    Returns:
        The sum over real tokens, as queries, of the mean over heads and over the real keys they see; and the number
        of real tokens.

    Raises:
        ValueError: where batch or tokens differ.
    """
    student_scores, teacher_scores = in_one_precision(student, teacher)
    if student_scores.shape[1] != teacher_scores.shape[1]:
        student_scores, teacher_scores = (
            student_scores.mean(dim=1, keepdim=True),
            teacher_scores.mean(dim=1, keepdim=True),
        )
    same_shape(student_scores, teacher_scores, "attention scores")
    visible = _visible(mask, causal=causal)
    errors = (student_scores - teacher_scores).masked_fill(~visible, 0.0).square().mean(dim=1).sum(dim=-1)
    keys = visible.squeeze(1).sum(dim=-1).clamp(min=1)
    return (errors / keys).sum(), count_of(mask, student_scores)


def relations(
    student: tuple[Tensor, Tensor, Tensor],
    teacher: tuple[Tensor, Tensor, Tensor],
    mask: Tensor,
    heads: int,
    *,
    causal: bool = False,
) -> tuple[Tensor, Tensor]:
    """Sum the divergence between self-attention relations (MiniLMv2: Wang et al. 2021, arXiv:2012.15828).

    Queries, keys and values are each cut into the same number of relation heads in both models, whatever their own
    heads and widths; in each head a token relates to the others by the softmax of scaled dot products, query with
    query, key with key, value with value.

    Args:
        student: query, key and value, each ``[batch, tokens, width]``, the widths divisible by ``heads``.
        teacher: the same, of any widths divisible by ``heads``.
        mask: ``[batch, tokens]``, true where a token is no padding.
        heads: number of relation heads.
        causal: whether a token relates to no later one.

    Returns:
        The sum over real tokens of KL(teacher ‖ student), averaged over heads and the three relations, in nats; and
        the number of real tokens.

    Raises:
        ValueError: where batch or tokens differ, or the heads do not divide a width.
    """
    visible = _visible(mask, causal=causal)
    sums = []
    with full_precision(mask):
        for student_states, teacher_states in (in_one_precision(*pair) for pair in zip(student, teacher, strict=True)):
            same_shape(student_states[..., 0], teacher_states[..., 0], "tokens")
            log_q = _relation(student_states, visible, heads, "student")
            sums.append(kl(_relation(teacher_states, visible, heads, "teacher"), log_q))
    return sum(sums, torch.zeros_like(sums[0])) / (3 * heads), count_of(mask, sums[0])


def _relation(states: Tensor, visible: Tensor, heads: int, who: str) -> Tensor:
    """Return log-probabilities ``[batch, heads, tokens, tokens]``, of a padded token the same for any states."""
    batch, tokens, width = states.shape
    if heads < 1 or width % heads:
        raise ValueError(f"{heads} relation heads do not divide the {who}'s width {width}")
    real = visible.any(dim=-1).squeeze(1).unsqueeze(-1)
    cut = states.masked_fill(~real, 0.0).view(batch, tokens, heads, width // heads).transpose(1, 2)
    scores = torch.matmul(cut, cut.mT) / math.sqrt(width // heads)
    return scores.masked_fill(~visible, LOG_ZERO).log_softmax(dim=-1)


def _visible(mask: Tensor, *, causal: bool) -> Tensor:
    """Tell whether a query sees a key and both are real, ``[batch, 1, tokens, tokens]``."""
    real = mask.bool()
    visible = real.unsqueeze(2) & real.unsqueeze(1)
    return (visible.tril() if causal else visible).unsqueeze(1)
