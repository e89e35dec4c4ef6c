"""Terms that compare hidden states.

Where the widths differ and the term compares them number by number, a linear layer for each pair, trained with the
student, takes its states to the teacher's width; it belongs to the loss and is never exported.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import ClassVar

import torch
from torch import Tensor, nn

from distill.objective import losses
from distill.objective.losses.moments import Moments
from distill.objective.terms.common import (
    ANY,
    Pairs,
    Part,
    TermModule,
    checked_pairs,
    first_states,
    mean,
    present,
    projections,
    real_tokens,
    state,
)
from distill.types import Outputs

_WHAT = "hidden states"


class _StatesTerm(TermModule):
    """A term that compares hidden states of both models, token by token unless it says otherwise."""

    needs: ClassVar[frozenset[str]] = frozenset({"student_hidden", "teacher_hidden"})
    unit: ClassVar[str] = "tokens"
    kinds: ClassVar[frozenset[str]] = ANY
    shown: ClassVar[tuple[str, ...]] = ("pairs",)


class _ProjectedTerm(_StatesTerm):
    """A term that compares pairs of hidden states number by number, the student's projected where the widths differ.

    Args:
        pairs: index of the student's and of the teacher's hidden state; 0 is the embedding output, 1 the first layer's.
        student_width: of the student's hidden states.
        teacher_width: of the teacher's hidden states.

    Raises:
        ValueError: where there is no pair, or an index is below 0.
    """

    def __init__(self, pairs: Pairs, student_width: int, teacher_width: int) -> None:
        """Make the projections, if any."""
        super().__init__()
        self.pairs = checked_pairs(pairs, _WHAT)
        self.projections = projections(len(self.pairs), student_width, teacher_width)


class Hidden(_ProjectedTerm):
    """Squared error between pairs of hidden states, averaged over the width and the pairs (Romero et al. 2015).

    The mean over pairs and over the width of (W · student - teacher)², for each token.

    Cost: the teacher's states on disk, or the teacher beside the student; a matrix product for each pair where widths
    differ. The strongest pull towards the teacher's inner life, for students with the teacher's tokens.
    """

    def forward(self, student: Outputs, teacher: Outputs | None, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Return the sum over tokens that are no padding, and their number; the labels are not read.

        Raises:
            ValueError: where the mask or a hidden state was not asked of a model.
        """
        return _by_token(losses.hidden, student, teacher, self.pairs, self.projections)


class HiddenCosine(_ProjectedTerm):
    """1 - the cosine between pairs of hidden states, averaged over the pairs (Sanh et al. 2019).

    1 - (W · student) · teacher / (‖W · student‖ · ‖teacher‖), for each token.

    Cost: that of ``Hidden``. Where directions shall be learnt and not sizes; the value lies between 0 and 2 whatever
    the model, so that its weight carries over.
    """

    def forward(self, student: Outputs, teacher: Outputs | None, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Return the sum over tokens that are no padding, and their number; the labels are not read."""
        return _by_token(losses.hidden_cosine, student, teacher, self.pairs, self.projections)


class Embedding(Hidden):
    """Squared error between the embedding outputs, averaged over the width (as in TinyBERT: Jiao et al. 2020).

    The mean over the width of (W · student - teacher)², for each token.

    Cost: that of one pair of ``Hidden``, which it is. For a student whose embeddings are narrower than the teacher's.

    Args:
        student_width: of the student's embedding output.
        teacher_width: of the teacher's.
    """

    shown: ClassVar[tuple[str, ...]] = ()

    def __init__(self, student_width: int, teacher_width: int) -> None:
        """Make the projection, if any."""
        super().__init__([(0, 0)], student_width, teacher_width)


class Pkd(_ProjectedTerm):
    """Squared error between first tokens' states of length 1, averaged over width and pairs (PKD: Sun et al. 2019).

    The mean over pairs and over the width of (W · student / ‖W · student‖ - teacher / ‖teacher‖)², for each example.

    Cost: next to none beside the teacher's own. For sentence tasks, whose head reads the first token. The value is at
    most 4 / width: the paper's weights are 10 to 1,000.
    """

    unit: ClassVar[str] = "examples"

    def forward(self, student: Outputs, teacher: Outputs | None, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Return the sum over examples and their number; the labels are not read."""
        results = []
        for pair, project in zip(self.pairs, self.projections, strict=True):
            student_states, teacher_states = first_states(student, present(teacher), pair)
            results.append(losses.pkd(project(student_states), teacher_states))
        return mean(results)


class Cka(_StatesTerm):
    """1 - linear centred kernel alignment between pairs of hidden states (Kornblith et al. 2019).

    1 - ‖XᵀY‖² / (‖XᵀX‖ · ‖YᵀY‖), X and Y the student's and the teacher's centred states of all tokens.

    Cost: a matrix product of tokens · width · width for each pair. For models of different widths without a projection
    to learn: only the geometry must be met, not the coordinates. Defined on the batch of a whole step, and of use only
    where that has several times more tokens than a state has numbers.

    Args:
        pairs: index of the student's and of the teacher's hidden state; 0 is the embedding output, 1 the first layer's.

    Raises:
        ValueError: where there is no pair, or an index is below 0.
    """

    def __init__(self, pairs: Pairs) -> None:
        """Keep the pairs."""
        super().__init__()
        self.pairs = checked_pairs(pairs, _WHAT)

    def forward(self, student: Outputs, teacher: Outputs | None, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Return the value times the tokens that are no padding, and their number; the labels are not read."""
        part = self.features(student, teacher)
        count = part[0].squeeze(0)
        return self.loss(part) * count, count

    def features(self, student: Outputs, teacher: Outputs | None) -> Part:
        """Return the moments of each pair's states, one after the other."""
        mask = real_tokens(student, _WHAT)
        by_pair = (
            losses.cka_features(
                state(student, student_layer, "student"), state(present(teacher), teacher_layer, "teacher"), mask
            )
            for student_layer, teacher_layer in self.pairs
        )
        return tuple(each for pair_moments in by_pair for each in pair_moments)

    def merge(self, parts: Sequence[Part]) -> Part:
        """Return the moments over several parts."""
        pairs = zip(*(_of_pairs(part) for part in parts), strict=True)
        return tuple(each for pair_parts in pairs for each in losses.cka_merge(pair_parts))

    def loss(self, part: Part, whole: Part | None = None, start: int = 0) -> Tensor:
        """Return the mean over the pairs."""
        by_pair = _of_pairs(part)
        whole_by_pair = [None] * len(by_pair) if whole is None else _of_pairs(whole)
        return torch.stack([losses.cka_loss(*pair) for pair in zip(by_pair, whole_by_pair, strict=True)]).mean()


def _of_pairs(part: Part) -> list[Moments]:
    """Return the moments of each pair of states, which lie one after the other."""
    size = len(Moments._fields)
    return [Moments(*part[at : at + size]) for at in range(0, len(part), size)]


def _by_token(
    loss: Callable[[Tensor, Tensor, Tensor], tuple[Tensor, Tensor]],
    student: Outputs,
    teacher: Outputs | None,
    pairs: tuple[tuple[int, int], ...],
    projected: Iterable[nn.Module],
) -> tuple[Tensor, Tensor]:
    """Return the mean of a loss over pairs of states, and the tokens it goes over."""
    mask = real_tokens(student, _WHAT)
    results = []
    for (student_layer, teacher_layer), project in zip(pairs, projected, strict=True):
        # Masked before the projection, whose weights would otherwise get 0 · nan where padding holds nan.
        states = project(state(student, student_layer, "student").masked_fill(~mask.unsqueeze(-1), 0.0))
        results.append(loss(states, state(present(teacher), teacher_layer, "teacher"), mask))
    return mean(results)
