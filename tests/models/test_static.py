"""The mean of token embeddings with a head: by its formula, in any batch, saved, traced, and made of a teacher's."""

import warnings

import numpy as np
import pytest
import torch
from transformers import AutoModel, AutoModelForSequenceClassification

from distill.models import loading, static
from distill.models.configuration import OWN
from distill.models.forward import outputs
from distill.models.static import StaticConfig, StaticModel, embed
from distill.student import STUDENTS, student_kind

HEAD = "AutoModelForSequenceClassification"
SEP = 3
TEXTS = [[2, 7, 9, 4, 3], [2, 5, 3], [2, 8, 8, 6, 11, 10, 3]]
PAIRS = [[2, 7, 9, 3, 4, 3], [2, 5, 3, 3, 8, 6, 3], [2, 5, 3]]
"""As BERT and as RoBERTa write them; and one without a second text."""


def made(**changes):
    torch.manual_seed(0)
    given = {"vocab_size": 20, "hidden_size": 6, "num_labels": 3, "sep_token_id": SEP}
    return loading.from_config(StaticConfig(**{**given, **changes}), HEAD).eval()


def batch(texts, to=None, fill=0, side="right"):
    longest = to or max(map(len, texts))

    def padded(values, value):
        more = [value] * (longest - len(values))
        return [*values, *more] if side == "right" else [*more, *values]

    return {
        "input_ids": torch.tensor([padded(ids, fill) for ids in texts]),
        "attention_mask": torch.tensor([padded([1] * len(ids), 0) for ids in texts]),
    }


def answered(model, features):
    dense, classifier = (
        (layer.weight.detach().numpy(), layer.bias.detach().numpy()) for layer in (model.dense, model.classifier)
    )
    return classifier[0] @ np.maximum(dense[0] @ features + dense[1], 0) + classifier[1]


def test_a_text_is_judged_by_the_mean_of_its_embeddings():
    model = made()
    table = model.static.embeddings.weight.detach().numpy()
    found = outputs(model, batch(TEXTS)).logits.detach()
    for ids, logits in zip(TEXTS, found, strict=True):
        assert np.allclose(logits, answered(model, table[ids].mean(0)), atol=1e-5)


@pytest.mark.parametrize(("ids", "first"), zip(PAIRS, (4, 3, 3), strict=True))
def test_a_pair_is_judged_by_both_means_and_how_they_differ(ids, first):
    model = made(texts=2)
    table = model.static.embeddings.weight.detach().numpy()
    u = table[ids[:first]].mean(0)
    v = table[ids[first:]].mean(0) if ids[first:] else np.zeros(6, dtype=np.float32)
    expected = answered(model, np.concatenate([u, v, np.abs(u - v), u * v]))
    assert np.allclose(outputs(model, batch([ids])).logits[0].detach(), expected, atol=1e-5)


def test_without_a_separator_there_is_one_text():
    model = made(texts=2, sep_token_id=None)
    u = model.static.embeddings.weight.detach().numpy()[PAIRS[0]].mean(0)
    expected = answered(model, np.concatenate([u, np.zeros_like(u), np.abs(u), np.zeros_like(u)]))
    assert np.allclose(outputs(model, batch(PAIRS[:1])).logits[0].detach(), expected, atol=1e-5)


@pytest.mark.parametrize("texts", [TEXTS, PAIRS])
def test_the_same_text_gives_the_same_logits_in_any_batch_whatever_fills_it_up(texts):
    model = made(texts=1 if texts is TEXTS else 2)
    with torch.no_grad():
        alone = torch.cat([outputs(model, batch([ids])).logits for ids in texts])
        for together in (batch(texts), batch(texts, to=12, fill=SEP), batch(texts, to=9, fill=5, side="left")):
            assert torch.allclose(outputs(model, together).logits, alone, atol=1e-6)


def test_padding_gets_no_gradient_and_every_weight_has_one():
    model = made(texts=2)
    outputs(model, batch(PAIRS, fill=19)).logits.sum().backward()
    assert model.static.embeddings.weight.grad.abs().sum(1)[19] == 0
    assert [name for name, weight in model.named_parameters() if weight.grad is None] == []


def test_transformers_loads_what_it_saved(tmp_path):
    model = made(texts=2)
    loading.name_labels(model.config, ["a", "b", "c"], "class")
    model.save_pretrained(tmp_path)
    read = AutoModelForSequenceClassification.from_pretrained(tmp_path).eval()
    assert torch.equal(read(**batch(PAIRS)).logits, model(**batch(PAIRS)).logits)
    assert read.config.id2label == {0: "a", 1: "b", 2: "c"}
    assert isinstance(AutoModel.from_pretrained(tmp_path), StaticModel)
    again = loading.load_model(tmp_path, HEAD, labels=["a", "b", "c"], dropout=0.4)
    assert {each.p for each in again.modules() if isinstance(each, torch.nn.Dropout)} == {0.4}
    assert loading.bound(again.config) is None


def test_kinds_name_the_architectures_that_modules_of_their_own_make_known():
    named = {kind.architecture for kind in map(student_kind, STUDENTS) if kind.architecture is not None}
    assert named == OWN.keys()


def test_embeddings_begin_as_the_teachers_components_weighted_by_their_rarity():
    torch.manual_seed(1)
    teachers = torch.randn(20, 9) * torch.logspace(0, -1, 9) + 3
    counts = torch.tensor([100, 0, 10, 1])
    model = made()
    embed(model, teachers, counts, 0.01)
    centred = teachers.numpy() - teachers.numpy().mean(0)
    left, values, _ = np.linalg.svd(centred, full_matrices=False)
    best = left[:, :6] * values[:6]
    best /= np.sqrt((best**2).mean())
    frequency = np.concatenate([counts.numpy() / 111, np.zeros(16)])
    best *= (0.01 / (0.01 + frequency))[:, None]
    found = model.static.embeddings.weight.detach().numpy()
    assert np.allclose(found @ found.T, best @ best.T, atol=1e-4), "the same products, in whatever basis"


class _Logits(torch.nn.Module):
    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, input_ids, attention_mask):
        return self.model(input_ids, attention_mask).logits


@pytest.mark.parametrize("texts", [TEXTS, PAIRS])
def test_it_is_traced_to_a_graph_of_any_batch_and_length(texts, tmp_path):
    onnxruntime = pytest.importorskip("onnxruntime")
    model = made(texts=1 if texts is TEXTS else 2)
    names = ["input_ids", "attention_mask"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            _Logits(model).eval(), tuple(batch(texts).values()), tmp_path / "model.onnx", dynamo=False,
            opset_version=17, input_names=names, output_names=["logits"],
            dynamic_axes={name: {0: "batch", 1: "tokens"} for name in names},
        )  # fmt: skip
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx", providers=["CPUExecutionProvider"])
    for given in (batch(texts), batch(texts[:1]), batch(texts, to=15)):
        (logits,) = session.run(["logits"], {name: tensor.numpy() for name, tensor in given.items()})
        assert np.allclose(logits, outputs(model, given).logits.detach(), atol=1e-5)


def test_the_module_is_named_for_those_who_have_transformers_alone():
    assert OWN["distill-static"] == static.__name__
