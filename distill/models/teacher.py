"""How a model is asked, and a teacher that is asked while the student learns."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from typing import Any, cast

import torch
from torch import Tensor, nn
from transformers import PretrainedConfig, PreTrainedModel

from distill.errors import ModelError
from distill.models.attention import QueryKeyValue, captured, scores
from distill.models.configuring import said
from distill.models.fitting import output_names
from distill.models.numbers import possible
from distill.types import MODEL_INPUTS, Batch, Outputs

Align = Callable[[Tensor, Batch], tuple[Tensor, Tensor]]
"""Turns a head's logits and a batch into rows ``[rows, classes]`` and labels ``[rows]``."""


@contextmanager
def answering(whose: str) -> Iterator[None]:
    """Say in a sentence that a model of these sizes cannot read what it is given.

    Raises:
        ModelError: it cannot.
    """
    try:
        yield
    except torch.OutOfMemoryError:
        raise
    except (RuntimeError, ValueError, IndexError, KeyError, TypeError, AttributeError) as error:
        raise ModelError(
            f"{whose} does not answer ({said(error)}): its config.json seems to be of another model than its weights"
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
    """A model's answer to a batch, in the shape that teacher and student share.

    Args:
        model: with a task head.
        batch: with the model's inputs ``[batch, tokens]``, and ``target_ids`` where the model writes; an
            encoder-decoder without them gives its decoder what its encoder reads.
        hidden: whether hidden states are wanted, the embeddings' and those that each layer makes, the last one's
            before a norm that comes after all layers; of an encoder-decoder these are the encoder's.
        attentions: whether the scores of self-attention are wanted; likewise.
        qkv: whether its queries, keys and values are wanted; likewise.
        prefix: of the model's inputs in the batch, where teacher and student read other tokens.

    Raises:
        ModelError: scores, queries, keys or values are wanted of an architecture in which they cannot be found.
    """
    inputs: dict[str, Any] = {name: batch[prefix + name] for name in MODEL_INPUTS if prefix + name in batch}
    if model.config.is_encoder_decoder and (targets := batch.get("target_ids")) is not None:
        inputs["decoder_input_ids"] = model.prepare_decoder_input_ids_from_labels(targets)  # type: ignore[operator]
    if model.can_generate():
        inputs["use_cache"] = False
    projected: AbstractContextManager[list[QueryKeyValue]] = captured(model) if attentions or qkv else nullcontext([])
    layered: AbstractContextManager[list[tuple[Any, Any]]] = _last_layer(model) if hidden else nullcontext([])
    with projected as taken, layered as last:
        answer = model(**inputs, output_hidden_states=hidden)
    states: tuple[Tensor, ...] = ()
    if hidden:
        states = answer.encoder_hidden_states if model.config.is_encoder_decoder else answer.hidden_states
    return Outputs(
        _logits(answer),
        hidden=_before_norm(tuple(states), last),
        mask=inputs["attention_mask"].bool(),
        # Scores from queries and keys: eager attention, which alone would hand them out, is slower and only hands out
        # what comes after the softmax.
        attentions=tuple(scores(model.config, query, key) for query, key, _ in taken) if attentions else (),
        qkv=tuple(taken) if qkv else (),
    )


@contextmanager
def _last_layer(model: PreTrainedModel) -> Iterator[list[tuple[Any, Any]]]:
    """Give a list that holds, after the next answer, what the last layer read and what it made.

    It stays empty where the layers do not stand in one list, and where a convolution beside them may follow the last.
    """
    stack = cast(nn.Module, model.get_encoder() if model.config.is_encoder_decoder else model)
    lists = [module for module in stack.modules() if isinstance(module, nn.ModuleList)]
    found = [each for each in lists if len(each) == model.config.num_hidden_layers]
    layers = max(found, key=lambda each: sum(weight.numel() for weight in each.parameters()), default=None)
    if getattr(model.config, "conv_kernel_size", None):  # DeBERTa-v2
        layers = None
    made: list[tuple[Any, Any]] = []

    def keep(_: nn.Module, args: Any, kwargs: Any, output: Any) -> None:  # noqa: ANN401
        made.append((args[0] if args else kwargs.get("hidden_states"), output))

    handle = layers[-1].register_forward_hook(keep, with_kwargs=True) if layers else None
    try:
        yield made
    finally:
        if handle is not None:
            handle.remove()


def _before_norm(states: tuple[Tensor, ...], last: Sequence[tuple[Any, Any]]) -> tuple[Tensor, ...]:
    """States of which the last, too, is what a layer made.

    transformers hands out the last state of some architectures (GPT-2, Llama, T5, ModernBERT) after their final norm,
    and all others before it: compared with each other, equal layers would differ. Where what was kept is not the layer
    that makes the last state of the one before, or not the same tokens, the last state stays as it comes.
    """
    if len(last) != 1:
        return states
    read, output = last[0]
    made = output if isinstance(output, Tensor) else output[0]
    fits = read is states[-2] and isinstance(made, Tensor) and made.shape == states[-1].shape
    return (*states[:-1], made) if fits else states


def _logits(answer: Any) -> Tensor:  # noqa: ANN401
    """The head's logits; those of start and end ``[batch, tokens, 2]``."""
    if "logits" in answer:
        return answer.logits  # type: ignore[no-any-return]
    return torch.stack([answer.start_logits, answer.end_logits], dim=-1)


class LiveTeacher:
    """A frozen teacher that answers each batch anew.

    A plain object on purpose: as a submodule of the learner it would be wrapped by DDP, copied into every checkpoint,
    and switched to train mode.
    """

    def __init__(
        self,
        model: PreTrainedModel,
        align: Align,
        columns: Sequence[int] | None,
        *,
        hidden: bool = False,
        attentions: bool = False,
        qkv: bool = False,
        prefix: str = "",
    ) -> None:
        """``columns[i]`` is the teacher's output for output ``i`` of the student; see ``outputs`` for the rest."""
        model.train(False)
        self.model, self.align = model.requires_grad_(False), align
        self.columns, self.hidden, self.attentions, self.qkv = columns, hidden, attentions, qkv
        self.prefix = prefix

    @property
    def name(self) -> str:
        """The folder of the model, or its id on the hub, as messages name it."""
        return str(self.model.name_or_path)

    @torch.no_grad()
    def __call__(self, batch: Batch) -> Outputs:
        """The teacher's answer; tensors that a term may save for its backward pass, without a gradient.

        It is the same as a stored one: of the teacher's own precision, also where the student's is mixed.
        """
        device = batch["key"].device
        if self.model.device != device:
            cast(nn.Module, self.model).to(device)
        with torch.autocast(device.type, enabled=False):
            answer = outputs(
                self.model, batch, hidden=self.hidden, attentions=self.attentions, qkv=self.qkv, prefix=self.prefix
            )
            return replace(answer, logits=possible(self.align(chosen(answer.logits, self.columns), batch)[0]))


def chosen(logits: Tensor, columns: Sequence[int] | None) -> Tensor:
    """Logits ``[..., outputs]`` in another order; as they are without ``columns``."""
    return logits if columns is None else logits[..., list(columns)]


def label_columns(
    config: PretrainedConfig, labels: Sequence[str], given: Sequence[str], *, subset: bool = False
) -> list[int]:
    """For each label of the data, the teacher's output of that *name*.

    Args:
        config: of a fine-tuned checkpoint.
        labels: names of the data's labels, in their order.
        given: names of the teacher's outputs, for a checkpoint that does not name them; empty trusts the checkpoint.
        subset: whether the teacher may have more outputs, which are left out then.

    Raises:
        ModelError: the teacher's labels are other ones.
    """
    names = list(given) or output_names(config)
    if twice := [name for name, count in Counter(names).items() if count > 1 and name in labels]:
        raise ModelError(
            f"the outputs of the model are named {', '.join(names)}, so that {twice[0]} is two of them: name them in "
            "id2label of config.json as they are"
        )
    more, fewer = unnamed(names, labels), unnamed(labels, names)
    if not fewer and (subset or len(names) == len(labels)):
        return [names.index(label) for label in labels]
    said = f"the teacher's labels are {', '.join(names)}, those of the data are {', '.join(labels)}"
    if more and not fewer:
        raise ModelError(
            f"{said}: the data has no {', '.join(more)}; teacher.labels_subset=true takes the teacher's outputs for "
            "the data's labels and leaves the others out"
        )
    way = "name its outputs in their order with teacher.labels=[...], or the data's labels with data.labels"
    if subset:
        way = f"teacher.labels_subset=true needs an output for each, and there is none for {', '.join(fewer)}; {way}"
    raise ModelError(f"{said}; {way}")


def unnamed(names: Sequence[str], others: Sequence[str]) -> list[str]:
    """The names that are not among the others."""
    return [name for name in names if name not in others]
