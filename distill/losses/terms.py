"""The terms of an objective: one module each, so that what a term learns is trained, moved and saved with it."""

from collections.abc import Sequence
from typing import ClassVar, Protocol

import torch
from torch import Tensor, nn

from distill.losses import functional
from distill.types import Outputs


class Term(Protocol):
    """What an objective asks of a term, which is also an ``nn.Module``.

    Attributes:
        needs: what it reads: ``labels``, ``teacher_logits``, ``student_hidden``, ``teacher_hidden``.
        unit: what its count counts: ``labels`` that are scored, ``rows``, or ``tokens`` that are no padding.
    """

    needs: ClassVar[frozenset[str]]
    unit: ClassVar[str]

    def __call__(self, student: Outputs, teacher: Outputs | None, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Return the sum over the batch, with a gradient, and the count to divide it by."""


class Hard(nn.Module):
    """Cross-entropy with the labels."""

    needs: ClassVar[frozenset[str]] = frozenset({"labels"})
    unit: ClassVar[str] = "labels"

    def forward(self, student: Outputs, teacher: Outputs | None, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Return the sum over labels ``[rows]`` that are scored, and their number; the teacher is not read."""
        return functional.hard(student.logits, labels)


class Soft(nn.Module):
    """Temperature-scaled divergence from the teacher's logits (Hinton et al. 2015); rows need no label.

    Args:
        temperature: above 0; the higher, the more the teacher's small probabilities count.

    Raises:
        ValueError: where the temperature is not above 0.
    """

    needs: ClassVar[frozenset[str]] = frozenset({"teacher_logits"})
    unit: ClassVar[str] = "rows"

    def __init__(self, temperature: float) -> None:
        """Keep the temperature."""
        super().__init__()
        if not temperature > 0:
            raise ValueError(f"temperature must be above 0, not {temperature}")
        self.temperature = temperature

    def forward(self, student: Outputs, teacher: Outputs | None, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Return the sum over rows and their number; the labels are not read."""
        return functional.soft(student.logits, _present(teacher).logits, self.temperature)

    def extra_repr(self) -> str:
        """Show the temperature when printed."""
        return f"temperature={self.temperature}"


class Hidden(nn.Module):
    """Squared error between pairs of hidden states, averaged over the pairs (Romero et al. 2015).

    Where the widths differ, a linear layer for each pair, trained with the student, takes its states to the teacher's
    width; it belongs to the loss and is never exported.

    Args:
        pairs: index of the student's and of the teacher's hidden state; 0 is the embedding output, 1 the first layer's.
        student_width: of the student's hidden states.
        teacher_width: of the teacher's hidden states.

    Raises:
        ValueError: where there is no pair, or an index is below 0.
    """

    needs: ClassVar[frozenset[str]] = frozenset({"student_hidden", "teacher_hidden"})
    unit: ClassVar[str] = "tokens"

    def __init__(self, pairs: Sequence[tuple[int, int]], student_width: int, teacher_width: int) -> None:
        """Make the projections, if any."""
        super().__init__()
        if not pairs or min(min(pair) for pair in pairs) < 0:
            raise ValueError(f"hidden states are compared in one pair or more of indices from 0, not {list(pairs)}")
        self.pairs = tuple(pairs)
        same = student_width == teacher_width
        self.projections = nn.ModuleList(
            nn.Identity() if same else nn.Linear(student_width, teacher_width) for _ in self.pairs
        )

    def forward(self, student: Outputs, teacher: Outputs | None, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Return the sum over tokens that are no padding, and their number; the labels are not read.

        Raises:
            ValueError: where the mask or a hidden state was not asked of a model.
        """
        if student.mask is None:
            raise ValueError("hidden states are compared token by token, but the student's outputs carry no mask")
        sums = []
        for (mine, theirs), project in zip(self.pairs, self.projections, strict=True):
            state = project(_state(student, mine, "student"))
            total, _ = functional.hidden(state, _state(_present(teacher), theirs, "teacher"), student.mask)
            sums.append(total)
        return torch.stack(sums).mean(), student.mask.bool().sum()

    def extra_repr(self) -> str:
        """Show the pairs when printed."""
        return f"pairs={self.pairs}"


def _present(teacher: Outputs | None) -> Outputs:
    """Return the teacher's outputs, or say that they are missing."""
    if teacher is None:
        raise ValueError("this term reads the teacher's outputs, but none were given")
    return teacher


def _state(outputs: Outputs, index: int, who: str) -> Tensor:
    """Return one hidden state ``[batch, tokens, width]``, or say that it is missing."""
    if index >= len(outputs.hidden):
        raise ValueError(f"hidden state {index} of the {who} is wanted, but it gave {len(outputs.hidden)}")
    return outputs.hidden[index]
