"""Integrated gradients against NumPy, and how exactly they add up."""

import numpy as np
import pytest
import torch
from transformers import AutoModelForSequenceClassification, BartConfig

from distill.errors import ModelError
from distill.explanation.attribution import Rule, attribute
from distill.models.static import StaticConfig, StaticForSequenceClassification

RULE = Rule()
IDS, EMPTY = torch.tensor([[5, 9, 2, 7]]), torch.tensor([[1, 1, 1, 1]])


@pytest.fixture
def static():
    torch.manual_seed(5)
    return StaticForSequenceClassification(StaticConfig(vocab_size=12, hidden_size=6, num_labels=2)).eval()


def second(logits, batch):
    return logits[:, 1]


def explained(model, rule=RULE, ids=IDS, empty=EMPTY):
    inputs = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
    return attribute(model, inputs, empty, second, rule)


def weights(model):
    return [each.detach().double().numpy() for each in model.parameters()]


def test_of_a_linear_model_two_steps_are_exact(static):
    with torch.no_grad():
        static.dense.bias.fill_(1000.0)  # so that no unit is ever cut off
    table, dense, _, head, _ = weights(static)
    found = explained(static.double(), Rule(steps=2))
    expected = (table[IDS[0]] - table[EMPTY[0]]) / 4 @ dense.T @ head[1]
    np.testing.assert_allclose(found.values, expected, atol=1e-9)
    assert (found.steps, found.relative) == (2, pytest.approx(0, abs=1e-9))


def test_they_are_the_integral_that_numpy_sums_up(static):
    table, dense, bias, head, _ = weights(static)
    start, way = table[EMPTY[0]].mean(0), (table[IDS[0]] - table[EMPTY[0]]) / 4
    points = (np.arange(20_000) + 0.5) / 20_000
    alive = (start + points[:, None] * way.sum(0)) @ dense.T + bias > 0  # where the units of the layer are not cut off
    gradient = (alive * head[1]) @ dense
    found = explained(static.double(), Rule(steps=512, most=512))
    np.testing.assert_allclose(found.values, way @ gradient.mean(0), atol=2e-3)
    assert found.error < 2e-3


def test_steps_are_doubled_until_the_sum_is_exact_enough(static):
    coarse = explained(static, Rule(steps=2, most=2, tolerance=1e-3))
    fine = explained(static, Rule(steps=2, most=4096, tolerance=1e-3))
    assert coarse.relative > 1e-3 > fine.relative
    assert fine.steps > 256  # where the nodes are others
    assert (coarse.value, coarse.difference) == (fine.value, fine.difference)


def test_a_text_that_is_its_baseline_says_nothing(static):
    found = explained(static, ids=EMPTY)
    assert found.difference == found.relative == 0
    assert not found.values.any()


def test_a_model_that_reads_its_embeddings_elsewhere_is_refused():
    config = BartConfig(
        vocab_size=20, d_model=8, encoder_layers=1, decoder_layers=1, encoder_attention_heads=2,
        decoder_attention_heads=2, encoder_ffn_dim=8, decoder_ffn_dim=8, max_position_embeddings=16, num_labels=2,
        pad_token_id=1, eos_token_id=2,
    )  # fmt: skip
    ids = torch.tensor([[5, 9, 7, 2]])
    with pytest.raises(ModelError, match="a bart model reads the embeddings of its tokens 0 times, not once, so that"):
        explained(AutoModelForSequenceClassification.from_config(config).eval(), ids=ids)
