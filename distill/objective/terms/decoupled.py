"""Terms that take class distributions apart; each needs three classes or more."""

from collections.abc import Sequence
from typing import ClassVar

from torch import Tensor

from distill.objective import losses
from distill.objective.losses.moments import Moments
from distill.objective.terms.common import Part, TemperatureTerm, not_below_zero, whole_logits
from distill.types import Outputs


class Dkd(TemperatureTerm):
    """Decoupled distillation, T² · (alpha·KL on label or not + beta·KL among the others) (Zhao et al. 2022).

    Cost: about twice that of ``Soft``; needs all the teacher's logits, and labels. For a teacher that is so sure of the
    label that what it knows of the other classes drowns in ``Soft``. With two classes the second part vanishes:
    refused.

    Args:
        temperature: above 0.
        alpha: weight of the first part.
        beta: weight of the second; 8 is the paper's for small images, where the teacher is less sure it takes less.

    Raises:
        ValueError: where the temperature is not above 0, or a weight is below 0, or both are 0.
    """

    needs: ClassVar[frozenset[str]] = frozenset({"labels", "teacher_logits"})
    unit: ClassVar[str] = "labels"
    shown: ClassVar[tuple[str, ...]] = ("temperature", "alpha", "beta")

    def __init__(self, temperature: float, alpha: float = 1.0, beta: float = 8.0) -> None:
        """Keep temperature and weights."""
        super().__init__(temperature)
        not_below_zero(alpha=alpha, beta=beta)
        self.alpha, self.beta = alpha, beta

    def forward(self, student: Outputs, teacher: Outputs | None, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Return the sum over labels ``[rows]`` that are scored, and their number."""
        logits = whole_logits(teacher)
        return losses.dkd(student.logits, logits, labels, self.temperature, self.alpha, self.beta)


class Dist(TemperatureTerm):
    """1 - Pearson's correlation with the teacher's probabilities, along rows and along columns (Huang et al. 2022).

    Cost: that of ``Soft``; needs all the teacher's logits. For a teacher much stronger than the student: only the order
    and the relative gaps must be met. The columns are compared within the batch of a whole step, so take a few dozen
    rows or more for it. With two classes the rows say nothing: refused.

    Args:
        temperature: above 0.
        inter: weight of the rows.
        intra: weight of the columns.

    Raises:
        ValueError: where the temperature is not above 0, or a weight is below 0, or both are 0.
    """

    shown: ClassVar[tuple[str, ...]] = ("temperature", "inter", "intra")

    def __init__(self, temperature: float, inter: float = 1.0, intra: float = 1.0) -> None:
        """Keep temperature and weights."""
        super().__init__(temperature)
        not_below_zero(inter=inter, intra=intra)
        self.inter, self.intra = inter, intra

    def forward(self, student: Outputs, teacher: Outputs | None, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Return the sum, such that the number of rows divides it into means, and that number."""
        part = self.features(student, teacher)
        count = Moments(*part[1:]).rows.squeeze(0)
        return self.loss(part) * count, count

    def features(self, student: Outputs, teacher: Outputs | None) -> Part:
        """Return the sum along these rows, and the moments of the columns."""
        rows, columns = losses.dist_features(student.logits, whole_logits(teacher), self.temperature)
        return rows, *columns

    def merge(self, parts: Sequence[Part]) -> Part:
        """Return sum and moments over several parts."""
        rows, columns = losses.dist_merge([_rows_and_columns(part) for part in parts])
        return rows, *columns

    def loss(self, part: Part, whole: Part | None = None, start: int = 0) -> Tensor:
        """Return the weighted sum of the mean along rows and the mean along columns."""
        whole_columns = None if whole is None else _rows_and_columns(whole)
        return losses.dist_loss(_rows_and_columns(part), whole_columns, inter=self.inter, intra=self.intra)


class Standardized(TemperatureTerm):
    """T² · KL on logits of mean 0 and standard deviation 1 (Sun et al. 2024).

    Cost: that of ``Soft``; needs all the teacher's logits. For many classes, where the student shall learn the order
    and need not copy how sure the teacher is; calibrate it by ``Hard`` beside it. With two classes nothing is left:
    refused.
    """

    def forward(self, student: Outputs, teacher: Outputs | None, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Return the sum over rows and their number; the labels are not read."""
        return losses.standardized(student.logits, whole_logits(teacher), self.temperature)


def _rows_and_columns(part: Part) -> tuple[Tensor, Moments]:
    return part[0], Moments(*part[1:])
