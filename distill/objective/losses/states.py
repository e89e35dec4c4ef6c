"""Hidden states, compared token by token or as a whole."""

from collections.abc import Sequence

import torch
from torch import Tensor

from distill.objective.losses.common import count_of, directions, full_precision, in_one_precision, number, same_shape
from distill.objective.losses.moments import Moments, each_with_each, joined, moments, renewed, varies


def hidden(student: Tensor, teacher: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """Sum the squared error between hidden states, averaged over the width (Romero et al. 2015, arXiv:1412.6550).

    Args:
        student: ``[batch, tokens, width]``, projected to the teacher's width where they differ.
        teacher: ``[batch, tokens, width]``.
        mask: ``[batch, tokens]``, true where a token is no padding.

    Returns:
        The sum over the tokens that are no padding, and their number.

    Raises:
        ValueError: where the shapes differ.
    """
    same_shape(student, teacher, "hidden states")
    real = mask.bool()
    # The difference is masked, not its square: that way whatever a padded position holds reaches no gradient.
    student_states, teacher_states = in_one_precision(student, teacher)
    difference = (student_states - teacher_states).masked_fill(~real.unsqueeze(-1), 0.0)
    return difference.square().mean(dim=-1).sum(), count_of(real, difference)


def hidden_cosine(student: Tensor, teacher: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """Sum 1 - the cosine between hidden states: direction, not size (Sanh et al. 2019, arXiv:1910.01108).

    Arguments, sum, count and refusals are those of ``hidden``; a state of zeros has the cosine 0 with any other.
    """
    same_shape(student, teacher, "hidden states")
    real = mask.bool()
    student_states, teacher_states = (
        states.masked_fill(~real.unsqueeze(-1), 0.0) for states in in_one_precision(student, teacher)
    )
    gaps = (1 - (directions(student_states) * directions(teacher_states)).sum(dim=-1)).masked_fill(~real, 0.0)
    return gaps.sum(), count_of(real, gaps)


def pkd(student: Tensor, teacher: Tensor) -> tuple[Tensor, Tensor]:
    """Sum the squared error between states of length 1, averaged over the width (Sun et al. 2019, arXiv:1908.09355).

    Args:
        student: each example's state ``[examples, width]``, such as ``first_tokens`` gives, projected to the teacher's
            width where they differ; a state of zeros stays as it is.
        teacher: ``[examples, width]``.

    Returns:
        The sum over examples, each between 0 and 4 / width, and their number.

    Raises:
        ValueError: where the shapes differ.
    """
    same_shape(student, teacher, "first tokens")
    student_units, teacher_units = (directions(states) for states in in_one_precision(student, teacher))
    return (student_units - teacher_units).square().mean(dim=-1).sum(), number(student)


def cka(student: Tensor, teacher: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """Return 1 - linear centred kernel alignment of token states (Kornblith et al. 2019, arXiv:1905.00414).

    With X and Y the states of all real tokens, less their mean, CKA = ‖YᵀX‖² / (‖XᵀX‖ · ‖YᵀY‖) in Frobenius norms: 1
    where one is a rotated and scaled copy of the other. The widths may differ.

    It is defined on the batch as a whole, of whose parts ``cka_features``, ``cka_merge`` and ``cka_loss`` make it. The
    fewer tokens there are for the width, the nearer it is to 0 whatever the states. Where the teacher's states do not
    vary, as with a single token, there is nothing to align and it is 0.

    Args:
        student: ``[batch, tokens, width]``.
        teacher: ``[batch, tokens, any width]``.
        mask: ``[batch, tokens]``, true where a token is no padding.

    Returns:
        (1 - CKA) · tokens, and the number of tokens that are no padding.

    Raises:
        ValueError: where the tokens differ.
    """
    part = cka_features(student, teacher, mask)
    count = part.rows.squeeze(0)
    return cka_loss(part) * count, count


def cka_features(student: Tensor, teacher: Tensor, mask: Tensor) -> Moments:
    """Return what some of a batch's examples bring to ``cka``, as it takes and refuses them."""
    same_shape(student[..., 0], teacher[..., 0], "tokens")
    with full_precision(student):
        return moments(student.flatten(0, 1), teacher.flatten(0, 1), mask.bool().flatten(), each_with_each)


def cka_merge(parts: Sequence[Moments]) -> Moments:
    """Return what several parts bring to ``cka`` together."""
    with full_precision(parts[0].student):
        return joined(parts, each_with_each)


def cka_loss(part: Moments, whole: Moments | None = None) -> Tensor:
    """Return 1 - CKA over a whole batch, which is a part's own examples where nothing else is given.

    Args:
        part: what these examples bring; the gradient goes to them alone.
        whole: what all examples of the batch bring, these among them, without a gradient.
    """
    with full_precision(part.student):
        columns = part if whole is None else renewed(whole, part, each_with_each)
        student_varies = varies(columns.rows, columns.student_mean, columns.student.diagonal())
        teacher_varies = varies(columns.rows, columns.teacher_mean, columns.teacher.diagonal())
        student_squares, student_size = _scaled(columns.student, student_varies)
        teacher_squares, teacher_size = _scaled(columns.teacher, teacher_varies)
        across = columns.across.masked_fill(~(teacher_varies.unsqueeze(-1) & student_varies), 0.0) / (
            student_size * teacher_size
        )
        within = torch.linalg.matrix_norm(student_squares) * torch.linalg.matrix_norm(teacher_squares)
        unlike: Tensor = 1 - across.square().sum() / within.clamp(min=1e-12)
    return unlike.masked_fill(~teacher_varies.any(), 0.0)


def _scaled(squares: Tensor, kept: Tensor) -> tuple[Tensor, Tensor]:
    """Scale ``[width, width]`` to trace 1, 0 where a column is not kept, and return the size of the states, too.

    The size has no gradient: the alignment does not depend on it.
    """
    squares = squares.masked_fill(~(kept.unsqueeze(-1) & kept), 0.0)
    size = squares.detach().diagonal().sum().sqrt().clamp(min=1e-12)
    return squares / size.square(), size
