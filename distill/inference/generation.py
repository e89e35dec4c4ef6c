"""Write targets token by token with a model that generates."""

from collections.abc import Mapping

from torch import Tensor
from transformers import LogitsProcessorList, PreTrainedModel

from distill.errors import ModelError
from distill.types import Batch


def write(model: PreTrainedModel, batch: Batch, settings: Mapping[str, int]) -> list[Tensor]:
    """Return the tokens ``[tokens]`` that a model writes after each input, up to and with its end token.

    Args:
        model: a model of transformers that generates.
        batch: ``input_ids`` and ``attention_mask`` ``[batch, tokens]``, padded in front where the model is a decoder.
        settings: arguments of transformers' ``generate``.

    Raises:
        ModelError: what the model says of a next token is no number.
    """
    inputs = {name: batch[name] for name in ("input_ids", "attention_mask")}
    written = model.generate(
        **inputs,
        **settings,
        do_sample=False,
        logits_processor=LogitsProcessorList([_refuse_nan]),
        trust_remote_code=False,
    )  # type: ignore[operator]
    prompt_length = 1 if model.config.is_encoder_decoder else inputs["input_ids"].shape[1]
    end = model.generation_config.eos_token_id
    ends = set(end if isinstance(end, list) else [end])
    return [_cut_after_end(ids[prompt_length:], ends) for ids in written]


def _refuse_nan(ids: Tensor, scores: Tensor) -> Tensor:
    """Refuse scores of next tokens that are no numbers: the first of all tokens would be taken for them."""
    if bool(scores.isnan().any()):
        raise ModelError("the model writes by scores that are no numbers: is the model whole?")
    return scores


def _cut_after_end(ids: Tensor, ends: set[int]) -> Tensor:
    for place, token in enumerate(ids.tolist()):
        if token in ends:
            return ids[: place + 1]
    return ids
