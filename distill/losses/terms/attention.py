"""Terms that compare how tokens look at each other."""

from typing import ClassVar

from torch import Tensor, nn

from distill.losses import functional
from distill.losses.terms.common import (
    ANY,
    Pairs,
    checked_pairs,
    mean,
    present,
    queries_keys_values,
    real_tokens,
    scores,
)
from distill.types import Outputs


class Attention(nn.Module):
    """Squared error between attention scores before the softmax, averaged over heads and pairs (Jiao et al. 2020).

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

    def __init__(self, pairs: Pairs, *, causal: bool = False) -> None:
        """Keep the pairs."""
        super().__init__()
        self.pairs, self.causal = checked_pairs(pairs, "attention scores"), causal

    def forward(self, student: Outputs, teacher: Outputs | None, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Return the sum over tokens that are no padding, and their number; the labels are not read.

        Raises:
            ValueError: where the mask or a layer's scores were not asked of a model.
        """
        mask, found = real_tokens(student, "attention scores"), []
        for mine, theirs in self.pairs:
            taught = scores(present(teacher), theirs, "teacher")
            found.append(functional.attention(scores(student, mine, "student"), taught, mask, causal=self.causal))
        return mean(found)

    def extra_repr(self) -> str:
        """Show what it was given when printed."""
        return f"pairs={self.pairs}, causal={self.causal}"


class Relations(nn.Module):
    """KL between self-attention relations of queries, keys and values, averaged over the pairs (Wang et al. 2021).

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

    def __init__(self, pairs: Pairs, heads: int, *, causal: bool = False) -> None:
        """Keep the pairs."""
        super().__init__()
        if heads < 1:
            raise ValueError(f"relations need a head or more, not {heads}")
        self.pairs, self.heads, self.causal = checked_pairs(pairs, "relations"), heads, causal

    def forward(self, student: Outputs, teacher: Outputs | None, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Return the sum over tokens that are no padding, and their number; the labels are not read.

        Raises:
            ValueError: where the mask or a layer's query, key and value were not asked of a model.
        """
        mask, found = real_tokens(student, "relations"), []
        for mine, theirs in self.pairs:
            asked = queries_keys_values(student, mine, "student")
            taught = queries_keys_values(present(teacher), theirs, "teacher")
            found.append(functional.relations(asked, taught, mask, self.heads, causal=self.causal))
        return mean(found)

    def extra_repr(self) -> str:
        """Show what it was given when printed."""
        return f"pairs={self.pairs}, heads={self.heads}, causal={self.causal}"
