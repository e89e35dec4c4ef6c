"""Terms that read what the data says; none of them reads a teacher."""

import math
from collections.abc import Sequence
from typing import ClassVar

import torch
from torch import Tensor

from distill.objective import losses
from distill.objective.terms.common import CLASS, LABELS, SCORE, TermModule
from distill.types import Outputs


class _LabelTerm(TermModule):
    """A term that compares the student with the labels of the data alone."""

    needs: ClassVar[frozenset[str]] = frozenset({"labels"})
    unit: ClassVar[str] = "labels"


class Hard(_LabelTerm):
    """Cross-entropy with the labels: - Σ w(label) · log q(label).

    Cost: none to speak of. For one class of several, always; with weights where rare classes must not be ignored.

    Args:
        weights: one for each class, in their order; none weighs all rows alike. Their mean over the labels of train
            should be 1, as in rows / (classes · rows of the class), so that the term keeps its size.

    Raises:
        ValueError: where a weight is below 0 or not finite, or all are 0.
    """

    kinds: ClassVar[frozenset[str]] = CLASS
    weights: Tensor | None

    def __init__(self, weights: Sequence[float] | None = None) -> None:
        """Keep the weights as a buffer."""
        super().__init__()
        if weights is not None and not (all(0 <= weight < math.inf for weight in weights) and any(weights)):
            raise ValueError(f"class weights must be finite and not below 0, nor all 0, unlike {list(weights)}")
        buffer = None if weights is None else torch.tensor(list(weights), dtype=torch.float32)
        self.register_buffer("weights", buffer)

    def forward(self, student: Outputs, teacher: Outputs | None, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Return the sum over labels ``[rows]`` that are scored, and their number; the teacher is not read."""
        return losses.hard(student.logits, labels, self.weights)


class HardLabels(_LabelTerm):
    """Binary cross-entropy with several independent labels, averaged over a row's labels.

    The mean over labels of - label · log q - (1 - label) · log(1 - q), q the sigmoid of the logit.

    Cost: none to speak of. For rows that may have several labels or none.
    """

    kinds: ClassVar[frozenset[str]] = LABELS

    def forward(self, student: Outputs, teacher: Outputs | None, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Return the sum over rows of ``labels [rows, labels]`` with a known one, and their number."""
        return losses.hard_labels(student.logits, labels)


class HardScore(_LabelTerm):
    """Squared error to the gold score: (student - gold)².

    Cost: none to speak of. For regression; scale the scores to about 1 first, or the weight must make up for it.
    """

    kinds: ClassVar[frozenset[str]] = SCORE

    def forward(self, student: Outputs, teacher: Outputs | None, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Return the sum over labels ``[rows]`` that are not nan, and their number; the teacher is not read."""
        return losses.hard_score(student.logits, labels)


class NextSegment(_LabelTerm):
    """Cross-entropy of whether the second of two segments follows the first: - log q(it does as the pair says).

    It belongs to pretraining, beside ``Hard`` of the masked tokens (Devlin et al. 2019).
    """

    unit: ClassVar[str] = "examples"
    kinds: ClassVar[frozenset[str]] = CLASS

    def forward(self, student: Outputs, teacher: Outputs | None, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Return the sum over the student's pairs of segments, and their number; nothing else is read.

        Raises:
            ValueError: the student has read no pairs.
        """
        if student.segment_pairs is None:
            raise ValueError("the student has read no pairs of segments")
        return losses.hard(student.segment_pairs.logits, student.segment_pairs.labels, None)
