"""How the examples of a batch lie to each other (Park et al. 2019, arXiv:1904.05068).

Both losses are defined on the batch as a whole: they compare pairs and triples within it, so the states of its parts
have to be brought together first. What they promise: the order of the examples does not matter, nor does the scale
(and, for angles, the place) of either model's states, nor do the widths have to match.
"""

import torch
import torch.nn.functional as F  # noqa: N812 - the name everybody knows it by
from torch import Tensor

from distill.objective.losses.common import directions, full_precision, in_one_precision, number, precision

_COINCIDE = 1e-4
"""Examples nearer than this share of the mean distance have no direction to each other, only noise."""


def rkd_distance(student: Tensor, teacher: Tensor, limit: int) -> tuple[Tensor, Tensor]:
    """Compare the distances of all pairs, each over its model's mean distance, by the Huber loss.

    Args:
        student: ``[examples, width]``.
        teacher: ``[examples, any width]``.
        limit: of a larger batch only so many examples are looked at, spread over all that the teacher tells apart: the
            cost is the square of that number times the width, on a GPU in memory, too.

    Returns:
        The mean over pairs, times the number of examples, so that the count, that number, divides it into the mean.

    Raises:
        ValueError: where the numbers of examples differ.
    """
    _same_number(student, teacher)
    if len(student) < 2:
        return student[:0].sum(dtype=precision(student)), number(student)
    student_distances, teacher_distances = (_distances(states) for states in _spread(student, teacher, limit))
    return F.smooth_l1_loss(student_distances, teacher_distances) * len(student), number(student)


def rkd_angle(student: Tensor, teacher: Tensor, limit: int) -> tuple[Tensor, Tensor]:
    """Compare the cosines of the angles at which each example sees each two others, by the Huber loss.

    Args:
        student: ``[examples, width]``.
        teacher: ``[examples, any width]``.
        limit: of a larger batch only so many examples are looked at, spread over all that the teacher tells apart: the
            cost is that number to the third times the width, and the memory its third and its second times the width.

    Returns:
        The mean over triples, times the number of examples, so that the count, that number, divides it into the mean.
        Where two examples coincide, the angles on the line between them count as 90 degrees, without a gradient.

    Raises:
        ValueError: where the numbers of examples differ.
    """
    _same_number(student, teacher)
    count = min(len(student), limit)
    if count < 3:
        return student[:0].sum(dtype=precision(student)), number(student)
    with full_precision(student):
        student_cosines, teacher_cosines = (_cosines(states) for states in _spread(student, teacher, limit))
    # Two others that are one: no triple. Where the one who looks is one of the others, both cosines are 0.
    same = torch.eye(count, dtype=torch.bool, device=student.device)
    gaps = F.smooth_l1_loss(student_cosines, teacher_cosines, reduction="none").masked_fill(same, 0.0)
    return gaps.sum() / (count * (count - 1) * (count - 2)) * len(student), number(student)


def _same_number(student: Tensor, teacher: Tensor) -> None:
    if len(student) != len(teacher):
        raise ValueError(f"the student has {len(student)} examples, the teacher {len(teacher)}")


def _spread(student: Tensor, teacher: Tensor, limit: int) -> tuple[Tensor, Tensor]:
    """Choose at most so many examples of both, the same ones in whatever order they come, and none twice.

    They lie evenly in the order of a sum of the teacher's numbers, which only equal states have in common.
    """
    student, teacher = in_one_precision(student, teacher)
    if len(teacher) <= limit:
        return student, teacher
    signs = torch.arange(teacher.shape[1], device=teacher.device).cos()
    order = (teacher * signs).sum(dim=1).argsort(stable=True)
    chosen = order[torch.arange(limit, device=order.device) * len(order) // limit]
    return student[chosen], teacher[chosen]


def _distances(states: Tensor) -> Tensor:
    """Return the distance of each pair, over their mean."""
    distances = F.pdist(states)
    return distances / distances.mean().clamp(min=1e-12)


def _cosines(states: Tensor) -> Tensor:
    """Return ``[at, from, to]``: the cosine of the angle that example ``at`` sees between the two others."""
    arrows = states.unsqueeze(0) - states.unsqueeze(1)
    mean = torch.linalg.vector_norm(arrows.detach(), dim=-1).mean()
    units = directions(arrows, _COINCIDE * mean)
    return torch.matmul(units, units.mT)
