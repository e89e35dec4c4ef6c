"""Terms that compare softened distributions over classes; rows need no label.

All but ``Taid`` take sparse rows, which hold for one temperature: where they come with another, or it is scheduled, the
terms refuse them.
"""

from typing import ClassVar

from torch import Tensor

from distill.objective import losses
from distill.objective.schedules import Schedule
from distill.objective.terms.common import TemperatureTerm, between_zero_and_one, kept_logits, whole_logits
from distill.types import Outputs


class Soft(TemperatureTerm):
    """Temperature-scaled divergence from the teacher's logits, T² · KL(p ‖ q) (Hinton et al. 2015).

    Cost: one softmax of each. The one to start with. Takes sparse rows.
    """

    def forward(self, student: Outputs, teacher: Outputs | None, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Return the sum over rows and their number; the labels are not read."""
        logits, *sparse = kept_logits(teacher, self.temperature)
        return losses.soft(student.logits, logits, self.temperature, *sparse)


class ReverseKl(TemperatureTerm):
    """T² · KL(q ‖ p): the student is fined for what the teacher finds unlikely (Gu et al. 2024).

    Cost: that of ``Soft``, sparse rows included. For students too small to cover all the teacher does, above all
    language models: they learn some of it well. Gradients vanish where the student is sure of what is wrong.
    """

    def forward(self, student: Outputs, teacher: Outputs | None, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Return the sum over rows and their number; the labels are not read."""
        logits, *sparse = kept_logits(teacher, self.temperature)
        return losses.reverse_kl(student.logits, logits, self.temperature, *sparse)


class Js(TemperatureTerm):
    """Generalised Jensen-Shannon divergence (GKD: Agarwal et al. 2024).

    T² · (beta·KL(p ‖ m) + (1-beta)·KL(q ‖ m)) with m = beta·p + (1-beta)·q. Cost: about twice that of ``Soft``, sparse
    rows included. A bounded middle way between ``Soft`` (beta near 0) and ``ReverseKl`` (beta near 1); near 0 it
    shrinks with beta, near 1 with 1-beta, so raise its weight there.

    Args:
        temperature: above 0.
        beta: the teacher's share of m, between 0 and 1.

    Raises:
        ValueError: where the temperature is not above 0, or beta not between 0 and 1.
    """

    shown: ClassVar[tuple[str, ...]] = ("temperature", "beta")

    def __init__(self, temperature: float, beta: float = 0.5) -> None:
        """Keep temperature and share."""
        super().__init__(temperature)
        self.beta = between_zero_and_one("beta", beta)

    def forward(self, student: Outputs, teacher: Outputs | None, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Return the sum over rows and their number; the labels are not read."""
        logits, *sparse = kept_logits(teacher, self.temperature)
        return losses.js(student.logits, logits, self.temperature, self.beta, *sparse)


class _SkewTerm(TemperatureTerm):
    """A skewed divergence.

    Args:
        temperature: above 0.
        alpha: how much of one distribution is mixed into the other, between 0 and 1.

    Raises:
        ValueError: where the temperature is not above 0, or alpha not between 0 and 1.
    """

    shown: ClassVar[tuple[str, ...]] = ("temperature", "alpha")

    def __init__(self, temperature: float, alpha: float = 0.1) -> None:
        """Keep temperature and share."""
        super().__init__(temperature)
        self.alpha = between_zero_and_one("alpha", alpha)


class SkewKl(_SkewTerm):
    """T² · KL(p ‖ alpha·p + (1-alpha)·q): ``Soft``, but bounded (DistiLLM: Ko et al. 2024).

    Cost: about that of ``Soft``, sparse rows included. Where rows on which the student is far off rule
    the batch and make training unsteady.
    """

    def forward(self, student: Outputs, teacher: Outputs | None, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Return the sum over rows and their number; the labels are not read."""
        logits, *sparse = kept_logits(teacher, self.temperature)
        return losses.skew_kl(student.logits, logits, self.temperature, self.alpha, *sparse)


class SkewReverseKl(_SkewTerm):
    """T² · KL(q ‖ (1-alpha)·p + alpha·q): ``ReverseKl``, but bounded where p is 0 (DistiLLM: Ko et al. 2024).

    Cost: about that of ``Soft``, sparse rows included. For language models, where ``ReverseKl`` is unsteady.
    """

    def forward(self, student: Outputs, teacher: Outputs | None, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Return the sum over rows and their number; the labels are not read."""
        logits, *sparse = kept_logits(teacher, self.temperature)
        return losses.skew_reverse_kl(student.logits, logits, self.temperature, self.alpha, *sparse)


class Taid(TemperatureTerm):
    """T² · KL(target ‖ q), the target's logits (1-t) · student + t · teacher, t on its way to 1 (Shing et al. 2025).

    Cost: that of ``Soft``; needs all the teacher's logits. For students far smaller than the teacher: the target stays
    within reach. Where the paper also hurries t along with the loss, here it is a function of the step alone, so that
    a resumed run does the same.

    Args:
        temperature: above 0.
        start: t at the first step, above 0 (at 0 the term would be 0), at most 1; from there it moves to 1 in a line.

    Attributes:
        progress: the current t; ``Objective.at`` moves it.
        schedules: how.

    Raises:
        ValueError: where the temperature or the start is not as above.
    """

    shown: ClassVar[tuple[str, ...]] = ("temperature", "progress")

    def __init__(self, temperature: float = 1.0, start: float = 0.4) -> None:
        """Begin at the start."""
        super().__init__(temperature)
        if not 0 < start <= 1:
            raise ValueError(f"start must be above 0 and at most 1, not {start}")
        self.progress = start
        self.schedules = {"progress": Schedule("linear", start, 1.0)}

    def forward(self, student: Outputs, teacher: Outputs | None, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Return the sum over rows and their number; the labels are not read."""
        return losses.taid(student.logits, whole_logits(teacher), self.temperature, self.progress)
