"""Terms that compare logits number by number, without a softmax over them."""

import math
from typing import ClassVar

from torch import Tensor

from distill.objective import losses
from distill.objective.terms.common import ANY, LABELS, SCORE, TemperatureTerm, TermModule, whole_logits
from distill.types import Outputs

_LOGITS = frozenset({"teacher_logits"})


class LogitMse(TermModule):
    """Squared error between logits, averaged over the classes: mean of (student - teacher)² (Ba and Caruana 2014).

    Cost: the least of all; needs all the teacher's logits. No temperature to choose; what ``Soft`` becomes as its
    temperature grows, except that the mean of a row's logits, which no softmax sees, must be met as well.
    """

    needs: ClassVar[frozenset[str]] = _LOGITS
    unit: ClassVar[str] = "rows"
    kinds: ClassVar[frozenset[str]] = ANY

    def forward(self, student: Outputs, teacher: Outputs | None, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Return the sum over rows and their number; the labels are not read."""
        return losses.logit_mse(student.logits, whole_logits(teacher))


class SoftLabels(TemperatureTerm):
    """T² · KL between Bernoulli distributions, averaged over a row's labels: ``Soft`` for independent labels.

    Cost: none to speak of. For rows that may have several labels or none.
    """

    kinds: ClassVar[frozenset[str]] = LABELS

    def forward(self, student: Outputs, teacher: Outputs | None, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Return the sum over rows and their number; the labels are not read."""
        return losses.soft_labels(student.logits, whole_logits(teacher), self.temperature)


class SoftScore(TermModule):
    """Squared error to the teacher's score; bounded, only while the student isn't ahead of it (Chen et al. 2017).

    (student - teacher)², and, bounded, only where (student - gold)² + bounded > (teacher - gold)².

    Cost: none to speak of. For regression; bounded where the teacher is wrong often enough to hold the student back,
    and with ``HardScore`` beside it.

    Args:
        bounded: the margin by which the student's squared error to the gold score must be the smaller one for the row
            to add 0; none never looks at the gold score.

    Attributes:
        needs: labels as well, where bounded.

    Raises:
        ValueError: where the margin is below 0 or not finite.
    """

    needs: frozenset[str] = _LOGITS
    unit: ClassVar[str] = "rows"
    kinds: ClassVar[frozenset[str]] = SCORE
    shown: ClassVar[tuple[str, ...]] = ("bounded",)

    def __init__(self, bounded: float | None = None) -> None:
        """Keep the margin."""
        super().__init__()
        self.bounded = bounded
        if bounded is not None:
            if not 0 <= bounded < math.inf:
                raise ValueError(f"bounded must be finite and not below 0, not {bounded}")
            self.needs = _LOGITS | {"labels"}

    def forward(self, student: Outputs, teacher: Outputs | None, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Return the sum over rows and their number; the labels ``[rows]`` are read where bounded."""
        return losses.soft_score(student.logits, whole_logits(teacher), labels, self.bounded)
