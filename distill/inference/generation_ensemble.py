"""Several models that answer, and write, as one."""

import inspect
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeAlias, cast

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel
from transformers.modeling_outputs import BaseModelOutput

from distill.models.forward import Align, outputs
from distill.types import Batch, at_least_float32

Combined: TypeAlias = Callable[[Tensor, Sequence[int]], Tensor]
"""Makes logits ``[rows, classes]`` of ``[models, rows, classes]`` and the examples' numbers of rows."""
_AT_ONCE = 128
"""Rows of all models whose classes are combined together."""


class ModelEnsemble(nn.Module):
    """Further models beside a first one, all with one tokenizer, and how their logits become one, row by row."""

    def __init__(self, models: Sequence[PreTrainedModel], combined: Combined) -> None:
        """Keep the further models, in their order."""
        super().__init__()
        self.models, self.combined = nn.ModuleList(models), combined

    def rows(self, first: Tensor, batch: Batch, align: Align) -> Tensor:
        """The common rows ``[rows, classes]`` where the first model has the rows ``first``."""
        others = [align(outputs(cast(PreTrainedModel, model), batch).logits, batch)[0] for model in self.models]
        return self._common([first, *others])

    def _common(self, every: Sequence[Tensor]) -> Tensor:
        pieces = zip(*(torch.split(at_least_float32(each), _AT_ONCE) for each in every), strict=True)
        return torch.cat([self.combined(torch.stack(piece), [1] * len(piece[0])) for piece in pieces])

    @contextmanager
    def writing(self, first: PreTrainedModel, batch: Batch) -> Iterator[None]:
        """Let each next token of the first model be that of all, while transformers' ``generate`` writes without cache.

        What that model's own settings make of a next token (its forced, forbidden or repeated ones), they make of the
        common one.
        """
        given: list[dict[str, Any]] = []

        def hook(module: nn.Module, args: tuple[Any, ...], inputs: dict[str, Any], answer: Any) -> Any:  # noqa: ANN401
            rows = len(answer.logits)
            given.extend(_encoded(model, batch, rows) for model in (() if given else self.models))
            others = [_next(model, own, inputs) for model, own in zip(self.models, given, strict=True)]
            answer.logits = self._common([answer.logits[:, -1], *others]).unsqueeze(1)
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
    found: Tensor = model(**given).logits[:, -1]
    return found
