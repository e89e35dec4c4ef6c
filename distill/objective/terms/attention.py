"""Terms that compare how tokens look at each other."""

from collections.abc import Sequence
from typing import ClassVar

from torch import Tensor

from distill.errors import ModelError
from distill.objective import losses
from distill.objective.terms.common import (
    ANY,
    Pairs,
    TermModule,
    checked_pairs,
    mean,
    present,
    queries_keys_values,
    real_tokens,
    scores,
)
from distill.types import Outputs


class Attention(TermModule):
    """Squared error between attention scores before the softmax, averaged over heads and pairs (Jiao et al. 2020).

    The mean over pairs, heads and pairs of tokens of (a of the student - a of the teacher)², a = q · k / √d.

    Cost: heads · tokens² numbers for each pair, of both models; they must hand out their scores, which fused attention
    does not. For students with the teacher's tokens and, best, its number of heads: where the numbers differ, only the
    average over heads is compared. ``Relations`` asks less of both models.

    Args:
        pairs: index of the student's and of the teacher's layer; 0 is the first layer.
        causal: whether the models see no later token.

    Raises:
        ValueError: where there is no pair, or an index is below 0.
    """

    needs: ClassVar[frozenset[str]] = frozenset({"student_attentions", "teacher_attentions"})
    unit: ClassVar[str] = "tokens"
    kinds: ClassVar[frozenset[str]] = ANY
    shown: ClassVar[tuple[str, ...]] = ("pairs", "causal")

    def __init__(self, pairs: Pairs, *, causal: bool = False) -> None:
        """Keep the pairs."""
        super().__init__()
        self.pairs, self.causal = checked_pairs(pairs, "attention scores"), causal

    def forward(self, student: Outputs, teacher: Outputs | None, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Return the sum over tokens that are no padding, and their number; the labels are not read.

        Raises:
            ValueError: where the mask or a layer's scores were not asked of a model.
        """
        mask, results = real_tokens(student, "attention scores"), []
        for student_layer, teacher_layer in self.pairs:
            teacher_scores = scores(present(teacher), teacher_layer, "teacher")
            results.append(
                losses.attention(scores(student, student_layer, "student"), teacher_scores, mask, causal=self.causal)
            )
        return mean(results)


class Relations(TermModule):
    """KL between self-attention relations of queries, keys and values, averaged over the pairs (Wang et al. 2021).

    The mean over Q, K and V of KL(teacher ‖ student) between softmax(X Xᵀ / √d), X one of them in one relation head.

    Cost: 3 · heads · tokens² numbers for each pair, of both models, from their queries, keys and values. Any numbers of
    heads and any widths fit, without a projection; the paper takes one pair, the student's last layer and one of the
    teacher's upper ones, and more relation heads than the teacher has heads.

    Args:
        pairs: index of the student's and of the teacher's layer; 0 is the first layer.
        heads: number of relation heads; must divide the widths of both models.
        causal: whether the models see no later token.

    Raises:
        ValueError: where there is no pair, an index is below 0, or there is no head.
    """

    needs: ClassVar[frozenset[str]] = frozenset({"student_qkv", "teacher_qkv"})
    unit: ClassVar[str] = "tokens"
    kinds: ClassVar[frozenset[str]] = ANY
    shown: ClassVar[tuple[str, ...]] = ("pairs", "heads", "causal")

    def __init__(self, pairs: Pairs, heads: int, *, causal: bool = False) -> None:
        """Keep the pairs."""
        super().__init__()
        if heads < 1:
            raise ValueError(f"relations need a head or more, not {heads}")
        self.pairs, self.heads, self.causal = checked_pairs(pairs, "relations"), heads, causal

    @classmethod
    def build(
        cls, pairs: Pairs, heads: int | None, teacher_heads: int, projected_widths: Sequence[int], *, causal: bool
    ) -> "Relations":
        """Make the term, in the teacher's own heads where no number of them is given.

        Raises:
            ModelError: the number does not divide the widths of queries, keys and values.
        """
        number = heads or teacher_heads
        if any(width % number for width in projected_widths):
            widths = " and ".join(str(width) for width in sorted({*projected_widths}))
            raise ModelError(
                f"distill.relations.heads={number}: queries, keys and values of student and teacher are {widths} wide; "
                "allowed is a number that divides these widths"
            )
        return cls(pairs, number, causal=causal)

    def forward(self, student: Outputs, teacher: Outputs | None, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Return the sum over tokens that are no padding, and their number; the labels are not read.

        Raises:
            ValueError: where the mask or a layer's query, key and value were not asked of a model.
        """
        mask, results = real_tokens(student, "relations"), []
        for student_layer, teacher_layer in self.pairs:
            student_qkv = queries_keys_values(student, student_layer, "student")
            teacher_qkv = queries_keys_values(present(teacher), teacher_layer, "teacher")
            results.append(losses.relations(student_qkv, teacher_qkv, mask, self.heads, causal=self.causal))
        return mean(results)
