"""Models with embeddings of fewer tokens answer as before, bit for bit."""

import re

import pytest
import torch
from transformers import (
    BartConfig,
    BartForConditionalGeneration,
    BertConfig,
    BertForSequenceClassification,
    GPT2Config,
    GPT2LMHeadModel,
    RobertaConfig,
    RobertaForTokenClassification,
    T5Config,
    T5ForConditionalGeneration,
)

from distill.errors import ModelError
from distill.models import bilstm
from distill.models.embedding_cutting import cut_embeddings

TOKENS = 40
KEPT = [0, 1, 2, 3, 7, 8, 11, 20, 33, 39]
SIZE = {"vocab_size": TOKENS, "hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
SMALL = {**SIZE, "intermediate_size": 24, "max_position_embeddings": 32, "initializer_range": 0.5}
STACKS = {
    "d_model": 16, "encoder_layers": 1, "decoder_layers": 1, "encoder_attention_heads": 2, "decoder_attention_heads": 2,
    "encoder_ffn_dim": 16, "decoder_ffn_dim": 16, "max_position_embeddings": 32, "init_std": 0.5,
}  # fmt: skip
ENDS = {"pad_token_id": 1, "bos_token_id": 0, "eos_token_id": 39, "decoder_start_token_id": 39}


def bart():
    model = BartForConditionalGeneration(BartConfig(vocab_size=TOKENS, **STACKS, **ENDS))
    model.final_logits_bias.normal_()
    return model


def t5():
    size = {"d_model": 16, "d_kv": 8, "d_ff": 16, "num_layers": 1, "num_heads": 2}
    return T5ForConditionalGeneration(
        T5Config(vocab_size=TOKENS, **size, tie_word_embeddings=False, decoder_start_token_id=0)
    )


def lstm():
    config = bilstm.BiLstmConfig(TOKENS, 8, 8, pad_token_id=0)
    return bilstm.BiLstmForSequenceClassification(config)


MODELS = {
    "bert": lambda: BertForSequenceClassification(BertConfig(**SMALL)),
    "roberta": lambda: RobertaForTokenClassification(RobertaConfig(**SMALL)),
    "bilstm": lstm,
    "a tied head": lambda: GPT2LMHeadModel(
        GPT2Config(vocab_size=TOKENS, n_embd=16, n_layer=1, n_head=2, bos_token_id=39, eos_token_id=39, pad_token_id=39)
    ),
    "a tied head with a bias": bart,
    "a head of its own": t5,
}


def logits(model, ids, targets=None):
    inputs = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
    if model.config.is_encoder_decoder:
        inputs["decoder_input_ids"] = ids if targets is None else targets
    with torch.no_grad():
        return model.eval()(**inputs).logits


@pytest.fixture(params=MODELS)
def model(request):
    torch.manual_seed(0)
    return MODELS[request.param]()


def test_answers_to_texts_of_kept_tokens_are_the_same(model):
    ids = torch.tensor(KEPT)[torch.randint(2, len(KEPT), (3, 9), generator=torch.Generator().manual_seed(1))]
    before = logits(model, ids)
    cut_embeddings(model, KEPT)
    after = logits(model, torch.searchsorted(torch.tensor(KEPT), ids))
    if before.shape[-1] == TOKENS:  # fewer sums at once may be rounded otherwise
        torch.testing.assert_close(after, before[..., KEPT], rtol=1e-5, atol=1e-6)
    else:
        torch.testing.assert_close(after, before, rtol=0, atol=0)
    assert model.config.vocab_size == len(model.get_input_embeddings().weight) == len(KEPT)


def test_what_is_saved_is_loaded_again(model, tmp_path):
    cut_embeddings(model, KEPT)
    model.save_pretrained(tmp_path)
    loaded = type(model).from_pretrained(tmp_path)
    ids = torch.tensor([[2, 5, 9, 3]])
    torch.testing.assert_close(logits(loaded, ids), logits(model, ids), rtol=1e-5, atol=1e-6)


def test_named_tokens_get_their_new_numbers():
    model = bart()
    model.generation_config.forced_eos_token_id, model.generation_config.suppress_tokens = 39, [5, 33]
    cut_embeddings(model, KEPT)
    assert (model.config.eos_token_id, model.config.pad_token_id) == (9, 1)
    assert model.generation_config.forced_eos_token_id == 9
    assert model.generation_config.suppress_tokens == [8]
    assert model.get_input_embeddings().padding_idx == 1


def test_the_paddings_embedding_stays_the_one_that_is_not_trained():
    model = BertForSequenceClassification(BertConfig(**SMALL, pad_token_id=7))
    cut_embeddings(model, KEPT)
    model(torch.tensor([[4, 5, 6]])).logits.sum().backward()
    assert not model.get_input_embeddings().weight.grad[4].any()
    assert model.get_input_embeddings().weight.grad[5].any()


def test_padding_from_which_places_are_counted_keeps_its_number():
    model = RobertaForTokenClassification(RobertaConfig(**SMALL))
    message = (
        "roberta models count places from the number of the padding token, 1, which cannot change with a smaller "
        "vocabulary"
    )
    with pytest.raises(ModelError, match=f"^{re.escape(message)}$"):
        cut_embeddings(model, [1, 5, 8])
