"""Define the one way in which prediction asks a model, whatever runs it: with arrays of NumPy, and without torch."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from distill.errors import ModelError
from distill.inference.onnx_session import OnnxSession
from distill.models.label_columns import columns_by_name
from distill.tasks.arrays import Arrays, Floats


class ArrayRuntime(Protocol):
    """The protocol of a finished model in memory that reads and answers in arrays."""

    @property
    def name(self) -> str:
        """The name of the model in messages: the folder or file that it was opened from."""

    def logits(self, batch: Arrays) -> Floats:
        """Return the head's logits in the order of the task's outputs.

        Args:
            batch: the model's inputs ``[batch, tokens]``, and whatever else, which is not read.

        Returns:
            ``[batch, outputs]``, or ``[batch, tokens, outputs]`` where each token has its own.
        """

    def generate(self, batch: Arrays, settings: Mapping[str, int]) -> list[NDArray[np.int64]]:
        """Return the tokens ``[tokens]`` that the model writes after each input.

        Args:
            batch: the model's inputs ``[batch, tokens]``.
            settings: arguments of transformers' ``generate``.
        """


class SessionRuntime:
    """An ONNX graph whose outputs come in the order of the task's."""

    def __init__(self, session: OnnxSession, labels: Sequence[str]) -> None:
        """Match the graph's outputs with the task's by their names.

        Args:
            session: the graph in memory.
            labels: the names of the task's outputs; empty takes the graph's as they are.

        Raises:
            ModelError: its outputs have other names.
        """
        self.session, self.name = session, str(session.path)
        self._columns = columns_by_name(session.outputs, labels) if labels else None

    def logits(self, batch: Arrays) -> Floats:
        """Return the graph's logits in the order of the task's outputs."""
        logits = self.session.run(batch)
        return logits if self._columns is None else logits[..., self._columns]

    def generate(self, batch: Mapping[str, NDArray[Any]], settings: Mapping[str, int]) -> list[NDArray[np.int64]]:
        """Refuse to write, which no exported graph does.

        Raises:
            ModelError: always.
        """
        raise ModelError(f"{self.name} holds a model that does not write")
