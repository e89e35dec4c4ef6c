"""A model that learns with rounding reads the numbers that the export in 8 bits keeps, and its gradients pass."""

import numpy as np
import pytest
import torch
from transformers import BertConfig, BertForSequenceClassification

from distill.export.int8.weights import round_linear, round_table
from distill.models.eight_bits import Range, rounded
from distill.models.fake_quantization import (
    FakeQuantization,
    RoundedEmbedding,
    RoundedLinear,
    rounded_rows,
    rounded_weights,
    without_rounding,
)


def bert(dropout=0.0):
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=30, hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=24,
        max_position_embeddings=20, hidden_dropout_prob=dropout, num_labels=3,
    )  # fmt: skip
    return BertForSequenceClassification(config).eval()


def batch(*lengths, tokens=None):
    """Texts of these lengths, filled up at their ends to the longest, or to so many tokens."""
    ids = torch.from_numpy(np.random.default_rng(0).integers(1, 30, (len(lengths), max(lengths))))
    mask = (torch.arange(max(lengths)) < torch.tensor(lengths).unsqueeze(1)).long()
    more = (0, (tokens or max(lengths)) - max(lengths))
    return {name: torch.nn.functional.pad(values, more) for name, values in
            (("input_ids", ids * mask), ("attention_mask", mask))}  # fmt: skip


def logits(model):
    with torch.no_grad():
        return model(**batch(9, 4)).logits


@pytest.mark.parametrize("inputs", [1, 2, 40])
def test_weights_are_rounded_as_the_export_rounds_them(inputs):
    weights = np.random.default_rng(inputs).standard_t(3, (50, inputs)).astype(np.float32)
    weights[3] = 0
    values, scale = round_linear(weights.T)
    assert rounded_weights(torch.from_numpy(weights)).numpy() == pytest.approx((values * scale).T, rel=1e-6)


def test_rows_of_embeddings_are_rounded_as_the_export_rounds_them():
    rows = np.random.default_rng(0).standard_t(3, (50, 8)).astype(np.float32)
    rows[3] = 0
    values, scale = round_table(rows)
    assert rounded_rows(torch.from_numpy(rows)).numpy() == pytest.approx(values * scale, rel=1e-5, abs=1e-7)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_layer_computes_with_rounded_weights_and_a_rounded_input(dtype):
    torch.manual_seed(0)
    layer, within = RoundedLinear(torch.nn.Linear(6, 4, dtype=dtype)), Range(-1.0, 2.5)
    layer.read_within(within)
    given = 3 * torch.randn(20, 6, dtype=dtype)
    weights = rounded_weights(layer.weight).detach().numpy()
    expected = rounded(given.numpy(), within) @ weights.T + layer.bias.detach().numpy()
    assert layer(given).detach().numpy() == pytest.approx(expected, abs=1e-5)


def test_gradients_pass_the_rounding_and_stop_where_an_input_is_cut_off():
    layer = RoundedLinear(torch.nn.Linear(4, 1, bias=False))
    layer.read_within(Range(-1.0, 2.0))
    given = torch.tensor([[-1.5, -0.9, 1.9, 2.5]], requires_grad=True)
    layer(given).sum().backward()
    weights = rounded_weights(layer.weight).detach()
    assert torch.equal(given.grad != 0, torch.tensor([[False, True, True, False]]))
    assert torch.equal(given.grad[0, 1:3], weights[0, 1:3])
    read = rounded(given.detach().numpy(), Range(-1.0, 2.0))
    assert layer.weight.grad.numpy() == pytest.approx(read, abs=1e-6), "as if the weights were not rounded"
    rows = torch.randn(3, 5, requires_grad=True)
    rounded_rows(rows).sum().backward()
    assert torch.equal(rows.grad, torch.ones(3, 5))


def test_all_layers_but_the_last_round_and_those_that_read_one_tensor_have_one_range():
    model = bert()
    quantization = FakeQuantization(model, [batch(9, 4)])
    names = {layer: name for name, layer in model.named_modules()}
    assert type(model.classifier) is torch.nn.Linear
    assert [name for name, layer in model.named_modules() if isinstance(layer, RoundedEmbedding)] == [
        "bert.embeddings.word_embeddings",
        "bert.embeddings.position_embeddings",
    ], "not the few kinds of tokens"
    together = {tuple(sorted(names[layer].rsplit(".")[-1] for layer in group)) for group in quantization.groups}
    assert together == {("key", "query", "value"), ("dense",)}
    assert sum(map(len, quantization.groups)) == 2 * 6 + 1
    scales = [{float(layer.input_scale) for layer in group} for group in quantization.groups]
    assert [len(each) for each in scales] == [1] * len(scales)
    assert all(scale != {1.0} for scale in scales)


def test_padding_and_dropout_count_in_no_range_and_chance_stays_as_it_was():
    scales = []
    for tokens in (9, 20):
        model = bert(dropout=0.5).train()
        before = torch.get_rng_state()
        FakeQuantization(model, [batch(9, 4, tokens=tokens)])
        assert torch.equal(torch.get_rng_state(), before)
        assert all(module.training for module in model.modules())
        scales.append([float(layer.input_scale) for layer in model.modules() if isinstance(layer, RoundedLinear)])
    assert scales[0] == pytest.approx(scales[1], rel=1e-3)


def test_ranges_follow_the_weights_and_depend_on_nothing_else():
    model = bert()
    quantization = FakeQuantization(model, [batch(9, 4)])
    before = logits(model)
    quantization.calibrate()
    assert torch.equal(logits(model), before)
    with torch.no_grad():
        for layer in model.bert.encoder.layer:
            layer.output.LayerNorm.weight *= 4
    moved = logits(model)
    quantization.calibrate()
    assert not torch.equal(logits(model), moved)


def test_a_model_without_rounding_is_plain_again_and_has_the_same_weights():
    model, other = bert(), bert()
    full = logits(model)
    FakeQuantization(model, [batch(9, 4)])
    learnt = logits(model)
    assert not torch.equal(learnt, full)
    assert set(other.state_dict()) < set(model.state_dict())
    assert [name for name, _ in model.named_parameters()] == [name for name, _ in other.named_parameters()]
    plain = without_rounding(model)
    assert plain.state_dict().keys() == other.state_dict().keys()
    assert [type(layer) for layer in plain.modules()] == [type(layer) for layer in other.modules()]
    assert torch.equal(logits(plain), full)
