"""Fidelity: how closely the student follows the teacher, right or wrong (Stanton et al. 2021, arXiv:2106.05945)."""

import torch
from torch import Tensor
from torchmetrics.functional.regression import kl_divergence


def agreement(student_logits: Tensor, teacher_logits: Tensor) -> float:
    """Return the share of rows on which both prefer the same class.

    Args:
        student_logits: ``[rows, classes]``.
        teacher_logits: ``[rows, classes]``, the classes in the student's order.

    Raises:
        ValueError: where the shapes differ.
    """
    _same_shape(student_logits, teacher_logits)
    return float((student_logits.argmax(dim=1) == teacher_logits.argmax(dim=1)).float().mean())


def kl(student_logits: Tensor, teacher_logits: Tensor) -> float:
    """Return the mean of KL(teacher ‖ student) over rows, in nats, at temperature 1; 0 where both are equal.

    Args:
        student_logits: ``[rows, classes]``.
        teacher_logits: ``[rows, classes]``, the classes in the student's order.

    Raises:
        ValueError: where the shapes differ.
    """
    _same_shape(student_logits, teacher_logits)
    teacher, student = (torch.log_softmax(logits.float(), dim=1) for logits in (teacher_logits, student_logits))
    return float(kl_divergence(teacher, student, log_prob=True))


def _same_shape(student: Tensor, teacher: Tensor) -> None:
    if student.shape != teacher.shape:
        raise ValueError(f"student {list(student.shape)} and teacher {list(teacher.shape)} differ in shape")
