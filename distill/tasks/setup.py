"""A task with the labels of its data and the limits of length that the settings give it."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from distill.tasks import Columns, EncodingSpec, Features, Record, Task
from distill.types import Batch

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor
    from transformers import PreTrainedTokenizerBase


@dataclass(frozen=True)
class TaskSetup:
    """A task as a run uses it: with the labels of its data and the limits of length of the settings.

    Attributes:
        name: of the task.
        task: what is predicted, whatever the data.
        spec: labels and limits of length.
    """

    name: str
    task: Task
    spec: EncodingSpec

    @property
    def labels(self) -> tuple[str, ...]:
        """Return the names of the labels, by number; nothing for a task without labels."""
        return self.spec.labels

    @cached_property
    def outputs(self) -> list[str]:
        """Return the names of the head's outputs, in order; nothing where the head brings its own."""
        return self.task.outputs(self.labels)

    @property
    def classes(self) -> int | None:
        """Return the width of a row of logits; none where it is the model's vocabulary."""
        widths = {"labels": len(self.labels) or 1, "tokens": self.spec.max_length}
        return widths.get(self.task.class_axis)

    @property
    def limits(self) -> dict[str, int]:
        """Return the limits of length that the task has, by the names of the settings in ``data``."""
        limits = {"max_length": self.spec.max_length}
        if self.task.writes:
            limits["max_target_length"] = self.spec.max_target_length
        if self.task.windows:
            limits["stride"] = self.spec.stride
        return limits

    def encode(self, columns: Columns, tokenizer: "PreTrainedTokenizerBase") -> Features:
        """Return the features of some examples, without targets where the examples have none."""
        return self.task.encode(columns, tokenizer, self.spec)

    def prompt(self, columns: Columns, tokenizer: "PreTrainedTokenizerBase") -> Features:
        """Return the features from which targets are written.

        Raises:
            TypeError: nothing is written in this task.
        """
        if self.task.prompt is None:
            raise TypeError(f"{self.name} writes nothing")
        return self.task.prompt(columns, tokenizer, self.spec)

    def align(self, logits: "Tensor", batch: Batch) -> tuple["Tensor", "Tensor"]:
        """Return a head's logits as rows ``[rows, classes]``, and their labels ``[rows]``."""
        return self.task.align(logits, batch, self.spec)

    def decode(
        self, rows: Sequence["NDArray[Any]"], columns: Columns, tokenizer: "PreTrainedTokenizerBase"
    ) -> list[Record]:
        """Return the prediction for each example, from its rows of logits ``[n, classes]`` or its written tokens."""
        return self.task.decode(rows, columns, tokenizer, self.spec)

    def predictions(self, records: Sequence[Record]) -> list[Any]:
        """Return what metrics read of the records that ``decode`` gives."""
        return self.task.predictions(records, self.labels)

    def references(self, columns: Columns) -> list[Any]:
        """Return what metrics compare predictions with."""
        return self.task.references(columns, self.labels)
