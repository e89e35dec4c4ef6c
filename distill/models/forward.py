"""Run one forward pass of any model, with outputs in the form that teacher and student share."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, cast

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from distill.base.memory import is_out_of_memory
from distill.errors import ModelError
from distill.models import virtual_tokens
from distill.models.attention import QueryKeyValue, captured, of_text, scores
from distill.models.configuration import library_message
from distill.types import FLOOR, IGNORE, MODEL_INPUTS, Batch, Outputs, SegmentPairs

Align = Callable[[Tensor, Batch], tuple[Tensor, Tensor]]
"""Turns a head's logits and a batch into rows ``[rows, classes]`` and labels ``[rows]``."""


@contextmanager
def forward_errors(whose: str) -> Iterator[None]:
    """Say in a sentence that a model of these sizes cannot read its input, where the block fails for that.

    Raises:
        ModelError: the model cannot read it.
    """
    try:
        yield
    except (RuntimeError, ValueError, IndexError, KeyError, TypeError, AttributeError) as error:
        if is_out_of_memory(error):
            raise
        raise ModelError(
            f"{whose} does not answer ({library_message(error)}): its config.json seems to be of another model than "
            "its weights"
        ) from error


def outputs(
    model: PreTrainedModel,
    batch: Batch,
    *,
    hidden: bool = False,
    attentions: bool = False,
    qkv: bool = False,
    prefix: str = "",
) -> Outputs:
    """Return the outputs of a model for a batch, in the form that teacher and student share.

    Args:
        model: a model with a task head.
        batch: a batch with the model's inputs ``[batch, tokens]``, and ``target_ids`` where the model writes; an
            encoder-decoder without them gives its decoder what its encoder reads.
        hidden: whether to return hidden states, the embeddings' and those that each layer makes, the last one's
            before a norm that comes after all layers; of an encoder-decoder these are the encoder's.
        attentions: whether to return the scores of self-attention; likewise.
        qkv: whether to return its queries, keys and values; likewise.
        prefix: the prefix of the model's inputs in the batch, where teacher and student read other tokens.

    Raises:
        ModelError: scores, queries, keys or values are wanted of an architecture in which they cannot be found.
    """
    inputs: dict[str, Any] = {name: batch[prefix + name] for name in MODEL_INPUTS if prefix + name in batch}
    if model.config.is_encoder_decoder and (targets := batch.get("target_ids")) is not None:
        inputs["decoder_input_ids"] = decoder_input_ids(model, targets)
    if model.can_generate():
        inputs["use_cache"] = False
    projected: AbstractContextManager[list[QueryKeyValue]] = captured(model) if attentions or qkv else nullcontext([])
    layered: AbstractContextManager[list[tuple[object, object]]] = _last_layer(model) if hidden else nullcontext([])
    with projected as query_key_values, layered as last:
        answer = model(**inputs, output_hidden_states=hidden)
    mask = inputs["attention_mask"]
    query_key_values = [
        of_text(model.config, layer, mask, virtual_tokens.before_text(model)) for layer in query_key_values
    ]
    states: tuple[Tensor, ...] = ()
    if hidden:  # an encoder-decoder whose head reads the encoder alone calls them as an encoder does
        states = tuple(answer.get("encoder_hidden_states") or answer.hidden_states)
    return Outputs(
        _logits(answer),
        # BigBird fills texts up to its blocks, and hands out the states of that, too.
        hidden=tuple(layer[:, : mask.shape[1]] for layer in _before_norm(states, last)),
        mask=mask.bool(),
        # Scores from queries and keys: eager attention, which alone would hand them out, is slower and only hands out
        # what comes after the softmax.
        attentions=tuple(scores(model.config, query, key) for query, key, _ in query_key_values) if attentions else (),
        qkv=tuple(query_key_values) if qkv else (),
        segment_pairs=SegmentPairs(answer["seq_relationship_logits"], batch["follows"]) if "follows" in batch else None,
        with_tokens=batch.get("with_tokens"),
    )


def decoder_input_ids(model: PreTrainedModel, targets: Tensor) -> Tensor:
    """Return what a decoder reads while it writes: its first token, and then each token of the targets but the last.

    Args:
        model: an encoder-decoder.
        targets: what it is to write ``[batch, tokens]``, filled up with ``IGNORE``.
    """
    own = getattr(model, "prepare_decoder_input_ids_from_labels", None)
    if own is not None:
        return cast(Tensor, own(targets))
    # M2M-100, which NLLB is, and Blenderbot do the same inside their forward pass, where they are given labels.
    start = targets.new_full((len(targets), 1), model.config.decoder_start_token_id)
    shifted = torch.cat([start, targets[:, :-1]], dim=1)
    return shifted.masked_fill(shifted == IGNORE, model.config.pad_token_id)


@contextmanager
def _last_layer(model: PreTrainedModel) -> Iterator[list[tuple[object, object]]]:
    """Yield a list that holds, after the next forward pass, what the last layer read and what it made.

    It stays empty where the layers do not stand in one list, and where a convolution beside them may follow the last.
    """
    stack = cast(nn.Module, model.get_encoder() if model.config.is_encoder_decoder else model)
    lists = [module for module in stack.modules() if isinstance(module, nn.ModuleList)]
    stacks = [modules for modules in lists if len(modules) == model.config.num_hidden_layers]
    layers = max(stacks, key=lambda layers: sum(weight.numel() for weight in layers.parameters()), default=None)
    if getattr(model.config, "conv_kernel_size", None):  # DeBERTa-v2
        layers = None
    records: list[tuple[object, object]] = []

    def keep(_: nn.Module, args: tuple[object, ...], kwargs: dict[str, object], output: object) -> None:
        records.append((args[0] if args else kwargs.get("hidden_states"), output))

    handle = layers[-1].register_forward_hook(keep, with_kwargs=True) if layers else None
    try:
        yield records
    finally:
        if handle is not None:
            handle.remove()


def _before_norm(states: tuple[Tensor, ...], last: Sequence[tuple[object, object]]) -> tuple[Tensor, ...]:
    """Return states of which the last, too, is the output of a layer, not of a norm after it.

    transformers hands out the last state of some architectures (GPT-2, Llama, T5, ModernBERT) after their final norm,
    and all others before it: compared with each other, equal layers would differ. Where what was kept is not the layer
    that makes the last state of the one before, or not the same tokens, the last state stays as it comes.
    """
    if len(last) != 1:
        return states
    read, output = last[0]
    of_layer = output if isinstance(output, Tensor) else cast(Sequence[object], output)[0]
    same = isinstance(read, Tensor) and read.data_ptr() == states[-2].data_ptr()  # a sharded layer reads a view of it
    if same and isinstance(of_layer, Tensor):
        of_tokens = of_layer[:, : states[-1].shape[1]]  # the last state may come without what its layers fill up
        return (*states[:-1], of_tokens) if of_tokens.shape == states[-1].shape else states
    return states


def _logits(answer: Mapping[str, Tensor]) -> Tensor:
    """Return a head's logits; those of the start and end of a span are ``[batch, tokens, 2]``."""
    for name in ("logits", "prediction_logits"):
        if name in answer:
            return answer[name]
    return torch.stack([answer["start_logits"], answer["end_logits"]], dim=-1)


def select_columns(logits: Tensor, columns: Sequence[int | None] | None) -> Tensor:
    """Return logits ``[..., outputs]`` in another order; as they are without ``columns``.

    Where a column is none, the model has no such output, and never gives it.
    """
    if columns is None:
        return logits
    lacking = [place for place, column in enumerate(columns) if column is None]
    chosen = logits[..., [column or 0 for column in columns]]
    return chosen.index_fill(-1, torch.tensor(lacking, device=logits.device), FLOOR) if lacking else chosen
