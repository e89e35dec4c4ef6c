"""How far the student's distribution over classes lies from the teacher's.

All of them soften both with a temperature T and carry the factor T². All but ``taid`` also take sparse rows of the
teacher, as ``soft`` says.
"""

import math

import torch
from torch import Tensor

from distill.objective.losses.common import LOG_ZERO, buckets, in_one_precision, kl, number, same_shape


def soft(
    student: Tensor,
    teacher: Tensor,
    temperature: float,
    indices: Tensor | None = None,
    rest: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """Sum the KL divergence of student from teacher, both softened (Hinton et al. 2015, arXiv:1503.02531).

    Softening shrinks the gradient by about T²; the factor T² restores it, so that the weight of the term means the same
    at any temperature.

    Where only the teacher's k largest logits are known, both distributions are compared over k + 1 buckets: those
    classes, and all the others as one. That is at most what the whole rows would give, and the same where k is all.

    Args:
        student: logits ``[rows, classes]``.
        teacher: logits ``[rows, classes]``, the classes in the student's order; ``[rows, k]`` with ``indices``.
        temperature: what both logits are divided by.
        indices: ``[rows, k]``, the class of each of the teacher's logits, all different within a row.
        rest: ``[rows]``, with ``indices``: the log-sum-exp of the teacher's other logits, divided by this temperature;
            ``-inf`` where there are none.

    Returns:
        T² · Σ KL(teacher ‖ student) in nats, 0 where both are equal, and the number of rows.

    Raises:
        ValueError: where the shapes differ, or only one of ``indices`` and ``rest`` is given.
    """
    log_p, log_q = _log_probabilities(student, teacher, temperature, indices, rest)
    return kl(log_p, log_q) * temperature**2, number(student)


def reverse_kl(
    student: Tensor,
    teacher: Tensor,
    temperature: float,
    indices: Tensor | None = None,
    rest: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """Sum T² · KL(student ‖ teacher): the divergence the other way round (Gu et al. 2024, arXiv:2306.08543).

    Arguments, rows and refusals are those of ``soft``.
    """
    log_p, log_q = _log_probabilities(student, teacher, temperature, indices, rest)
    return kl(log_q, log_p) * temperature**2, number(student)


def js(
    student: Tensor,
    teacher: Tensor,
    temperature: float,
    beta: float,
    indices: Tensor | None = None,
    rest: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """Sum the generalised Jensen-Shannon divergence (Agarwal et al. 2024, arXiv:2306.13649).

    With p the teacher's, q the student's distribution, both softened, and m = beta·p + (1-beta)·q, it is
    T² · Σ beta·KL(p ‖ m) + (1-beta)·KL(q ‖ m): bounded, and finite where p and q share nothing. For beta near 0 it
    behaves like beta · ``soft``, near 1 like (1-beta) · ``reverse_kl``; at 0 and 1 itself it is 0 everywhere and
    therefore refused.

    ``beta`` lies between 0 and 1; the other arguments, rows and refusals are those of ``soft``.
    """
    _inside("beta", beta)
    log_p, log_q = _log_probabilities(student, teacher, temperature, indices, rest)
    log_m = _mixture(log_p, log_q, beta)
    total = beta * kl(log_p, log_m) + (1 - beta) * kl(log_q, log_m)
    return total * temperature**2, number(student)


def skew_kl(
    student: Tensor,
    teacher: Tensor,
    temperature: float,
    alpha: float,
    indices: Tensor | None = None,
    rest: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """Sum T² · KL(p ‖ alpha·p + (1-alpha)·q), p the teacher's, q the student's (Ko et al. 2024, arXiv:2402.03898).

    Never above -T² · log alpha a row, so that one on which the student is far off cannot rule the batch. ``alpha``
    lies between 0 (where it would be ``soft``) and 1 (where it would be 0); the other arguments, rows and refusals are
    those of ``soft``.
    """
    _inside("alpha", alpha)
    log_p, log_q = _log_probabilities(student, teacher, temperature, indices, rest)
    return kl(log_p, _mixture(log_p, log_q, alpha)) * temperature**2, number(student)


def skew_reverse_kl(
    student: Tensor,
    teacher: Tensor,
    temperature: float,
    alpha: float,
    indices: Tensor | None = None,
    rest: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """Sum T² · KL(q ‖ (1-alpha)·p + alpha·q), all else as in ``skew_kl`` (Ko et al. 2024, arXiv:2402.03898)."""
    _inside("alpha", alpha)
    log_p, log_q = _log_probabilities(student, teacher, temperature, indices, rest)
    return kl(log_q, _mixture(log_q, log_p, alpha)) * temperature**2, number(student)


def taid(student: Tensor, teacher: Tensor, temperature: float, progress: float) -> tuple[Tensor, Tensor]:
    """Sum the divergence from a target that moves from student to teacher (Shing et al. 2025, arXiv:2501.16937).

    The target's logits are (1-t) · student + t · teacher, and no gradient flows through it.

    Args:
        student: logits ``[rows, classes]``.
        teacher: logits ``[rows, classes]``, the classes in the student's order.
        temperature: what the student's and the target's logits are divided by.
        progress: t: at 0 the target is the student itself (and the loss 0), at 1 the teacher (and the loss ``soft``).

    Returns:
        T² · Σ KL(target ‖ student) in nats, and the number of rows.

    Raises:
        ValueError: where the shapes differ, or the progress is not between 0 and 1.
    """
    if not 0 <= progress <= 1:
        raise ValueError(f"progress must be between 0 and 1, not {progress}")
    same_shape(student, teacher, "logits")
    # ``soft`` lets no gradient through what it takes for the teacher, so that the student does not chase itself.
    return soft(student, torch.lerp(*in_one_precision(student, teacher), progress), temperature)


def _log_probabilities(
    student: Tensor, teacher: Tensor, temperature: float, indices: Tensor | None, rest: Tensor | None
) -> tuple[Tensor, Tensor]:
    """Return the logarithms of the teacher's and the student's distribution, over the same classes or buckets."""
    student_logits, teacher_logits = (logits / temperature for logits in in_one_precision(student, teacher))
    if indices is not None and rest is not None:
        _same_rows(student, teacher, indices, rest)
        student_logits = buckets(student_logits, indices)
        teacher_logits = torch.cat(
            [teacher_logits, rest.detach().to(teacher_logits.dtype).clamp(min=LOG_ZERO).unsqueeze(-1)], dim=-1
        )
    elif indices is not None or rest is not None:
        raise ValueError("sparse rows of a teacher need both indices and rest")
    same_shape(student_logits, teacher_logits, "logits")
    return teacher_logits.log_softmax(dim=-1), student_logits.log_softmax(dim=-1)


def _same_rows(student: Tensor, teacher: Tensor, indices: Tensor, rest: Tensor) -> None:
    if teacher.shape != indices.shape or rest.shape != teacher.shape[:1] or len(student) != len(teacher):
        shapes = [list(tensor.shape) for tensor in (student, teacher, indices, rest)]
        raise ValueError("sparse rows do not fit: student {}, teacher {}, indices {}, rest {}".format(*shapes))


def _mixture(log_p: Tensor, log_q: Tensor, share: float) -> Tensor:
    """Return the logarithm of share · p + (1 - share) · q."""
    return torch.logaddexp(log_p + math.log(share), log_q + math.log1p(-share))


def _inside(name: str, value: float) -> None:
    if not 0 < value < 1:
        raise ValueError(f"{name} must lie between 0 and 1, not {value}")
