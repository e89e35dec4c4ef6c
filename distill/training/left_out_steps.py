"""Leave out steps whose loss or gradient is not finite, count them, and allow only so many of them in a row."""

import logging
from dataclasses import dataclass

import torch

log = logging.getLogger(__name__)

_SAID = 5
"""Steps left out that are logged one by one; of more, only the number at the end is said."""


@dataclass
class LeftOutSteps:
    """The steps of a training that moved no weight, since a loss or the gradient was not finite.

    Attributes:
        most_in_a_row: how many may follow each other; one more ends the training.
        total: how many have been left out.
        in_a_row: how many were the latest steps.
    """

    most_in_a_row: int
    total: int = 0
    in_a_row: int = 0

    def may_leave_out(self) -> bool:
        """Return whether one more step may be left out."""
        return self.in_a_row < self.most_in_a_row

    def leave_out(self, optimizer: torch.optim.Optimizer, sentence: str, *, tell: bool) -> None:
        """Leave out the step that comes: weights without a gradient stay, and so does what is known of their moments.

        Args:
            optimizer: whose step comes; the schedule of its rate goes on.
            sentence: what is not finite.
            tell: whether this process logs.
        """
        for group in optimizer.param_groups:
            for weight in group["params"]:
                weight.grad = None
        self.total, self.in_a_row = self.total + 1, self.in_a_row + 1
        if tell and self.total <= _SAID:
            rest = "; more of them are only counted" if self.total == _SAID else ""
            log.warning(
                "%s; it is left out (%d in a row of at most %d)%s", sentence, self.in_a_row, self.most_in_a_row, rest
            )

    def taken(self) -> None:
        """Note that a step was finite."""
        self.in_a_row = 0

    def state(self) -> dict[str, int]:
        """Return the counts, as a checkpoint keeps them."""
        return {"total": self.total, "in_a_row": self.in_a_row}

    def restore(self, state: dict[str, int]) -> None:
        """Go on from the counts of a checkpoint."""
        self.total, self.in_a_row = state["total"], state["in_a_row"]
