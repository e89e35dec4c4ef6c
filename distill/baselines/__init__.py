"""What a student has to beat to be worth its transformer: one file a baseline, and one line in the table.

A baseline is trained on the labelled rows of train alone, without a teacher, and scored like any other model of a run.
Settings are checked against the table, so that importing it must not take the seconds that scikit-learn takes.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Protocol, TypeAlias, cast

from distill.types import Kind

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from distill.tasks import Task

BASELINES: Mapping[str, str] = {
    "tfidf": "distill.baselines.tfidf",
}
"""Each baseline that a run can compare its student with, and the module whose ``BASELINE`` trains it."""

Texts: TypeAlias = Sequence[Sequence[str]]
"""Some examples: the texts of each, one, or two where the task reads pairs."""


@dataclass(frozen=True, eq=False)
class LabelledTexts:
    """The examples that a baseline learns from.

    Attributes:
        texts: of each example.
        targets: numbers of classes ``[examples]``, flags ``[examples, labels]``, or scores ``[examples]``, by ``kind``.
        kind: what the targets are.
        outputs: how many logits an example gets: one for each label, or 1 for a score.
        class_weights: what an example of each class counts; none where all count alike.
    """

    texts: Texts
    targets: "NDArray[np.float64]"
    kind: Kind
    outputs: int
    class_weights: Sequence[float] | None = None


class FittedBaseline(Protocol):
    """The protocol of a trained baseline."""

    @property
    def parameters(self) -> int:
        """The number of its weights."""

    @property
    def bytes(self) -> int:
        """What it takes to store it: its arrays and the terms that they belong to."""

    @property
    def description(self) -> str:
        """What it reads and how it was fitted, in a few words."""

    def logits(self, texts: Texts) -> "NDArray[np.float32]":
        """Return logits ``[examples, outputs]``, which mean what a transformer's do."""


Rate: TypeAlias = "Callable[[NDArray[np.float32], NDArray[np.intp]], float]"
"""Returns how good logits ``[examples, outputs]`` are for the training examples of these positions; more is better."""
Fit: TypeAlias = Callable[[LabelledTexts, Rate, int], FittedBaseline]
"""Trains a baseline on examples; what it has to choose it chooses by how such choices are rated within train, and what
it draws by the seed."""


@dataclass(frozen=True)
class Baseline:
    """The offer of a baseline's module, its ``BASELINE``.

    Attributes:
        title: what sentences call it.
        fit: see there.
        recipe: raised when the same examples begin to give another model.
    """

    title: str
    fit: Fit
    recipe: int = 1


def baseline(name: str) -> Baseline:
    """Return a baseline by its name."""
    return cast(Baseline, import_module(BASELINES[name]).BASELINE)


def has_baselines(task: "Task") -> bool:
    """Return whether there are baselines for a task: those that give a whole text, or a pair, labels or a score."""
    return task.of_texts and task.head == "AutoModelForSequenceClassification"
