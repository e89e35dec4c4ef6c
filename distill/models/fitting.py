"""A checkpoint fitted to its use: tokens for every mark, padding that both sides know, outputs where they are named."""

from collections.abc import Sequence
from pathlib import Path
from typing import cast

import torch
from torch import nn
from transformers import PretrainedConfig, PreTrainedModel, PreTrainedTokenizerBase

from distill.errors import ModelError


def fit_tokenizer(
    tokenizer: PreTrainedTokenizerBase, folder: Path, markers: Sequence[str], places_for: str | None
) -> None:
    """Let a tokenizer fill up a batch and know the ``markers``; see ``loading.tokenizer``.

    Raises:
        ModelError: it cannot fill up a batch, or cannot tell the places of its tokens.
    """
    if tokenizer.pad_token_id is None:
        if tokenizer.eos_token_id is None:
            raise ModelError(
                f"{folder}: its tokenizer has neither a padding nor an end token; name one in tokenizer_config.json"
            )
        tokenizer.pad_token = tokenizer.eos_token  # what fills up is masked, whatever it is
    if places_for is not None and not tokenizer.is_fast:
        raise ModelError(
            f"{folder}: {places_for} asks where in the text a token stands, which its tokenizer, one of Python alone "
            f"({type(tokenizer).__name__}), cannot tell; take a model with a tokenizer.json"
        )
    known = tokenizer.get_vocab()
    tokenizer.add_tokens([marker for marker in markers if marker not in known], special_tokens=True)


def refuse_strange_tokens(
    folder: Path, tokenizer: PreTrainedTokenizerBase, config: PretrainedConfig, rows: int, *, head: str, finished: bool
) -> None:
    """Refuse a tokenizer and a model that are not each other's.

    Args:
        folder: of the checkpoint.
        tokenizer: fitted to the task.
        config: of the model.
        rows: tokens that the model has an embedding for.
        head: transformers' class.
        finished: whether the model is used as it is: others learn tokens that were added to the tokenizer.

    Raises:
        ModelError: the model lacks embeddings that nothing will train, or texts do not end as it expects.
    """
    added = {} if finished else tokenizer.get_added_vocab()
    unread = (tokenizer.pad_token_id, tokenizer.mask_token_id)  # BART's file for summaries lacks the mask
    vocabulary = tokenizer.get_vocab()
    beyond = [name for name, at in vocabulary.items() if at >= rows and name not in added and at not in unread]
    if beyond:
        raise ModelError(
            f"{folder}: its tokenizer has {max(vocabulary.values()) + 1} tokens, but the model embeddings for {rows}: "
            f"it knows nothing of {beyond[0]!r}; give the tokenizer's files that belong to the weights"
        )
    if head == "AutoModelForCausalLM" and tokenizer.eos_token_id is None:
        raise ModelError(f"{folder}: its tokenizer has no end token to end a turn with; name one as eos_token")
    if head == "AutoModelForSequenceClassification" and config.is_encoder_decoder:
        _refuse_other_ends(folder, tokenizer, config.eos_token_id)


def _refuse_other_ends(folder: Path, tokenizer: PreTrainedTokenizerBase, end: int | None) -> None:
    """Refuse texts without the end token, as many in each, at which the head of an encoder-decoder reads its state.

    Raises:
        ModelError: they end otherwise, or the configuration names no end.
    """
    some = tokenizer(["a", "a a a a a a a a"], truncation=True, max_length=6)["input_ids"]
    counts = {list(ids).count(end) for ids in some}
    if len(counts) > 1 or 0 in counts:
        raise ModelError(
            f"{folder}: config.json says that a text ends in the token {end} (eos_token_id), its tokenizer ends it in "
            f"{some[0][-1]} ({tokenizer.convert_ids_to_tokens(some[0][-1])!r}); give both the same one"
        )


def fit_ends(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> None:
    """Let a model that writes stop at the end token that its tokenizer ends targets with, where it names another.

    Ends that are special tokens of the tokenizer, too, stay: some models have several.
    """
    writing, end = model.generation_config, tokenizer.eos_token_id
    if writing is None or end is None:
        return
    given = writing.eos_token_id
    named = given if isinstance(given, list) else [given]
    if end not in named:
        special = {number for number, token in tokenizer.added_tokens_decoder.items() if token.special}
        writing.eos_token_id = [end, *(each for each in named if each in special)]


def token_count(tokenizer: PreTrainedTokenizerBase) -> int:
    """Rows of embeddings that a tokenizer asks for; its numbers may have gaps."""
    return 1 + max(tokenizer.get_vocab().values())


def fit_tokens(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> None:
    """Give the model an embedding for every token of the tokenizer, and the number of the padding.

    A model that writes keeps none beyond, with which some vocabularies are rounded up: teacher and student compare what
    both could write. The head of a decoder takes what stands before the padding for the end of a text: a number that
    the configuration names stays, unless the tokenizer fills up with its end token.
    """
    rows, tokens = len(cast(nn.Embedding, model.get_input_embeddings()).weight), token_count(tokenizer)
    if tokens > rows or (tokens < rows and model.can_generate()):
        _resize(model, tokens)
    fit_padding(model.config, tokenizer)
    if model.can_generate():
        fit_ends(model, tokenizer)


def head_of_its_own(model: PreTrainedModel) -> nn.Linear | None:
    """What makes words of states, where it is not the embeddings; some configurations (T5's) do not say which it is."""
    head = _head(model)
    return None if head is None or head.weight is model.get_input_embeddings().weight else head


def _head(model: PreTrainedModel) -> nn.Linear | None:
    return cast(nn.Linear | None, model.get_output_embeddings())  # type: ignore[no-untyped-call]


def part_like(model: PreTrainedModel, other: PreTrainedModel) -> None:
    """Give a new model a head of its own where the ``other`` has one."""
    if head_of_its_own(other) is not None and head_of_its_own(model) is None:
        head = cast(nn.Linear, _head(model))
        head.weight = nn.Parameter(head.weight.detach().clone())


def _resize(model: PreTrainedModel, tokens: int) -> None:
    """Change the number of tokens; transformers ties T5's head to the embeddings while it does."""
    own = head_of_its_own(model)
    before = own.weight.detach().clone() if own is not None else None
    model.resize_token_embeddings(tokens, mean_resizing=False)
    if before is not None:
        head = cast(nn.Linear, _head(model))
        made, kept = head.weight.detach().clone(), min(tokens, len(before))
        made[:kept] = before[:kept]
        head.weight = nn.Parameter(made)


def fit_padding(config: PretrainedConfig, tokenizer: PreTrainedTokenizerBase) -> None:
    """Let a configuration name the padding that its tokenizer fills up with, where its own is none or says more."""
    named = config.pad_token_id
    if named is None or tokenizer.pad_token_id == tokenizer.eos_token_id or named >= config.vocab_size:
        config.pad_token_id = tokenizer.pad_token_id


def output_names(config: PretrainedConfig) -> list[str]:
    """The names of a head's outputs, in their order."""
    return [str(name) for _, name in sorted((config.id2label or {}).items())]


@torch.no_grad()
def fit_outputs(model: PreTrainedModel, had: Sequence[str], labels: Sequence[str]) -> None:
    """Put the rows of a head in the order of ``labels``, where the checkpoint ``had`` the same names in another.

    Raises:
        ModelError: the layer that makes the outputs is not found.
    """
    if list(had) == list(labels) or sorted(had) != sorted(labels):
        return
    heads = [
        module
        for name, module in model.named_modules()
        if isinstance(module, nn.Linear)
        and module.out_features == len(labels)
        and not name.startswith(f"{model.base_model_prefix}.")
    ]
    if not heads:
        raise ModelError(
            f"{type(model).__name__} has no linear layer of {len(labels)} outputs to put in the order of the labels: "
            f"{', '.join(labels)}"
        )
    order = [had.index(label) for label in labels]
    for weight in heads[-1].parameters():
        weight.copy_(weight[order])
