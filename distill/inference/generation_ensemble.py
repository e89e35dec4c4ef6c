"""Several models that answer, and write, as one."""

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeAlias

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
        """Names of the outputs, which all models have in one order."""
        return self.members[0].labels

    @property
    def device(self) -> torch.device:
        """Where all models lie."""
        return self.members[0].device

    @property
    def parameters(self) -> int:
        """The weights of all models."""
        return sum(member.parameters for member in self.members)

    @property
    def bytes(self) -> int:
        """The files of all models."""
        return sum(member.bytes for member in self.members)

    @property
    def description(self) -> str:
        """What each model is."""
        return "; ".join(member.description for member in self.members)

    def logits(self, batch: Batch) -> Tensor:
        """Return the common logits, each row on its own."""
        every = [member.logits(batch) for member in self.members]
        return _common([logits.flatten(0, -2) for logits in every], self.combined).view_as(every[0])

    def generate(self, batch: Batch, settings: Mapping[str, int]) -> list[Tensor]:
        """Return what the models write together: each next token is the common one.

        Raises:
            ModelError: a model of another runtime than PyTorch cannot be asked for its next token.
        """
        models = [member.model for member in self.members if isinstance(member, TorchRuntime)]
        if len(models) < len(self.members):
            raise ModelError(f"{self.name} cannot write together with others: only models run by PyTorch can")
        with _writing(models[0], models[1:], batch, self.combined):
            return write(models[0], batch, {**settings, "use_cache": False})


def together(members: Sequence[FinishedModel], combined: Combined, how: str) -> FinishedModel:
    """Return finished models, all with the first one's tokenizer, as one.

    Args:
        members: in their order.
        combined: what makes one answer of all.
        how: in words that tell it from any other.
    """
    first, *others = members
    beside = {"beside": [model.made_by for model in others], "how": how}

    def opened(device: torch.device) -> EnsembleRuntime:
        return EnsembleRuntime([member.open(device) for member in members], combined)

    return FinishedModel(first.name, first.made_by, first.tokenizer, opened, beside)


def _common(every: Sequence[Tensor], combined: Combined) -> Tensor:
    """The common rows ``[rows, classes]`` of all models' rows, some at a time: a vocabulary of each is large."""
    pieces = zip(*(torch.split(at_least_float32(rows), _AT_ONCE) for rows in every), strict=True)
    return torch.cat([combined(torch.stack(piece), [1] * len(piece[0])) for piece in pieces])


@contextmanager
def _writing(
    first: PreTrainedModel, others: Sequence[PreTrainedModel], batch: Batch, combined: Combined
) -> Iterator[None]:
    """Let each next token of the first model be that of all, while transformers' ``generate`` writes without cache.

    What that model's own settings make of a next token (its forced, forbidden or repeated ones), they make of the
    common one.
    """
    given: list[dict[str, Any]] = []

    def hook(module: nn.Module, args: tuple[Any, ...], inputs: dict[str, Any], answer: Any) -> Any:  # noqa: ANN401
        rows = len(answer.logits)
        given.extend(_encoded(model, batch, rows) for model in (() if given else others))
        more = [_next(model, own, inputs) for model, own in zip(others, given, strict=True)]
        answer.logits = _common([answer.logits[:, -1], *more], combined).unsqueeze(1)
        return answer

    handle = first.register_forward_hook(hook, with_kwargs=True)
    try:
        yield
    finally:
        handle.remove()


def _encoded(model: Any, batch: Batch, rows: int) -> dict[str, Any]:  # noqa: ANN401
    """What an encoder-decoder makes of the sources, once for each of the beams."""
    if not model.config.is_encoder_decoder:
        return {}
    states = model.get_encoder()(batch["input_ids"], batch["attention_mask"]).last_hidden_state
    return {"encoder_outputs": BaseModelOutput(states.repeat_interleave(rows // len(states), dim=0))}


def _next(model: Any, own: dict[str, Any], inputs: dict[str, Any]) -> Tensor:  # noqa: ANN401
    """A model's logits ``[rows, classes]`` of what comes next, where the first was given these inputs."""
    name, mask = "decoder_input_ids" if own else "input_ids", inputs.get("attention_mask")  # none where all is read
    given = {**own, name: inputs[name], "attention_mask": mask, "use_cache": False}
    if mask is not None and not own and "position_ids" in inspect.signature(model.forward).parameters:
        given["position_ids"] = (mask.cumsum(-1) - 1).clamp(min=0)  # texts are filled up in front
    logits: Tensor = model(**given).logits[:, -1]
    return logits
