"""Ask any runtime of tensors with arrays of NumPy."""

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from distill.inference.runtime import Runtime
from distill.models.forward import forward_errors
from distill.tasks.arrays import Arrays, Floats


class TensorRuntime:
    """A runtime of tensors, on whatever device, that is asked with arrays."""

    def __init__(self, runtime: Runtime) -> None:
        """Ask ``runtime``."""
        self.runtime = runtime

    @property
    def name(self) -> str:
        """The folder that the model was opened from."""
        return self.runtime.name

    @torch.inference_mode()
    def logits(self, batch: Arrays) -> Floats:
        """Return the head's logits in float32, in the order of the task's outputs."""
        with forward_errors(self.name):
            logits: Floats = self.runtime.logits(self._tensors(batch)).float().cpu().numpy()
        return logits

    @torch.inference_mode()
    def generate(self, batch: Arrays, settings: Mapping[str, int]) -> list[NDArray[np.int64]]:
        """Return the tokens ``[tokens]`` that the model writes after each input."""
        with forward_errors(self.name):
            return [ids.cpu().numpy() for ids in self.runtime.generate(self._tensors(batch), settings)]

    def _tensors(self, batch: Arrays) -> dict[str, Tensor]:
        return {name: torch.from_numpy(array).to(self.runtime.device) for name, array in batch.items()}
