"""Means and second moments of two models' rows, which parts of a batch can bring one by one (Chan et al. 1983)."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

Product = Callable[[Tensor, Tensor], Tensor]


class Moments(NamedTuple):
    """What is to be known of some rows to correlate their columns.

    Attributes:
        rows: ``[1]``, how many there are.
        student_mean: ``[width]``.
        teacher_mean: ``[any width]``.
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


def each_with_each(mine: Tensor, theirs: Tensor) -> Tensor:
    """``[width, other width]``: the products of all columns with all, summed over ``[rows, ...]``."""
    return mine.mT @ theirs


def each_with_itself(mine: Tensor, theirs: Tensor) -> Tensor:
    """``[width]``: the products of each column with that of its number, summed over ``[rows, width]``."""
    return (mine * theirs).sum(dim=0)


def moments(student: Tensor, teacher: Tensor, real: Tensor, product: Product) -> Moments:
    """The moments of the rows ``[rows, width]`` that are real ``[rows]``, with a gradient to the student alone."""
    count = real.sum(dtype=torch.float32).reshape(1)
    kept = [rows.float().masked_fill(~real.unsqueeze(-1), 0.0) for rows in (student, teacher.detach())]
    middle, taught = (rows.sum(dim=0) / count.clamp(min=1) for rows in kept)
    gaps = (rows - mean for rows, mean in zip(kept, (middle, taught), strict=True))
    mine, theirs = (gap.masked_fill(~real.unsqueeze(-1), 0.0) for gap in gaps)
    return Moments(count, middle, taught, product(mine, mine), product(theirs, theirs), product(theirs, mine))


def joined(parts: Sequence[Moments], product: Product) -> Moments:
    """The moments of all the parts' rows together."""
    if len(parts) == 1:
        return parts[0]
    counts = torch.stack([part.rows for part in parts])
    count = counts.sum(dim=0)
    means = [torch.stack(each) for each in zip(*(part[1:3] for part in parts), strict=True)]
    middle, taught = ((counts * each).sum(dim=0) / count.clamp(min=1) for each in means)
    mine, theirs = ((each - mean) * counts.sqrt() for each, mean in zip(means, (middle, taught), strict=True))
    student, teacher, across = (
        torch.stack(each).sum(dim=0) for each in zip(*(part[3:] for part in parts), strict=True)
    )
    return Moments(
        count, middle, taught, student + product(mine, mine), teacher + product(theirs, theirs),
        across + product(theirs, mine),
    )  # fmt: skip


def varies(count: Tensor, mean: Tensor, squares: Tensor) -> Tensor:
    """Which columns vary by more than rounding, from their squares less the mean, summed: ``[width]``."""
    squares = squares.detach()
    noise = 1e-12 * (squares + count * mean.detach().square())
    return squares > noise.clamp(min=1e-20)
