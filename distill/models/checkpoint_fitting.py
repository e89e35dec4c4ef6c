"""Fit a checkpoint to its use: a token for every marker, padding that both sides know, outputs in label order."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import torch
from torch import nn
from transformers import GenerationConfig, PretrainedConfig, PreTrainedModel, PreTrainedTokenizerBase

from distill.errors import ModelError
from distill.models.configuration import library_message
from distill.models.json_objects import read_object
from distill.models.length_limit import AFTER_PADDING
from distill.models.special_tokens_as_text import read_as_text
from distill.models.warm_start import output_layer


def fit_tokenizer(
    tokenizer: PreTrainedTokenizerBase, folder: Path, markers: Sequence[str], places_for: str | None
) -> PreTrainedTokenizerBase:
    """Return a tokenizer that pads a batch, knows the ``markers`` and reads all else as text.

    See ``loading.load_tokenizer`` for its arguments.

    Raises:
        ModelError: it cannot fill up a batch, or cannot tell the places of its tokens.
    """
    _fill_up(tokenizer, folder)
    if places_for is not None and not tokenizer.is_fast:
        raise ModelError(
            f"{folder}: {places_for} asks where in the text a token stands, which its tokenizer, one of Python alone "
            f"({type(tokenizer).__name__}), cannot tell; take a model with a tokenizer.json"
        )
    try:
        return read_as_text(tokenizer, markers)
    except Exception as error:  # the library raises nothing narrower
        raise ModelError(
            f"{folder}: its tokenizer cannot read a text ({library_message(error)}): its vocabulary and "
            "tokenizer_config.json seem to be of different models; give the tokenizer's files that belong to the "
            "weights"
        ) from error


def _fill_up(tokenizer: PreTrainedTokenizerBase, folder: Path) -> None:
    """Name the padding token, where there is none, or where it decides on more than what is padded.

    Positions of some models are counted from the number that their configuration names. Heads of encoder-decoders read
    the last end token, which padding must not be.
    """
    path = folder / "config.json"
    config: Mapping[str, Any] = read_object(path) if path.is_file() else {}
    if config.get("model_type") in AFTER_PADDING:
        padding_id = config.get("pad_token_id", 1)  # transformers' own number for each of them
        token = tokenizer.convert_ids_to_tokens(padding_id) if isinstance(padding_id, int) and padding_id >= 0 else None
        tokenizer.pad_token = token if token in tokenizer.all_special_tokens else tokenizer.pad_token
    ends = config.get("is_encoder_decoder", False) and tokenizer.pad_token_id in (None, tokenizer.eos_token_id)
    if tokenizer.pad_token_id is not None and not ends:
        return
    preferred = (tokenizer.unk_token, tokenizer.bos_token, tokenizer.mask_token, tokenizer.cls_token) if ends else ()
    padding = next((token for token in preferred if token not in (None, tokenizer.eos_token)), tokenizer.eos_token)
    if padding is None:
        raise ModelError(
            f"{folder}: its tokenizer has neither a padding nor an end token; name one in tokenizer_config.json"
        )
    tokenizer.pad_token = padding  # what fills up is masked, whatever it is


def fit_ends(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> None:
    """Let a generating model stop at the end token with which its tokenizer ends targets.

    Ends that are special tokens of the tokenizer, too, stay: some models have several.
    """
    generation, end = model.generation_config, tokenizer.eos_token_id
    if generation is None or end is None:
        return
    ends = generation.eos_token_id
    end_ids = ends if isinstance(ends, list) else [ends]
    if end not in end_ids:
        special = {number for number, token in tokenizer.added_tokens_decoder.items() if token.special}
        generation.eos_token_id = [end, *(number for number in end_ids if number in special)]


def token_count(tokenizer: PreTrainedTokenizerBase) -> int:
    """Return the rows of embeddings that a tokenizer asks for; its ids may have gaps."""
    return 1 + max(tokenizer.get_vocab().values())


def refuse_dependent_answers(config: PretrainedConfig, head: str) -> None:
    """Refuse a model whose answer for a text depends on how far a batch is filled up.

    Raises:
        ModelError: its head reads the last position of a batch, which is padding in all but the longest text, or it
            mixes the padding into the text, or reads batches of one length alone.
    """
    if config.model_type == "nystromformer" and config.num_landmarks != config.segment_means_seq_len:
        raise ModelError(
            f"{config.model_type} models whose num_landmarks ({config.num_landmarks}) is not their "
            f"segment_means_seq_len ({config.segment_means_seq_len}) read batches that are filled up to the latter "
            "alone; take another model"
        )
    if config.model_type == "fnet":
        raise ModelError(
            f"{config.model_type} models mix what fills up a batch into each text, so that a text's answer depends on "
            "the texts beside it; take another model"
        )
    if config.model_type == "xlnet" and head.endswith("ForSequenceClassification"):
        raise ModelError(
            f"{config.model_type} models answer for a text from the last place of the batch, so that a text's answer "
            "depends on the texts beside it; take another model"
        )


def fit_tokens(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> None:
    """Give the model an embedding for every token of the tokenizer, and the ids of padding, beginning and end.

    A model that writes keeps none beyond, with which some vocabularies are rounded up: teacher and student compare what
    both could write.

    Raises:
        ModelError: its answers depend on what fills up a batch, or it writes and nothing says how that begins or
            ends.
    """
    refuse_dependent_answers(model.config, type(model).__name__)
    rows, tokens = len(cast(nn.Embedding, model.get_input_embeddings()).weight), token_count(tokenizer)
    if tokens > rows or (tokens < rows and model.can_generate()):
        resize(model, tokens)
    fit_padding(model.config, tokenizer)
    if model.can_generate() and model.generation_config is not None:
        fit_writing(model.config, model.generation_config, tokenizer)
        fit_ends(model, tokenizer)


def head_of_its_own(model: PreTrainedModel) -> nn.Linear | None:
    """Return the layer that makes logits of words, where its weights are not those of the embeddings.

    Some configurations (T5's) do not say which it is.
    """
    head = _head(model)
    return None if head is None or head.weight is model.get_input_embeddings().weight else head


def _head(model: PreTrainedModel) -> nn.Linear | None:
    return cast(nn.Linear | None, model.get_output_embeddings())  # type: ignore[no-untyped-call]


def untie_head_like(model: PreTrainedModel, reference: PreTrainedModel) -> None:
    """Give a new model a language-modelling head of its own where the ``reference`` has one."""
    if head_of_its_own(reference) is not None and head_of_its_own(model) is None:
        head = cast(nn.Linear, _head(model))
        head.weight = nn.Parameter(head.weight.detach().clone())


def resize(model: PreTrainedModel, tokens: int) -> None:
    """Change the number of tokens, and keep an untied head untied: transformers ties T5's while it resizes."""
    untied = head_of_its_own(model)
    before = untied.weight.detach().clone() if untied is not None else None
    model.resize_token_embeddings(tokens, mean_resizing=False)
    if before is not None:
        head = cast(nn.Linear, _head(model))
        resized, rows_kept = head.weight.detach().clone(), min(tokens, len(before))
        resized[:rows_kept] = before[:rows_kept]
        head.weight = nn.Parameter(resized)


def fit_padding(config: PretrainedConfig, tokenizer: PreTrainedTokenizerBase) -> None:
    """Set the padding token of a configuration to the one that its tokenizer pads with.

    The head of a decoder takes what stands before the padding for the end of a text, whichever number that is. Where
    places are counted from the padding's number the tokenizer has learnt the configuration's, see ``fit_tokenizer``.
    """
    if config.model_type not in AFTER_PADDING:
        config.pad_token_id = tokenizer.pad_token_id


def fit_writing(config: PretrainedConfig, generation: GenerationConfig, tokenizer: PreTrainedTokenizerBase) -> None:
    """Tell a generating model with which tokens its texts begin and end, and which one is padding.

    Raises:
        ModelError: neither the model's files nor the tokenizer say it.
    """
    generation.pad_token_id = tokenizer.pad_token_id
    if generation.eos_token_id is None:
        generation.eos_token_id = end_token(tokenizer)
    if generation.eos_token_id is None:
        raise ModelError(
            "its tokenizer has no end token, with which what is written ends; name one, eos_token, in "
            "tokenizer_config.json"
        )
    if not config.is_encoder_decoder:
        return
    start = getattr(config, "decoder_start_token_id", None)  # not every configuration has the name
    config.decoder_start_token_id = generation.decoder_start_token_id if start is None else start
    if config.decoder_start_token_id is None:
        raise ModelError(
            "config.json does not say with which token it begins to write; name it, decoder_start_token_id (that of "
            "T5 and Marian is the padding)"
        )


def end_token(tokenizer: PreTrainedTokenizerBase) -> int | None:
    """Return the id of the token that ends a generated text; for BERT's tokenizers, the separator."""
    end: int | None = tokenizer.eos_token_id if tokenizer.eos_token_id is not None else tokenizer.sep_token_id
    return end


@torch.no_grad()
def fit_outputs(model: PreTrainedModel, had: Sequence[str], labels: Sequence[str]) -> None:
    """Put the rows of a head in the order of ``labels``, where the checkpoint ``had`` the same names in another.

    Raises:
        ModelError: the layer that makes the outputs is not found.
    """
    if list(had) == list(labels) or sorted(had) != sorted(labels):
        return
    layer = output_layer(model, labels)
    order = [had.index(label) for label in labels]
    for weight in layer.parameters():
        weight.copy_(weight[order])
