"""The losses as pure functions: each gives the sum over what it scores, and how many that were.

Sums, not means: only a sum can be split over micro-batches and ranks and still be divided once. All of them compute in
float32 whatever comes in, send no gradient to the teacher, and give 0 with a graph where there is nothing to score.
"""

import torch
import torch.nn.functional as F  # noqa: N812 - the name everybody knows it by
from torch import Tensor

from distill.types import IGNORE


def hard(logits: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """Cross-entropy with the labels.

    Args:
        logits: ``[rows, classes]``.
        labels: ``[rows]``; rows labelled ``IGNORE`` are not scored.

    Returns:
        The sum in nats, and the number of labels it went over.
    """
    total = F.cross_entropy(logits.float(), labels, ignore_index=IGNORE, reduction="sum")
    return total, (labels != IGNORE).sum()


def soft(student: Tensor, teacher: Tensor, temperature: float) -> tuple[Tensor, Tensor]:
    """Divergence (Kullback-Leibler) of student from teacher, both softened (Hinton et al. 2015, arXiv:1503.02531).

    Softening shrinks the gradient by about T²; the factor T² restores it, so that the weight of the term means the same
    at any temperature.

    Args:
        student: logits ``[rows, classes]``.
        teacher: logits ``[rows, classes]``, the classes in the student's order.
        temperature: what both logits are divided by.

    Returns:
        T² · Σ KL(teacher ‖ student) in nats, 0 where both are equal, and the number of rows.

    Raises:
        ValueError: where the shapes differ.
    """
    _same_shape(student, teacher, "logits")
    log_student = F.log_softmax(student.float() / temperature, dim=-1)
    log_teacher = F.log_softmax(teacher.detach().float() / temperature, dim=-1)
    total = F.kl_div(log_student, log_teacher, reduction="sum", log_target=True) * temperature**2
    return total, torch.full((), len(student), device=student.device)


def hidden(student: Tensor, teacher: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """Squared error between hidden states, averaged over the width (Romero et al. 2015, arXiv:1412.6550).

    Args:
        student: ``[batch, tokens, width]``, projected to the teacher's width where they differ.
        teacher: ``[batch, tokens, width]``.
        mask: ``[batch, tokens]``, true where a token is no padding.

    Returns:
        The sum over the tokens that are no padding, and their number.

    Raises:
        ValueError: where the shapes differ.
    """
    _same_shape(student, teacher, "hidden states")
    real = mask.bool()
    # The difference is masked, not its square: that way whatever a padded position holds reaches no gradient.
    difference = (student.float() - teacher.detach().float()).masked_fill(~real.unsqueeze(-1), 0.0)
    return difference.square().mean(dim=-1).sum(), real.sum()


def _same_shape(student: Tensor, teacher: Tensor, what: str) -> None:
    """Refuse what would be broadcast in silence."""
    if student.shape != teacher.shape:
        raise ValueError(f"{what} of student {list(student.shape)} and teacher {list(teacher.shape)} differ in shape")
