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
