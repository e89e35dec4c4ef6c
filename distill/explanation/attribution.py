r"""Integrated gradients over the embeddings of a text's tokens (Sundararajan et al. 2017, arXiv:1703.01365).

.. math:: a_i = \sum_d (x_{id} - x'_{id}) \int_0^1 \frac{\partial F(x' + t (x - x'))}{\partial x_{id}} dt

with the embeddings ``x`` of the tokens, ``x'`` of a baseline, and a number ``F`` that the model says. The sum over
all tokens is F(x) - F(x'): how far a sum over steps misses that is the error of completeness.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from transformers import PreTrainedModel

from distill.errors import ModelError
from distill.models.forward import forward_errors, outputs
from distill.types import MODEL_INPUTS, Batch

Floats = NDArray[np.float64]
Scalar = Callable[[Tensor, Batch], Tensor]
"""Turns a head's logits, and the batch of copies of a text that they answer, into a number for each ``[copies]``."""
_GAUSSIAN = 256
"""Steps up to which they stand at the nodes of Gauss and Legendre, which take the cube of their number to find; of more
each stands in the middle of its part of the way."""
_TOKENS_AT_ONCE = 4096
"""Tokens of all copies of a text that are read together."""


class Rule(NamedTuple):
    """How exact sums over steps have to be.

    Attributes:
        steps: of the first try; twice as many each time that they are too few.
        most: steps that are taken at most.
        tolerance: the error that is good enough, as a share of the difference.
    """

    steps: int = 32
    most: int = 1024
    tolerance: float = 0.02


class Attribution(NamedTuple):
    """What each token adds to a number that a model says.

    Attributes:
        values: ``[tokens]``.
        value: the number for the text.
        difference: the same minus that for the baseline.
        error: how far the sum of ``values`` is from ``difference``.
        steps: that were taken.
    """

    values: Floats
    value: float
    difference: float
    error: float
    steps: int

    @property
    def relative(self) -> float:
        """Return the error as a share of the difference, infinite where there is none."""
        return self.error / abs(self.difference) if self.difference else (0.0 if self.error == 0 else float("inf"))


class Embedded:
    """A model, as a function of the embeddings of one text's tokens."""

    def __init__(self, model: PreTrainedModel, inputs: Mapping[str, Tensor], scalar: Scalar) -> None:
        """Find where the model reads embeddings.

        Args:
            model: in eval mode.
            inputs: what it reads of the text, each ``[1, tokens]``.
            scalar: makes the number of its logits.

        Raises:
            ModelError: the embeddings of tokens are not read once and as they are.
        """
        self._model, self._inputs, self._scalar = model, dict(inputs), scalar
        self._table = model.get_input_embeddings()
        self.text = self._read_once()

    def of(self, ids: Tensor) -> Tensor:
        """Return the embeddings ``[1, tokens, width]`` of other tokens in the places of the text's."""
        with torch.no_grad():
            return cast(Tensor, self._table(ids))

    def __call__(self, embeddings: Tensor) -> Tensor:
        """Return the number ``[copies]`` for embeddings ``[copies, tokens, width]``."""
        batch = {name: values.expand(len(embeddings), -1) for name, values in self._inputs.items()}
        with _replaced(self._table, embeddings):
            return self._scalar(outputs(self._model, batch).logits, batch)

    def _read_once(self) -> Tensor:
        """Return the embeddings of the text, ``[1, tokens, width]``."""
        read: list[Tensor] = []
        handle = self._table.register_forward_hook(lambda _module, _args, output: read.append(output))
        try:
            with torch.no_grad(), forward_errors(str(self._model.name_or_path)):
                outputs(self._model, self._inputs)
        finally:
            handle.remove()
        tokens = self._inputs["input_ids"].shape
        if len(read) != 1 or read[0].shape[:2] != tokens:
            times = f"{len(read)} times" if len(read) != 1 else "in another shape"
            raise ModelError(
                f"{self._model.name_or_path}: a {self._model.config.model_type} model reads the embeddings of its "
                f"tokens {times}, not once, so that what each token adds cannot be told"
            )
        return read[0]


@contextmanager
def _replaced(table: nn.Module, embeddings: Tensor) -> Iterator[None]:
    """Let a table of embeddings answer with others."""
    handle = table.register_forward_hook(lambda _module, _args, _output: embeddings)
    try:
        yield
    finally:
        handle.remove()


def model_inputs(batch: Mapping[str, NDArray[np.int64]], device: torch.device) -> dict[str, Tensor]:
    """Return of a batch of one text what a model reads, on its device."""
    return {name: torch.from_numpy(batch[name]).to(device) for name in MODEL_INPUTS if name in batch}


def attribute(
    model: PreTrainedModel, inputs: Mapping[str, Tensor], baseline: Tensor, scalar: Scalar, rule: Rule
) -> Attribution:
    """Return what each token of a text adds to a number that a model says.

    Args:
        model: in eval mode.
        inputs: what it reads of the text, each ``[1, tokens]``.
        baseline: ``[1, tokens]``, the tokens of a text that says nothing.
        scalar: makes the number of the model's logits.
        rule: how exact it has to be.

    Raises:
        ModelError: the model cannot be asked so.
    """
    from captum.attr import IntegratedGradients  # an extra brings it

    with torch.backends.cudnn.flags(enabled=False):  # whose LSTM has no gradient in eval mode
        asked = Embedded(model, inputs, scalar)
        empty = asked.of(baseline)
        with torch.no_grad():
            value, nothing = float(asked(asked.text)), float(asked(empty))
        at_once = max(1, _TOKENS_AT_ONCE // baseline.shape[1])
        method, steps = IntegratedGradients(asked), rule.steps
        while True:
            rule_of_sums = "gausslegendre" if steps <= _GAUSSIAN else "riemann_middle"
            parts = method.attribute(asked.text, empty, n_steps=steps, method=rule_of_sums, internal_batch_size=at_once)
            values = parts.sum(dim=-1)[0].double().cpu().numpy()
            found = Attribution(values, value, value - nothing, abs(float(values.sum()) - (value - nothing)), steps)
            if found.relative <= rule.tolerance or steps >= rule.most:
                return found
            steps = min(2 * steps, rule.most)
