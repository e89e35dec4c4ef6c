"""Class distributions taken apart: target and rest, order without size, shape without scale.

Each of them needs three classes or more, and says why.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F  # noqa: N812 - the name everybody knows it by
from torch import Tensor

from distill.objective.losses.common import (
    LOG_ZERO,
    buckets,
    centred,
    count_of,
    in_one_precision,
    kl,
    number,
    same_shape,
    three_classes,
)
from distill.objective.losses.divergences import soft
from distill.objective.losses.moments import Moments, each_with_itself, joined, moments, renewed, varies
from distill.types import IGNORE


def dkd(
    student: Tensor, teacher: Tensor, labels: Tensor, temperature: float, alpha: float, beta: float
) -> tuple[Tensor, Tensor]:
    """Sum the two parts of decoupled distillation (Zhao et al. 2022, arXiv:2203.08679).

    ``soft`` splits into two divergences, and weighs the second by what the teacher leaves to the other classes, which
    is next to nothing where it is sure. Here both have weights of their own: T² · Σ alpha · KL over (label, all
    others) + beta · KL over the other classes among themselves.

    Args:
        student: logits ``[rows, classes]``.
        teacher: logits ``[rows, classes]``, the classes in the student's order.
        labels: ``[rows]``; rows labelled ``IGNORE`` are not scored.
        temperature: what both logits are divided by.
        alpha: weight of how sure the teacher is of the label.
        beta: weight of how it orders the other classes.

    Returns:
        The sum in nats, 0 where both are equal, and the number of labels it went over.

    Raises:
        ValueError: where the shapes differ, or there are fewer than three classes.
    """
    same_shape(student, teacher, "logits")
    three_classes(student, "dkd", "beside the label there is one other class, which has nothing to be compared with")
    scored = (labels != IGNORE).unsqueeze(-1)
    target = labels.unsqueeze(-1).masked_fill(~scored, 0)
    # Rows of zeros in both are equal, so they add nothing, whatever they held before.
    student_logits, teacher_logits = (
        logits.masked_fill(~scored, 0.0) / temperature for logits in in_one_precision(student, teacher)
    )
    first = kl(*(buckets(logits, target).log_softmax(dim=-1) for logits in (teacher_logits, student_logits)))
    second = kl(
        *(logits.scatter(-1, target, LOG_ZERO).log_softmax(dim=-1) for logits in (teacher_logits, student_logits))
    )
    return (alpha * first + beta * second) * temperature**2, count_of(scored, student_logits)


def dist(
    student: Tensor, teacher: Tensor, temperature: float, inter: float = 1.0, intra: float = 1.0
) -> tuple[Tensor, Tensor]:
    """Sum what softened probabilities lack of correlation (Huang et al. 2022, arXiv:2205.10536).

    1 - Pearson's correlation of student and teacher, along each row (inter-class: how an example relates to the
    classes) and along each column (intra-class: how the examples relate to a class). There is no factor T²: a
    correlation does not change with scale, so its gradient does not shrink with the temperature.

    The second part is defined on the batch as a whole, of whose parts ``dist_features``, ``dist_merge`` and
    ``dist_loss`` make it; a single row has none. A row or column in which the teacher does not vary says
    nothing and adds 0.

    Args:
        student: logits ``[rows, classes]``.
        teacher: logits ``[rows, classes]``, the classes in the student's order.
        temperature: what both logits are divided by.
        inter: weight of the rows.
        intra: weight of the columns.

    Returns:
        inter · Σ over rows + intra · Σ over classes · rows / classes, so that the count, the number of rows, divides
        both into means.

    Raises:
        ValueError: where the shapes differ, or there are fewer than three classes.
    """
    part = dist_features(student, teacher, temperature)
    return dist_loss(part, inter=inter, intra=intra) * len(student), number(student)


def dist_features(student: Tensor, teacher: Tensor, temperature: float) -> tuple[Tensor, Moments]:
    """Return what some rows bring to ``dist``, as it takes and refuses them: a sum, and moments of columns."""
    same_shape(student, teacher, "logits")
    three_classes(student, "dist", "the correlation of two numbers with two others is 1 or -1")
    q, p = ((logits / temperature).softmax(dim=-1) for logits in in_one_precision(student, teacher))
    all_rows = torch.ones(len(q), dtype=torch.bool, device=q.device)
    return _uncorrelated(q, p).sum().reshape(1), moments(q, p, all_rows, each_with_itself)


def dist_merge(parts: Sequence[tuple[Tensor, Moments]]) -> tuple[Tensor, Moments]:
    """Return what several parts bring to ``dist`` together."""
    return torch.stack([rows for rows, _ in parts]).sum(dim=0), joined([each for _, each in parts], each_with_itself)


def dist_loss(
    part: tuple[Tensor, Moments], whole: tuple[Tensor, Moments] | None = None, *, inter: float, intra: float
) -> Tensor:
    """Return the weighted mean over the rows of a whole batch and over the classes.

    Args:
        part: what some rows bring; the gradient goes to them alone. Where nothing else is given they are the batch.
        whole: what all rows of the batch bring, these among them, without a gradient.
        inter: weight of the rows.
        intra: weight of the columns.
    """
    row_sum, columns = part
    if whole is not None:
        row_sum, columns = whole[0] + (row_sum - row_sum.detach()), renewed(whole[1], columns, each_with_itself)
    student_varies = varies(columns.rows, columns.student_mean, columns.student)
    teacher_varies = varies(columns.rows, columns.teacher_mean, columns.teacher)
    sizes = (
        columns.student.masked_fill(~student_varies, 1.0).sqrt()
        * columns.teacher.masked_fill(~teacher_varies, 1.0).sqrt()
    )
    correlation = columns.across.masked_fill(~(student_varies & teacher_varies), 0.0) / sizes
    by_row = row_sum.squeeze(0) / columns.rows.squeeze(0).clamp(min=1)
    return inter * by_row + intra * (1 - correlation).masked_fill(~teacher_varies, 0.0).mean()


def standardized(student: Tensor, teacher: Tensor, temperature: float) -> tuple[Tensor, Tensor]:
    """Sum ``soft`` on standardised logits (Sun et al. 2024, arXiv:2403.01427).

    Each row of logits is taken to mean 0 and standard deviation 1 first: the student learns the teacher's order and
    relative gaps, and is free in how large its logits are, and so in how sure it is.

    Args:
        student: logits ``[rows, classes]``.
        teacher: logits ``[rows, classes]``, the classes in the student's order.
        temperature: what both standardised logits are divided by.

    Returns:
        T² · Σ KL(teacher ‖ student) in nats, and the number of rows.

    Raises:
        ValueError: where the shapes differ, or there are fewer than three classes.
    """
    same_shape(student, teacher, "logits")
    three_classes(student, "standardized", "standardised, two logits are always 1 and -1")
    student_logits, teacher_logits = in_one_precision(student, teacher)
    return soft(_standard(student_logits), _standard(teacher_logits), temperature)


def _standard(logits: Tensor) -> Tensor:
    """Take each row to mean 0 and (population) standard deviation 1; a row without variation stays 0."""
    return F.layer_norm(logits, logits.shape[-1:], eps=1e-8)


def _uncorrelated(student: Tensor, teacher: Tensor) -> Tensor:
    """Return 1 - Pearson's correlation along each row; 0 where the teacher does not vary."""
    student_centred, teacher_centred = (centred(values) for values in (student, teacher))
    silent = (teacher_centred == 0).all(dim=-1)
    return (1 - F.cosine_similarity(student_centred, teacher_centred, dim=-1, eps=1e-12)).masked_fill(silent, 0.0)
