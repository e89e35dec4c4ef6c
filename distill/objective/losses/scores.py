"""Logits compared number by number: without a softmax over them."""

import torch.nn.functional as F  # noqa: N812 - the name everybody knows it by
from torch import Tensor

from distill.objective.losses.common import LOG_ZERO, in_one_precision, number, same_shape
from distill.objective.losses.gold import score_gap


def logit_mse(student: Tensor, teacher: Tensor) -> tuple[Tensor, Tensor]:
    """Sum the squared error between logits, averaged over the classes (Ba and Caruana 2014, arXiv:1312.6184).

    Classes at ``LOG_ZERO``, such as tokens that cannot be an answer, are none.

    Args:
        student: ``[rows, classes]``.
        teacher: ``[rows, classes]``, the classes in the student's order.

    Returns:
        The sum over rows, and their number.

    Raises:
        ValueError: where the shapes differ.
    """
    same_shape(student, teacher, "logits")
    student_logits, teacher_logits = in_one_precision(student, teacher)
    squares = (student_logits - teacher_logits).square()
    possible = (teacher > LOG_ZERO).sum(dim=-1).clamp(min=1)
    return (squares.sum(dim=-1) / possible).sum(), number(student)


def soft_labels(student: Tensor, teacher: Tensor, temperature: float) -> tuple[Tensor, Tensor]:
    """Sum the divergence of independent labels, each a softened sigmoid, averaged over a row's labels.

    Args:
        student: logits ``[rows, labels]``.
        teacher: logits ``[rows, labels]``, the labels in the student's order.
        temperature: what both logits are divided by.

    Returns:
        T² · Σ over rows of the mean over labels of KL(teacher ‖ student) between Bernoulli distributions, in nats,
        and the number of rows.

    Raises:
        ValueError: where the shapes differ.
    """
    same_shape(student, teacher, "logits")
    student_logits, teacher_logits = (logits / temperature for logits in in_one_precision(student, teacher))
    yes = teacher_logits.sigmoid() * (F.logsigmoid(teacher_logits) - F.logsigmoid(student_logits))
    no = (-teacher_logits).sigmoid() * (F.logsigmoid(-teacher_logits) - F.logsigmoid(-student_logits))
    return (yes + no).mean(dim=-1).sum() * temperature**2, number(student)


def soft_score(
    student: Tensor, teacher: Tensor, labels: Tensor | None = None, bounded: float | None = None
) -> tuple[Tensor, Tensor]:
    """Sum the squared error to the teacher's score.

    Bounded, a row adds 0 where the student's squared error to the gold score is already smaller than the teacher's, by
    the margin or more: a teacher that is wrong holds nobody back. The bound is that of Chen et al. 2017 (Learning
    Efficient Object Detection Models with Knowledge Distillation), who pull towards the gold score where it is open;
    here ``hard_score`` does that.

    Args:
        student: ``[rows, 1]``.
        teacher: ``[rows, 1]``.
        labels: ``[rows]``, read where bounded; rows labelled nan have no bound.
        bounded: the margin, in squared units of the score; none leaves every row in.

    Returns:
        The sum over rows, and their number, those that add 0 included.

    Raises:
        ValueError: where the shapes differ, there is not one score a row, or labels are wanted but missing.
    """
    same_shape(student, teacher, "scores")
    if student.shape[1:] != (1,):
        raise ValueError(f"a score is one number a row, not {list(student.shape)}")
    student_scores, teacher_scores = in_one_precision(student, teacher)
    error = (student_scores - teacher_scores).squeeze(-1)
    if bounded is not None:
        if labels is None:
            raise ValueError("a bounded soft_score compares with labels, but none were given")
        ahead = score_gap(student.detach(), labels).square() + bounded <= score_gap(teacher.detach(), labels).square()
        error = error.masked_fill(ahead, 0.0)
    return error.square().sum(), number(student)
