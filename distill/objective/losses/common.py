"""What the losses share."""

from functools import reduce

import torch
import torch.nn.functional as F  # noqa: N812 - the name everybody knows it by
from torch import Tensor

LOG_ZERO = torch.finfo(torch.float32).min
"""Stands for the logarithm of 0: finite, so that 0 · LOG_ZERO is 0 and no gradient becomes nan."""


_ABSENT_CLASS = 1e-8 * LOG_ZERO
"""The logit of no class: of probability 0, and still finite when a gradient multiplies it."""


def same_shape(student: Tensor, teacher: Tensor, what: str) -> None:
    """Refuse what would be broadcast in silence."""
    if student.shape != teacher.shape:
        raise ValueError(f"{what} of student {list(student.shape)} and teacher {list(teacher.shape)} differ in shape")


def three_classes(logits: Tensor, name: str, reason: str) -> None:
    """Refuse logits ``[rows, classes]`` of fewer than three classes, on which a loss says nothing."""
    if (classes := logits.shape[-1]) < 3:
        raise ValueError(f"{name} needs three classes or more, not {classes}: {reason}")


def number(rows: Tensor) -> Tensor:
    """Return the length of a tensor, as a count."""
    return torch.full((), float(len(rows)), dtype=precision(rows), device=rows.device)


def count_of(flags: Tensor, like: Tensor) -> Tensor:
    """Return how many flags are true (or not 0), as a count in the precision of a loss."""
    return flags.bool().sum(dtype=precision(like))


def precision(*values: Tensor) -> torch.dtype:
    """Return the type to compute numbers with: double where one of them is, and float32 for all others."""
    return reduce(torch.promote_types, (each.dtype for each in values), torch.float32)


def in_one_precision(student: Tensor, teacher: Tensor) -> tuple[Tensor, Tensor]:
    """Return both models' numbers in the same precision, float32 or double, the teacher's without a gradient."""
    dtype = precision(student, teacher)
    return student.to(dtype), teacher.detach().to(dtype)


def full_precision(like: Tensor) -> torch.autocast:
    """Open a region in which a matrix product keeps its precision, though training runs in mixed precision."""
    return torch.autocast(like.device.type, enabled=False)


def kl(log_p: Tensor, log_q: Tensor) -> Tensor:
    """Sum p · (log p - log q), with a gradient to both, from logarithms that may be ``LOG_ZERO``."""
    return F.kl_div(log_q, log_p, reduction="sum", log_target=True)


def buckets(logits: Tensor, indices: Tensor) -> Tensor:
    """Return logits ``[rows, k + 1]``: those at ``indices [rows, k]`` (-1 is no class), and the others as one."""
    indices = indices.long()  # stored in half of the bits, which older versions of torch do not index by
    if len(indices) and (indices.is_cuda or bool(indices.amin() < 0)):  # a GPU is not waited for, to know
        indices = indices.remainder(logits.shape[-1] + 1)  # -1 becomes one more, which has no probability
        logits = F.pad(logits, (0, 1), value=_ABSENT_CLASS)
    others = logits.scatter(-1, indices, LOG_ZERO).logsumexp(dim=-1, keepdim=True)
    return torch.cat([logits.gather(-1, indices), others], dim=-1)


def directions(arrows: Tensor, shortest: Tensor | float = 0.0) -> Tensor:
    """Divide vectors ``[..., width]`` by their length; those no longer than ``shortest`` are 0, without a gradient.

    A vector of no length has no direction, and a gradient through it would be of any size.
    """
    lengths: Tensor = torch.linalg.vector_norm(arrows, dim=-1, keepdim=True)
    return arrows / lengths.masked_fill(lengths <= shortest, torch.inf)


def first_tokens(states: Tensor, mask: Tensor, examples: Tensor | None = None) -> Tensor:
    """Return the state ``[examples, width]`` of each example's first token that is no padding.

    Args:
        states: ``[batch, tokens, width]``.
        mask: ``[batch, tokens]``; examples of padding alone are left out.
        examples: the numbers of all others, where they are known; else a GPU is waited for, to know how many.
    """
    real = mask.bool()
    if examples is None:
        (examples,) = real.any(dim=1).nonzero(as_tuple=True)
    return states[examples, real.int().argmax(dim=1)[examples]]


def centred(rows: Tensor) -> Tensor:
    """Subtract from each row ``[rows, classes]`` its mean; exactly 0 where it varies by rounding alone."""
    gap = rows - rows.mean(dim=-1, keepdim=True)
    size, noise = (torch.linalg.vector_norm(values.detach(), dim=-1, keepdim=True) for values in (gap, rows))
    return gap.masked_fill(size <= (1e-6 * noise).clamp(min=1e-10), 0.0)
