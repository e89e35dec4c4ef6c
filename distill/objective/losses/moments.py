"""Means and second moments of two models' rows, which parts of a batch can bring one by one (Chan et al. 1983)."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from distill.objective.losses.common import count_of, in_one_precision

Product = Callable[[Tensor, Tensor], Tensor]


class Moments(NamedTuple):
    """The counts, means and products of some rows that are needed to correlate their columns.

    Attributes:
        rows: ``[1]``, how many there are.
        student_mean: ``[2, width]``, rounded, and what that left out: where columns hardly vary, the rounding of a mean
            is a shift of all rows that a gradient would add up.
        teacher_mean: ``[2, any width]``.
        student: the products of the student's columns less their means, summed over the rows: of each with each
            ``[width, width]``, or of each with itself ``[width]``.
        teacher: likewise.
        across: likewise, of the teacher's columns with the student's.
    """

    rows: Tensor
    student_mean: Tensor
    teacher_mean: Tensor
    student: Tensor
    teacher: Tensor
    across: Tensor


def each_with_each(first: Tensor, second: Tensor) -> Tensor:
    """Return the products of all columns with all, summed over ``[rows, ...]``: ``[width, other width]``."""
    return first.mT @ second


def each_with_itself(first: Tensor, second: Tensor) -> Tensor:
    """Return the products of each column with that of its number, summed over the rows: ``[width]``."""
    return (first * second).sum(dim=0)


def moments(student: Tensor, teacher: Tensor, real: Tensor, product: Product) -> Moments:
    """Return the moments of the rows ``[rows, width]`` that are ``real [rows]``, with a gradient to the student."""
    real_rows = [rows.masked_fill(~real.unsqueeze(-1), 0.0) for rows in in_one_precision(student, teacher)]
    count = count_of(real, real_rows[0]).reshape(1)
    means = [rows.sum(dim=0) / count.clamp(min=1) for rows in real_rows]
    gaps = (rows - mean for rows, mean in zip(real_rows, means, strict=True))
    student_gaps, teacher_gaps = (gap.masked_fill(~real.unsqueeze(-1), 0.0) for gap in gaps)
    student_mean, teacher_mean = (torch.stack([mean, torch.zeros_like(mean)]) for mean in means)
    return Moments(
        count,
        student_mean,
        teacher_mean,
        product(student_gaps, student_gaps),
        product(teacher_gaps, teacher_gaps),
        product(teacher_gaps, student_gaps),
    )


def joined(parts: Sequence[Moments], product: Product) -> Moments:
    """Return the moments of all the parts' rows together."""
    counts = torch.stack([part.rows for part in parts])
    count = counts.sum(dim=0)
    means = [torch.stack(each) for each in zip(*(part[1:3] for part in parts), strict=True)]
    student_mean, teacher_mean = (_mean(each, counts / count.clamp(min=1)) for each in means)
    shifted = [_about(part, student_mean, teacher_mean, product) for part in parts]
    return Moments(
        count, student_mean, teacher_mean, *(torch.stack(each).sum(dim=0) for each in zip(*shifted, strict=True))
    )


def renewed(whole: Moments, part: Moments, product: Product) -> Moments:
    """Return the moments of a whole, with the gradient of the one part that has one.

    About the whole's mean the products of parts add up. The mean itself needs no gradient: what is less the mean sums
    to 0.

    Args:
        whole: of all the rows, without a gradient.
        part: of some of them, with one; their values are in the whole already.
        product: by which both were taken.
    """
    shifted = _about(part, whole.student_mean, whole.teacher_mean, product)
    return Moments(
        *whole[:3], *(all_of + (each - each.detach()) for all_of, each in zip(whole[3:], shifted, strict=True))
    )


def _mean(means: Tensor, shares: Tensor) -> Tensor:
    """Return the mean ``[2, width]`` of means ``[parts, 2, width]`` by their shares of the rows ``[parts, 1]``."""
    rounded = (shares * means[:, 0]).sum(dim=0)
    return torch.stack([rounded, (shares * (means[:, 0] - rounded + means[:, 1])).sum(dim=0)])


def _about(
    part: Moments, student_mean: Tensor, teacher_mean: Tensor, product: Product
) -> tuple[Tensor, Tensor, Tensor]:
    """Return the products of a part, less means that are not its own."""
    shifts = (mean - other for mean, other in zip(part[1:3], (student_mean, teacher_mean), strict=True))
    student_shift, teacher_shift = (each.sum(dim=0, keepdim=True) * part.rows.sqrt() for each in shifts)
    pairs = (student_shift, student_shift), (teacher_shift, teacher_shift), (teacher_shift, student_shift)
    student, teacher, across = (products + product(*pair) for products, pair in zip(part[3:], pairs, strict=True))
    return student, teacher, across


def varies(count: Tensor, mean: Tensor, squares: Tensor) -> Tensor:
    """Tell which columns ``[width]`` vary beyond rounding, by their mean ``[2, width]`` and the squares less it."""
    squares = squares.detach()
    noise = 1e-12 * (squares + count * mean[0].detach().square())
    return squares > noise.clamp(min=1e-20)
