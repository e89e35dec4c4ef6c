"""What a term is, and what the terms share."""

import math
from collections.abc import Sequence
from typing import ClassVar, NamedTuple, Protocol, TypeAlias, TypeVar, runtime_checkable

import torch
from torch import Tensor, nn

from distill.objective import losses
from distill.types import Outputs

CLASS = frozenset({"class"})
LABELS = frozenset({"labels"})
SCORE = frozenset({"score"})
ANY = CLASS | LABELS | SCORE

Pairs = Sequence[tuple[int, int]]

Part: TypeAlias = tuple[Tensor, ...]
"""What a part of a batch brings to a term that is defined on the batch as a whole: tensors of one dimension or more, in
float32 or double. Between parts only the first dimension may differ, as does the number of examples."""

_Layer = TypeVar("_Layer")


class Term(Protocol):
    """An ``nn.Module`` that an objective can weigh: it compares outputs, and says what it reads and counts.

    Attributes:
        needs: what it reads: ``labels``, ``teacher_logits``, ``student_hidden``, ``teacher_hidden``,
            ``student_attentions``, ``teacher_attentions``, ``student_qkv``, ``teacher_qkv``. The class says what it
            always reads, its instance may add to it.
        unit: what its count counts: ``labels`` (rows with a label), ``rows``, ``tokens`` that are no padding, or
            ``examples``, each once.
        kinds: of rows that it makes sense for: ``class`` (one of several, softmax), ``labels`` (each on its own,
            sigmoid), ``score`` (one number).
    """

    @property
    def needs(self) -> frozenset[str]:
        """Return the names of what it reads."""

    @property
    def unit(self) -> str:
        """Return the word for what its count counts."""

    @property
    def kinds(self) -> frozenset[str]:
        """Return the kinds of rows that it makes sense for."""

    def __call__(self, student: Outputs, teacher: Outputs | None, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Return the sum over the batch, with a gradient, and the count to divide it by."""


class TermModule(nn.Module):
    """A term that, printed, shows what it was given.

    Attributes:
        shown: names of the attributes that are shown.
    """

    shown: ClassVar[tuple[str, ...]] = ()

    def extra_repr(self) -> str:
        """Show what it was given when printed."""
        return ", ".join(f"{name}={getattr(self, name)}" for name in self.shown)


class TemperatureTerm(TermModule):
    """A term that divides the logits of both models by a temperature, a plain attribute that a schedule may move.

    Args:
        temperature: above 0; the higher, the more the teacher's small probabilities count.

    Raises:
        ValueError: where the temperature is not above 0.
    """

    needs: ClassVar[frozenset[str]] = frozenset({"teacher_logits"})
    unit: ClassVar[str] = "rows"
    kinds: ClassVar[frozenset[str]] = CLASS
    shown: ClassVar[tuple[str, ...]] = ("temperature",)

    def __init__(self, temperature: float) -> None:
        """Keep the temperature."""
        super().__init__()
        self.temperature = above_zero("temperature", temperature)


@runtime_checkable
class BatchTerm(Protocol):
    """A term that is defined on a batch as a whole: it compares examples with each other.

    A batch that is cut into parts, by accumulation or over ranks, has the value of the whole where what the parts bring
    is joined first.
    """

    @property
    def needs(self) -> frozenset[str]:
        """Return the names of what it reads."""

    def features(self, student: Outputs, teacher: Outputs | None) -> Part:
        """Return what these examples bring, with a gradient to the student."""

    def merge(self, parts: Sequence[Part]) -> Part:
        """Return what several parts bring together."""

    def loss(self, part: Part, whole: Part | None = None, start: int = 0) -> Tensor:
        """Return the value over a whole batch, a mean, with the gradient of one part's own examples.

        Args:
            part: what these examples bring; the whole batch, where nothing else is given.
            whole: what all parts bring, this one among them, without a gradient.
            start: where the rows of the part begin in the whole, for what keeps them apart.
        """


class StepView(NamedTuple):
    """The part of a step that is at hand, and the whole, as a term that compares examples sees them."""

    part: Part
    whole: Part
    start: int
    parts: int
    """How many parts the batch has."""


def above_zero(name: str, value: float) -> float:
    """Return a number that is above 0, or say that it is not."""
    if not value > 0:
        raise ValueError(f"{name} must be above 0, not {value}")
    return float(value)


def not_below_zero(**values: float) -> None:
    """Refuse weights within a term of which one is below 0, or all are 0."""
    if not all(0 <= value < math.inf for value in values.values()) or not any(values.values()):
        listed = ", ".join(f"{name}={value}" for name, value in values.items())
        raise ValueError(f"weights within a term must not be below 0, nor all 0, unlike {listed}")


def between_zero_and_one(name: str, value: float) -> float:
    """Return a number between 0 and 1, both excluded, or say that it is not."""
    if not 0 < value < 1:
        raise ValueError(f"{name} must lie between 0 and 1, not {value}")
    return value


def checked_pairs(pairs: Pairs, what: str) -> tuple[tuple[int, int], ...]:
    """Return pairs of layers, or say that they compare nothing."""
    if not pairs or min(min(pair) for pair in pairs) < 0:
        raise ValueError(f"{what} are compared in one pair or more of indices from 0, not {list(pairs)}")
    return tuple((student_layer, teacher_layer) for student_layer, teacher_layer in pairs)


def projections(number: int, student_width: int, teacher_width: int) -> nn.ModuleList:
    """Make one way each to the teacher's width: a linear layer, or nothing where the widths are the same."""
    same = student_width == teacher_width
    return nn.ModuleList(nn.Identity() if same else nn.Linear(student_width, teacher_width) for _ in range(number))


def present(teacher: Outputs | None) -> Outputs:
    """Return the teacher's outputs, or say that they are missing."""
    if teacher is None:
        raise ValueError("this term reads the teacher's outputs, but none were given")
    return teacher


def whole_logits(teacher: Outputs | None) -> Tensor:
    """Return the teacher's logits of all classes, or say that only some were kept."""
    outputs = present(teacher)
    if outputs.sparse is not None:
        raise ValueError("this term reads the teacher's logits of all classes, but only the largest were kept")
    return outputs.logits


def kept_logits(teacher: Outputs | None, temperature: float) -> tuple[Tensor, Tensor | None, Tensor | None]:
    """Return the teacher's logits and, where only some were kept, their classes and what stands for the others.

    Raises:
        ValueError: what was kept holds for another temperature.
    """
    outputs = present(teacher)
    if outputs.sparse is None:
        return outputs.logits, None, None
    sparse = outputs.sparse.softened_by(temperature)
    return sparse.values, sparse.indices, sparse.log_rest


def real_tokens(student: Outputs, what: str) -> Tensor:
    """Return the mask ``[batch, tokens]``, true where a token is no padding, or say that it is missing."""
    if student.mask is None:
        raise ValueError(f"{what} are compared where there is no padding, but the student's outputs carry no mask")
    return student.mask.bool()


def state(outputs: Outputs, index: int, who: str) -> Tensor:
    """Return one hidden state ``[batch, tokens, width]``, or say that it is missing."""
    return _one(outputs.hidden, index, f"hidden state {index} of the {who} is wanted, but it gave")


def scores(outputs: Outputs, index: int, who: str) -> Tensor:
    """Return one layer's attention scores ``[batch, heads, tokens, tokens]``, or say that they are missing."""
    return _one(outputs.attentions, index, f"attention of layer {index} of the {who} is wanted, but it gave")


def first_states(student: Outputs, teacher: Outputs, pair: tuple[int, int]) -> tuple[Tensor, Tensor]:
    """Return both models' states ``[examples, width]`` of each example's first token.

    The teacher's mask counts where it has one: it may read other tokens than the student.
    """
    mask = real_tokens(student, "first tokens")
    student_states, teacher_states = state(student, pair[0], "student"), state(teacher, pair[1], "teacher")
    teacher_mask = mask if teacher.mask is None else teacher.mask
    known = student.with_tokens
    return losses.first_tokens(student_states, mask, known), losses.first_tokens(teacher_states, teacher_mask, known)


def mean(results: Sequence[tuple[Tensor, Tensor]]) -> tuple[Tensor, Tensor]:
    """Return the mean of the pairs' sums, and their common count."""
    return torch.stack([total for total, _ in results]).mean(), results[0][1]


def queries_keys_values(outputs: Outputs, index: int, who: str) -> tuple[Tensor, Tensor, Tensor]:
    """Return one layer's query, key and value ``[batch, tokens, width]``, or say that they are missing."""
    return _one(outputs.qkv, index, f"query, key and value of layer {index} of the {who} are wanted, but it gave")


def _one(layers: tuple[_Layer, ...], index: int, wanted: str) -> _Layer:
    if index >= len(layers):
        raise ValueError(f"{wanted} {len(layers)}")
    return layers[index]
