"""Fidelity: how closely the student follows the teacher, right or wrong (Stanton et al. 2021, arXiv:2106.05945)."""

import torch
import torch.nn.functional as F  # noqa: N812 - the name everybody knows it by
from torch import Tensor
from torchmetrics.functional.regression import kl_divergence

from distill.metrics import classification, multilabel, regression
from distill.types import Kind


def compare(kind: Kind, student: Tensor, teacher: Tensor) -> dict[str, float]:
    """How closely rows ``[rows, classes]`` of the student follow the teacher's, by what a row means."""
    if kind == "score":
        return {
            "difference": score_difference(student, teacher), "correlation": score_correlation(student, teacher),
        }  # fmt: skip
    if kind == "labels":
        return {"agreement": agreement_labels(student, teacher), "kl": kl_labels(student, teacher)}
    return {"agreement": agreement(student, teacher), "kl": kl(student, teacher)}


def calibration(kind: Kind, rows: Tensor, labels: Tensor) -> float | None:
    """The calibration error of rows ``[rows, classes]``; none for scores, which are no probabilities."""
    if kind == "score":
        return None
    error = multilabel.calibration_error if kind == "labels" else classification.calibration_error
    return error(rows, labels)


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


def agreement_labels(student_logits: Tensor, teacher_logits: Tensor) -> float:
    """Return the share of decisions, one a row and label, on which both agree whether the label is given.

    Args:
        student_logits: ``[rows, classes]``; a label is given where its sigmoid is above a half.
        teacher_logits: ``[rows, classes]``, the classes in the student's order.

    Raises:
        ValueError: where the shapes differ.
    """
    _same_shape(student_logits, teacher_logits)
    return float(((student_logits > 0) == (teacher_logits > 0)).float().mean())


def kl_labels(student_logits: Tensor, teacher_logits: Tensor) -> float:
    """Return the mean of KL(teacher ‖ student) over rows and labels, in nats, each label a coin of its own.

    Args:
        student_logits: ``[rows, classes]``.
        teacher_logits: ``[rows, classes]``, the classes in the student's order.

    Raises:
        ValueError: where the shapes differ.
    """
    _same_shape(student_logits, teacher_logits)
    student, teacher = student_logits.float(), teacher_logits.float()
    given = teacher.sigmoid() * (F.logsigmoid(teacher) - F.logsigmoid(student))
    withheld = (-teacher).sigmoid() * (F.logsigmoid(-teacher) - F.logsigmoid(-student))
    return float((given + withheld).mean())


def score_difference(student_scores: Tensor, teacher_scores: Tensor) -> float:
    """Return the mean absolute difference of scores, in their own unit.

    Args:
        student_scores: ``[rows, 1]`` or ``[rows]``.
        teacher_scores: of the same shape.

    Raises:
        ValueError: where the shapes differ.
    """
    _same_shape(student_scores, teacher_scores)
    return float((student_scores.double() - teacher_scores.double()).abs().mean())


def score_correlation(student_scores: Tensor, teacher_scores: Tensor) -> float:
    """Return Pearson's correlation of scores; nan where either model gives all rows the same.

    Args:
        student_scores: ``[rows, 1]`` or ``[rows]``.
        teacher_scores: of the same shape.

    Raises:
        ValueError: where the shapes differ.
    """
    _same_shape(student_scores, teacher_scores)
    student, teacher = (scores.double().flatten().cpu().numpy() for scores in (student_scores, teacher_scores))
    return regression.correlation(student, teacher)


def _same_shape(student: Tensor, teacher: Tensor) -> None:
    if student.shape != teacher.shape:
        raise ValueError(f"student {list(student.shape)} and teacher {list(teacher.shape)} differ in shape")
