"""Several models that answer, and write, as one."""

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import torch
from torch import Tensor, nn
from transformers import LogitsProcessor, PreTrainedModel
from transformers.modeling_outputs import BaseModelOutput

from distill.models.teacher import Align, outputs
from distill.types import Batch

Combined: TypeAlias = Callable[[Tensor, Sequence[int]], Tensor]
"""Makes logits ``[rows, classes]`` of ``[models, rows, classes]`` and the examples' numbers of rows."""


class Beside(nn.Module):
    """Further models beside a first one, all with one tokenizer, and how their logits become one."""

    def __init__(self, models: Sequence[PreTrainedModel], combined: Combined) -> None:
        """Keep the further models, in their order."""
        super().__init__()
        self.models, self.combined = nn.ModuleList(models), combined

    def rows(self, first: Tensor, batch: Batch, align: Align) -> Tensor:
        """The common rows ``[rows, classes]`` where the first model has the rows ``first``."""
        others = [align(outputs(model, batch).logits, batch)[0] for model in self.models]  # type: ignore[arg-type]
        return self.combined(torch.stack([first, *others]).float(), batch["count"].tolist())

    def writing(self, batch: Batch, beams: int) -> LogitsProcessor:
        """What makes each next token of the first model that of all of them, in transformers' ``generate``."""
        return _Together(self, {name: batch[name] for name in ("input_ids", "attention_mask")}, beams)


class _Together(LogitsProcessor):
    """Asks the further models for every next token anew: their beams move with those of the first model."""

    def __init__(self, beside: Beside, inputs: Batch, beams: int) -> None:
        self.beside = beside
        self.mask = inputs["attention_mask"].repeat_interleave(beams, dim=0)
        self.given: list[dict[str, Any]] = [self._given(model, inputs, beams) for model in beside.models]

    def __call__(self, input_ids: Tensor, scores: Tensor) -> Any:  # noqa: ANN401
        models = zip(self.beside.models, self.given, strict=True)
        every = [scores.log_softmax(dim=-1), *(self._next(model, given, input_ids) for model, given in models)]
        common = self.beside.combined(torch.stack(every), [1] * len(scores))
        return common.masked_fill(scores.isneginf(), -torch.inf).log_softmax(dim=-1)  # what must not come does not

    def _given(self, model: Any, inputs: Batch, beams: int) -> dict[str, Any]:  # noqa: ANN401
        if not model.config.is_encoder_decoder:
            return {}
        states = model.get_encoder()(**inputs).last_hidden_state
        return {"encoder_outputs": BaseModelOutput(last_hidden_state=states.repeat_interleave(beams, dim=0))}

    def _next(self, model: Any, given: dict[str, Any], ids: Tensor) -> Tensor:  # noqa: ANN401
        if given:
            start = model.generation_config.decoder_start_token_id
            decoder_ids = torch.cat([torch.full_like(ids[:, :1], start), ids[:, 1:]], dim=1)
            found = model(**given, attention_mask=self.mask, decoder_input_ids=decoder_ids, use_cache=False)
            return found.logits[:, -1].log_softmax(dim=-1)  # type: ignore[no-any-return]
        mask = nn.functional.pad(self.mask, (0, ids.shape[1] - self.mask.shape[1]), value=1)
        found = model.generate(  # which knows the positions of what is filled up in front
            input_ids=ids, attention_mask=mask, max_new_tokens=1, num_beams=1, do_sample=False, output_logits=True,
            return_dict_in_generate=True,
        )  # fmt: skip
        return found.logits[0].log_softmax(dim=-1)  # type: ignore[no-any-return]
