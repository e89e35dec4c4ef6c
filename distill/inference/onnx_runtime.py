"""Run an exported ONNX graph as a runtime, with the tensors of PyTorch that scoring and timing speak."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from distill.errors import ModelError
from distill.inference.onnx_session import DESCRIPTION, PARAMETERS, OnnxSession
from distill.inference.runtime import CPU
from distill.models.forward import select_columns
from distill.types import Batch


class OnnxRuntime:
    """An ONNX graph on the CPU, whose outputs come in the order of the task's."""

    def __init__(self, session: OnnxSession, labels: Sequence[str] = ()) -> None:
        """Match the graph's outputs with the task's by their names.

        Args:
            session: the graph in memory.
            labels: the names of the task's outputs; empty takes the graph's as they are.

        Raises:
            ModelError: its outputs have other names.
        """
        self.session, self.labels, self.device = session, tuple(labels), CPU
        self.columns = [_place(session, name) for name in labels] if labels else None

    @property
    def name(self) -> str:
        """The file that the graph was opened from."""
        return str(self.session.path)

    @property
    def parameters(self) -> int:
        """The number of weights of the model that the graph was made of, tied ones once."""
        return int(self.session.metadata.get(PARAMETERS, 0))

    @property
    def bytes(self) -> int:
        """The size of the file in bytes."""
        return self.session.path.stat().st_size

    @property
    def description(self) -> str:
        """The architecture by transformers' name, its depth and width, and the format."""
        return self.session.metadata.get(DESCRIPTION, "ONNX")

    def logits(self, batch: Batch) -> Tensor:
        """Return the graph's logits in the order of the task's outputs."""
        given = {name: batch[name].cpu().numpy() for name in self.session.inputs if name in batch}
        return select_columns(torch.from_numpy(self.session.run(given)), self.columns)

    def generate(self, batch: Batch, settings: Mapping[str, int]) -> list[Tensor]:
        """Refuse to write, which no exported graph does.

        Raises:
            ModelError: always.
        """
        raise ModelError(f"{self.name} holds a model that does not write")


def _place(session: OnnxSession, name: str) -> int:
    if name not in session.outputs:
        raise ModelError(
            f"{session.path} has no output named {name}, only {', '.join(session.outputs) or 'ones without names'}"
        )
    return session.outputs.index(name)
