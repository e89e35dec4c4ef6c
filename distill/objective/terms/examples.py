"""Terms that compare how the examples of a batch lie to each other; each is defined on the batch of a whole step."""

from collections.abc import Callable, Sequence
from typing import ClassVar, TypeAlias

import torch
from torch import Tensor

from distill.objective import losses
from distill.objective.terms.common import ANY, Part, TermModule, first_states, present, whole_logits
from distill.types import Outputs, at_least_float32

_NEEDS = {
    "hidden": frozenset({"student_hidden", "teacher_hidden"}),
    "logits": frozenset({"teacher_logits"}),
}
_UNITS = {"hidden": "examples", "logits": "rows"}
_Loss: TypeAlias = Callable[[Tensor, Tensor, int], tuple[Tensor, Tensor]]
_LAST = ((-1, -1),)
"""The hidden states that are compared, as ``pairs`` of other terms say it: the last ones."""


class _ExamplesTerm(TermModule):
    """A term that compares how the examples of a whole step lie to each other.

    Args:
        loss_function: of the points ``[examples, width]`` of student and teacher, and the limit.
        of: what stands for an example: ``hidden``, the first token's state in the last layer, or ``logits``, its row,
            where hidden states are not at hand.
        limit: how many examples are looked at, spread over all that the teacher tells apart.

    Attributes:
        needs: the hidden states of both, or the teacher's logits.
        unit: ``examples``, or ``rows`` of logits.

    Raises:
        ValueError: where an example stands for neither.
    """

    needs: frozenset[str] = _NEEDS["hidden"]
    unit: str = _UNITS["hidden"]
    kinds: ClassVar[frozenset[str]] = ANY
    shown: ClassVar[tuple[str, ...]] = ("of", "limit")
    pairs: ClassVar[tuple[tuple[int, int], ...]] = _LAST

    def __init__(self, loss_function: _Loss, of: str, limit: int) -> None:
        """Keep what is compared, and how much of it."""
        super().__init__()
        self.loss_function, self.of, self.needs, self.unit = loss_function, _checked(of), _NEEDS[of], _UNITS[of]
        self.limit = limit

    def forward(self, student: Outputs, teacher: Outputs | None, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Return the mean over what is compared times the examples, and their number; the labels are not read."""
        return self.loss_function(*_points(self.of, student, present(teacher)), self.limit)

    def features(self, student: Outputs, teacher: Outputs | None) -> Part:
        """Return what stands for each example ``[examples, width]``, of student and teacher."""
        return _points(self.of, student, present(teacher))

    def merge(self, parts: Sequence[Part]) -> Part:
        """Return the examples of all parts."""
        return tuple(torch.cat(each) for each in zip(*parts, strict=True))

    def loss(self, part: Part, whole: Part | None = None, start: int = 0) -> Tensor:
        """Return the mean over the examples that are looked at, of whichever parts."""
        total, count = self.loss_function(*_all(part, whole, start), self.limit)
        return total / count.clamp(min=1)


class RkdDistance(_ExamplesTerm):
    """Huber loss between the distances of all pairs of a step, each over its model's mean (RKD: Park et al. 2019).

    The mean over pairs of examples of Huber(d of the student, d of the teacher), d = ‖a - b‖ / its mean over pairs.

    Cost: examples² · width, at most the limit's. For sentence embeddings and retrieval, where distances are what is
    used; widths and tokenizers may differ. Take a few dozen examples or more for a step.

    Args:
        of: ``hidden`` or ``logits``.
        limit: how many examples are looked at, 2 or more.

    Raises:
        ValueError: where it is neither, or the limit leaves no pair.
    """

    def __init__(self, of: str = "hidden", limit: int = 256) -> None:
        """Keep what is compared, and how much of it."""
        super().__init__(losses.rkd_distance, of, limit)
        if limit < 2:
            raise ValueError(f"a distance needs two examples, so the limit must be 2 or more, not {limit}")


class RkdAngle(_ExamplesTerm):
    """Huber loss between the cosines of the angles in all triples of a step (RKD: Park et al. 2019).

    The mean over triples of Huber(c of the student, c of the teacher), c = cos ∠ijk.

    Cost: examples³ · width, at most the limit's. Finer than distances alone, and used beside them, with about twice
    their weight.

    Args:
        of: ``hidden`` or ``logits``.
        limit: how many examples are looked at, 3 or more.

    Raises:
        ValueError: where it is neither, or the limit leaves no triple.
    """

    def __init__(self, of: str = "hidden", limit: int = 64) -> None:
        """Keep what is compared, and how much of it."""
        super().__init__(losses.rkd_angle, of, limit)
        if limit < 3:
            raise ValueError(f"an angle needs three examples, so the limit must be 3 or more, not {limit}")


def _checked(of: str) -> str:
    if of not in _NEEDS:
        raise ValueError(f"examples are compared by 'hidden' or by 'logits', not by {of!r}")
    return of


def _points(of: str, student: Outputs, teacher: Outputs) -> tuple[Tensor, Tensor]:
    """Return what stands for each example, ``[examples, width]`` of both."""
    if of == "logits":
        return at_least_float32(student.logits), at_least_float32(whole_logits(teacher))
    layers = max(len(student.hidden) - 1, 0), max(len(teacher.hidden) - 1, 0)
    student_points, teacher_points = first_states(student, teacher, layers)
    return at_least_float32(student_points), at_least_float32(teacher_points)


def _all(part: Part, whole: Part | None, start: int) -> tuple[Tensor, Tensor]:
    """Return the examples of a whole batch, ``[examples, width]`` of both, those of the part with a gradient."""
    student_points, teacher_points = part
    if whole is None:
        return student_points, teacher_points
    whole_student, whole_teacher = whole
    return torch.cat(
        [whole_student[:start], student_points, whole_student[start + len(student_points) :]]
    ), whole_teacher
