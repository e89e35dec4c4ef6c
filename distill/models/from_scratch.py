"""Configure models that start from random weights: an encoder, an encoder-decoder, or a decoder."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from transformers import (
    BartConfig,
    BertConfig,
    GPT2Config,
    PretrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)

from distill.models.checkpoint_fitting import end_token, token_count

_SPREAD = 0.05
"""Standard deviation of the first weights. The usual 0.02 is made for wide models: a narrow one that begins with it
learns slowly, and an encoder-decoder hardly finds the way from a target's tokens to its source's."""


@dataclass(frozen=True)
class Size:
    """The size of a model; ``layers`` count for encoder and decoder each, unless ``decoder_layers`` says otherwise."""

    layers: int
    hidden_size: int
    heads: int
    intermediate_size: int
    decoder_layers: int | None = None


def config(
    family: str,
    tokenizer: PreTrainedTokenizerBase,
    size: Size,
    *,
    max_length: int,
    dropout: float,
    start: int | None = None,
) -> PretrainedConfig:
    """Return the configuration of a model that reads ``tokenizer``'s tokens.

    Args:
        family: encoder (BERT), encoder-decoder (BART) or decoder (GPT-2).
        tokenizer: the tokenizer whose vocabulary and special tokens the model gets.
        size: the size of the model.
        max_length: the number of tokens that it reads at most.
        dropout: the dropout of hidden states and attention.
        start: the token with which an encoder-decoder begins to write; none takes the tokenizer's own, or else its
            padding, as T5 and Marian do.
    """
    configuration = _FAMILIES[family](tokenizer, size, max_length, dropout)
    if family == "encoder-decoder":
        candidates = (start, tokenizer.bos_token_id, tokenizer.cls_token_id, tokenizer.pad_token_id)
        configuration.decoder_start_token_id = next(token for token in candidates if token is not None)
    return configuration


def _encoder(tokenizer: PreTrainedTokenizerBase, size: Size, max_length: int, dropout: float) -> PretrainedConfig:
    return BertConfig(
        vocab_size=token_count(tokenizer),
        num_hidden_layers=size.layers,
        hidden_size=size.hidden_size,
        num_attention_heads=size.heads,
        intermediate_size=size.intermediate_size,
        max_position_embeddings=max_length,
        hidden_dropout_prob=dropout,
        attention_probs_dropout_prob=dropout,
        initializer_range=_SPREAD,
        pad_token_id=tokenizer.pad_token_id,
    )


def _encoder_decoder(
    tokenizer: PreTrainedTokenizerBase, size: Size, max_length: int, dropout: float
) -> PretrainedConfig:
    decoder = size.decoder_layers or size.layers
    return BartConfig(
        vocab_size=token_count(tokenizer),
        d_model=size.hidden_size,
        encoder_layers=size.layers,
        decoder_layers=decoder,
        encoder_attention_heads=size.heads,
        decoder_attention_heads=size.heads,
        encoder_ffn_dim=size.intermediate_size,
        decoder_ffn_dim=size.intermediate_size,
        max_position_embeddings=max_length,
        dropout=dropout,
        attention_dropout=dropout,
        activation_dropout=0.0,
        scale_embedding=False,
        init_std=_SPREAD,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=end_token(tokenizer),
        forced_eos_token_id=None,
    )


def _decoder(tokenizer: PreTrainedTokenizerBase, size: Size, max_length: int, dropout: float) -> PretrainedConfig:
    return GPT2Config(
        vocab_size=token_count(tokenizer),
        n_layer=size.layers,
        n_embd=size.hidden_size,
        n_head=size.heads,
        n_inner=size.intermediate_size,
        n_positions=max_length,
        resid_pdrop=dropout,
        embd_pdrop=dropout,
        attn_pdrop=dropout,
        initializer_range=_SPREAD,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
    )


_FAMILIES: Mapping[str, Callable[[PreTrainedTokenizerBase, Size, int, float], PretrainedConfig]] = {
    "encoder": _encoder,
    "encoder-decoder": _encoder_decoder,
    "decoder": _decoder,
}


@torch.no_grad()
def initialize_output_bias(model: PreTrainedModel, outputs: Tensor) -> None:
    """Set the bias of a new head to ``outputs [n]``, which a short training would hardly reach.

    A head that has learnt, whose bias is not 0, stays as it is.
    """
    heads = [layer for layer in model.modules() if isinstance(layer, nn.Linear) and layer.out_features == len(outputs)]
    if heads and heads[-1].bias is not None and not bool(heads[-1].bias.any()):
        heads[-1].bias.copy_(outputs)
