"""Embeddings as two factors."""

import re

import numpy as np
import pytest
import torch
from transformers import (
    AutoConfig,
    BartConfig,
    BartForSequenceClassification,
    BertConfig,
    BertForSequenceClassification,
)

from distill.errors import ModelError
from distill.models.low_rank import (
    LowRankEmbedding,
    may_be_factors,
    multiply_out,
    reduce_embeddings,
    refuse_rank,
    split_embeddings,
    truncated,
)

TOKENS, WIDTH = 30, 12


def bert():
    torch.manual_seed(0)
    return BertForSequenceClassification(
        BertConfig(
            vocab_size=TOKENS, hidden_size=WIDTH, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16,
            max_position_embeddings=16, initializer_range=0.5,
        )
    ).eval()  # fmt: skip


def twin(embeddings, weights, rank):
    """The same in NumPy, by the eigenvectors of what embeddings have in common instead."""
    scatter = (embeddings * weights[:, None]).T @ embeddings
    directions = np.linalg.eigh(scatter)[1][:, ::-1][:, :rank]
    return embeddings @ directions @ directions.T


def error(embeddings, found, weights):
    return float((weights * ((embeddings - found) ** 2).sum(1)).sum())


@pytest.mark.parametrize("rank", [1, 4, WIDTH])
def test_factors_are_those_of_the_twin_in_numpy(rank):
    random = np.random.default_rng(rank)
    embeddings, weights = random.normal(size=(TOKENS, WIDTH)), random.uniform(0, 9, TOKENS)
    vectors, directions = truncated(torch.tensor(embeddings), torch.tensor(weights), rank)
    np.testing.assert_allclose((vectors @ directions).numpy(), twin(embeddings, weights, rank), atol=1e-9)
    assert (vectors.shape, directions.shape) == ((TOKENS, rank), (rank, WIDTH))


def test_tokens_are_taken_some_at_a_time(monkeypatch):
    embeddings, weights = torch.randn(TOKENS, WIDTH), torch.rand(TOKENS)
    once = [part.double() for part in truncated(embeddings, weights, 4)]
    monkeypatch.setattr("distill.models.low_rank._AT_ONCE", 7)
    parts = [part.double() for part in truncated(embeddings, weights, 4)]
    torch.testing.assert_close(parts[0] @ parts[1], once[0] @ once[1], rtol=1e-5, atol=1e-6)
    assert parts[0].shape == (TOKENS, 4)


def test_what_is_met_often_is_kept_nearer():
    random = np.random.default_rng(0)
    embeddings, weights = random.normal(size=(TOKENS, WIDTH)), np.where(np.arange(TOKENS) < 5, 100.0, 1.0)
    even = np.ones(TOKENS)
    mine, flat = (
        (v @ d).numpy() for v, d in (truncated(torch.tensor(embeddings), torch.tensor(w), 4) for w in (weights, even))
    )
    assert error(embeddings, mine, weights) < 0.9 * error(embeddings, flat, weights)
    assert error(embeddings, flat, even) < error(embeddings, mine, even)


def test_a_model_computes_with_its_factors_as_with_their_product():
    ids = torch.arange(12).view(2, 6)
    model = bert()
    reduce_embeddings(model, torch.ones(TOKENS), 5)
    assert isinstance(model.get_input_embeddings(), LowRankEmbedding)
    with torch.no_grad():
        held = model(ids).logits
        plain = multiply_out(model)
        torch.testing.assert_close(plain(ids).logits, held, rtol=1e-5, atol=1e-6)
    assert type(plain.get_input_embeddings()) is torch.nn.Embedding
    assert plain.get_input_embeddings().padding_idx == 0


def test_the_whole_rank_changes_nothing():
    ids, model = torch.arange(12).view(2, 6), bert()
    with torch.no_grad():
        before = model(ids).logits
        reduce_embeddings(model, torch.ones(TOKENS), WIDTH)
        torch.testing.assert_close(model(ids).logits, before, rtol=1e-5, atol=1e-6)


def test_the_rank_stays_while_a_model_learns_and_is_found_again(tmp_path):
    model = bert()
    reduce_embeddings(model, torch.ones(TOKENS), 5)
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.05)
    for step in range(5):
        model(torch.arange(12).view(2, 6) + step).logits[:, 0].sum().backward()
        optimizer.step()
    multiply_out(model).save_pretrained(tmp_path)
    loaded = BertForSequenceClassification.from_pretrained(tmp_path).eval()
    ids = torch.arange(12).view(2, 6)
    assert torch.linalg.matrix_rank(loaded.get_input_embeddings().weight, rtol=1e-4) == 5
    with torch.no_grad():
        before = loaded(ids).logits
        split = split_embeddings(loaded)
        torch.testing.assert_close(split(ids).logits, before, rtol=1e-4, atol=1e-5)
    assert split.get_input_embeddings().table.weight.shape == (TOKENS, 5)
    assert split.get_input_embeddings().expand.weight.shape == (WIDTH, 5)


def test_a_model_of_whole_embeddings_stays_as_it_is():
    model = bert()
    assert multiply_out(model) is split_embeddings(model) is model
    assert type(model.get_input_embeddings()) is torch.nn.Embedding


def test_what_learns_with_whole_embeddings_no_longer_says_that_they_have_a_rank():
    model = bert()
    reduce_embeddings(model, torch.ones(TOKENS), 5)
    begun = multiply_out(model)
    assert begun.config.embedding_rank == 5
    with torch.no_grad():
        begun.get_input_embeddings().weight.add_(torch.randn(TOKENS, WIDTH))
    learnt = multiply_out(begun)
    assert not hasattr(learnt.config, "embedding_rank")
    assert split_embeddings(learnt) is learnt


@pytest.mark.parametrize(
    ("architecture", "expected"),
    [
        ("bert", True), ("distilbert", True), ("roberta", True), ("modernbert", True), ("deberta-v2", True),
        ("albert", False), ("electra", False), ("rembert", False), ("bart", False),
    ],
)  # fmt: skip
def test_embeddings_may_be_factors_unless_they_are_or_are_shared(architecture, expected):
    config = AutoConfig.for_model(architecture)  # ELECTRA's are 128 wide, of states of 256; RemBERT's 256 of 1152
    assert may_be_factors(config, "AutoModelForSequenceClassification") is expected


def test_embeddings_with_a_projection_of_their_own_stay_as_they_are():
    config = AutoConfig.for_model("opt", hidden_size=48, word_embed_proj_dim=16, num_hidden_layers=1)
    assert not may_be_factors(config, "AutoModelForSequenceClassification")
    assert may_be_factors(AutoConfig.for_model("opt", num_hidden_layers=1), "AutoModelForSequenceClassification")


def test_the_paddings_vector_is_not_trained():
    model = bert()
    reduce_embeddings(model, torch.ones(TOKENS), 5)
    model(torch.arange(6).view(1, 6)).logits.sum().backward()
    gradient = model.get_input_embeddings().table.weight.grad
    assert not gradient[0].any()
    assert gradient[1].any()


def test_embeddings_that_have_another_rank_than_is_said_are_refused():
    model = bert()
    model.config.embedding_rank, model.name_or_path = 5, "FOLDER"
    message = r"^FOLDER: config\.json says embedding_rank=5, but its embeddings are no product of that rank \("
    with pytest.raises(ModelError, match=message):
        split_embeddings(model)


def test_a_rank_above_the_width_is_refused():
    message = "student.embedding_rank=13: the student's embeddings are 12 wide; allowed is 1 to 12"
    with pytest.raises(ModelError, match=f"^{re.escape(message)}$"):
        refuse_rank(bert(), 13)


def test_scaled_and_shared_embeddings_are_refused():
    size = {"d_model": 16, "encoder_layers": 1, "decoder_layers": 1, "encoder_ffn_dim": 16, "decoder_ffn_dim": 16}
    heads = {"encoder_attention_heads": 2, "decoder_attention_heads": 2}
    model = BartForSequenceClassification(BartConfig(vocab_size=TOKENS, **size, **heads, eos_token_id=2))
    message = (
        "student.embedding_rank=4: bart models scale their embeddings, or share them with another part; allowed is null"
    )
    with pytest.raises(ModelError, match=f"^{re.escape(message)}$"):
        refuse_rank(model, 4)
