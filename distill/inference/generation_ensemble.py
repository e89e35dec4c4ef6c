"""Combine several models into one that answers, and writes, by their common logits."""

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Protocol, TypeAlias

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel
from transformers.modeling_outputs import BaseModelOutput

from distill.errors import ModelError
from distill.inference.generation import write
from distill.inference.runtime import FinishedModel, Runtime
from distill.inference.torch_runtime import TorchRuntime
from distill.types import Batch, at_least_float32

Combined: TypeAlias = Callable[[Tensor, Sequence[int]], Tensor]
"""Makes logits ``[rows, classes]`` of ``[models, rows, classes]`` and the examples' numbers of rows."""
_AT_ONCE = 128
"""Rows of all models whose classes are combined together."""
_Encoded: TypeAlias = dict[str, BaseModelOutput]
"""The encoder's states as an argument of the model; empty for a decoder."""


class _Answer(Protocol):
    """The output of a model of transformers that has logits ``[rows, tokens, classes]``."""

    logits: Tensor


class EnsembleRuntime:
    """Models with one tokenizer, asked as one: their logits become one, row by row."""

    def __init__(self, members: Sequence[Runtime], combined: Combined) -> None:
        """Keep the models, in their order, and how their logits become one."""
        self.members, self.combined = members, combined

    @property
    def name(self) -> str:
        """The first model's name."""
        return self.members[0].name

    @property
    def labels(self) -> tuple[str, ...]:
        """The names of the outputs, which all models have in one order."""
        return self.members[0].labels

    @property
    def device(self) -> torch.device:
        """The device that all models are on."""
        return self.members[0].device

    @property
    def parameters(self) -> int:
        """The number of weights of all models."""
        return sum(member.parameters for member in self.members)

    @property
    def bytes(self) -> int:
        """The size of all models' weight files in bytes."""
        return sum(member.bytes for member in self.members)

    @property
    def description(self) -> str:
        """The description of each model."""
        return "; ".join(member.description for member in self.members)

    def logits(self, batch: Batch) -> Tensor:
        """Return the common logits, each row on its own, in the shape of one model's."""
        logits_of_each = [member.logits(batch) for member in self.members]
        return _common([logits.flatten(0, -2) for logits in logits_of_each], self.combined).view_as(logits_of_each[0])

    def generate(self, batch: Batch, settings: Mapping[str, int]) -> list[Tensor]:
        """Return the tokens that the models write together: each next token is the common one.

        Raises:
            ModelError: a model of another runtime than PyTorch cannot be asked for its next token.
        """
        models = [member.model for member in self.members if isinstance(member, TorchRuntime)]
        if len(models) < len(self.members):
            raise ModelError(f"{self.name} cannot write together with others: only models run by PyTorch can")
        with _common_next_tokens(models[0], models[1:], batch, self.combined):
            return write(models[0], batch, {**settings, "use_cache": False})


def together(members: Sequence[FinishedModel], combined: Combined, how: str) -> FinishedModel:
    """Return several finished models, all with the first one's tokenizer, as one finished model.

    Args:
        members: the models, in their order.
        combined: what makes one answer of all.
        how: words that tell this combination from any other.
    """
    first, *others = members
    beside = {"beside": [model.made_by for model in others], "how": how}

    def opened(device: torch.device) -> EnsembleRuntime:
        return EnsembleRuntime([member.open(device) for member in members], combined)

    return FinishedModel(first.name, first.made_by, first.tokenizer, opened, beside)


def _common(rows_of_each: Sequence[Tensor], combined: Combined) -> Tensor:
    """Return the common rows ``[rows, classes]`` of all models' rows, some at a time: each vocabulary is large."""
    chunks = zip(*(torch.split(at_least_float32(rows), _AT_ONCE) for rows in rows_of_each), strict=True)
    return torch.cat([combined(torch.stack(chunk), [1] * len(chunk[0])) for chunk in chunks])


@contextmanager
def _common_next_tokens(
    first: PreTrainedModel, others: Sequence[PreTrainedModel], batch: Batch, combined: Combined
) -> Iterator[None]:
    """Replace each next token of the first model by the common one, while ``generate`` writes without cache.

    What that model's own settings make of a next token (its forced, forbidden or repeated ones), they make of the
    common one.
    """
    encoded: list[_Encoded] = []

    def hook(module: nn.Module, args: tuple[object, ...], inputs: dict[str, Tensor], answer: _Answer) -> _Answer:
        rows = len(answer.logits)
        encoded.extend(_encoder_outputs(model, batch, rows) for model in (() if encoded else others))
        logits_of_others = [_next_logits(model, source, inputs) for model, source in zip(others, encoded, strict=True)]
        answer.logits = _common([answer.logits[:, -1], *logits_of_others], combined).unsqueeze(1)
        return answer

    handle = first.register_forward_hook(hook, with_kwargs=True)
    try:
        yield
    finally:
        handle.remove()


def _encoder_outputs(model: PreTrainedModel, batch: Batch, rows: int) -> _Encoded:
    """Return what an encoder-decoder makes of the sources, once for each of the beams."""
    if not model.config.is_encoder_decoder:
        return {}
    states = model.get_encoder()(batch["input_ids"], batch["attention_mask"]).last_hidden_state
    return {"encoder_outputs": BaseModelOutput(states.repeat_interleave(rows // len(states), dim=0))}


def _next_logits(model: PreTrainedModel, source: _Encoded, inputs: Mapping[str, Tensor]) -> Tensor:
    """Return a model's logits ``[rows, classes]`` of the next token, for the inputs of the first model."""
    name = "decoder_input_ids" if source else "input_ids"
    mask = inputs.get("attention_mask")  # none where all is read
    arguments = {**source, name: inputs[name], "attention_mask": mask, "use_cache": False}
    if mask is not None and not source and "position_ids" in inspect.signature(model.forward).parameters:
        arguments["position_ids"] = (mask.cumsum(-1) - 1).clamp(min=0)  # texts are filled up in front
    logits: Tensor = model(**arguments).logits[:, -1]
    return logits
