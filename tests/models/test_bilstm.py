import re

import numpy as np
import pytest
import torch
from transformers import AutoConfig, AutoModel, AutoModelForSequenceClassification, AutoModelForTokenClassification

from distill.errors import ModelError
from distill.models import attention, loading
from distill.models.bilstm import BiLstmConfig, BiLstmModel, embed
from distill.models.forward import outputs

TEXT, WORD = "AutoModelForSequenceClassification", "AutoModelForTokenClassification"
TEXTS = [[2, 7, 9, 4, 3], [2, 5, 3], [2, 8, 8, 6, 11, 10, 3]]


def made(head, **changes):
    torch.manual_seed(0)
    given = {"vocab_size": 20, "embedding_size": 6, "lstm_size": 4, "num_hidden_layers": 2, "num_labels": 3}
    return loading.from_config(BiLstmConfig(**{**given, **changes}), head).eval()


def batch(texts, to=None, fill=0):
    longest = to or max(map(len, texts))
    return {
        "input_ids": torch.tensor([[*ids, *[fill] * (longest - len(ids))] for ids in texts]),
        "attention_mask": torch.tensor([[1] * len(ids) + [0] * (longest - len(ids)) for ids in texts]),
    }


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def one_way(cell, suffix, inputs):
    """A loop over one direction of an LSTM (Hochreiter & Schmidhuber 1997), in torch's order of gates."""
    names = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")
    into, back, bias, more = (getattr(cell, name + suffix).detach().numpy() for name in names)
    size = back.shape[1]
    state, memory, found = np.zeros(size), np.zeros(size), []
    for vector in inputs:
        gates = into @ vector + bias + back @ state + more
        let_in, forget, new, out = (gates[part * size : (part + 1) * size] for part in range(4))
        memory = sigmoid(forget) * memory + sigmoid(let_in) * np.tanh(new)
        state = sigmoid(out) * np.tanh(memory)
        found.append(state)
    return np.array(found)


def test_a_text_is_read_in_both_directions_and_judged_by_both_ends():
    model = made(TEXT)
    for ids in TEXTS:
        states = model.bilstm.embeddings.weight.detach().numpy()[ids] + model.bilstm.types.weight.detach().numpy()[0]
        states = states @ model.bilstm.project.weight.detach().numpy().T + model.bilstm.project.bias.detach().numpy()
        for cell in model.bilstm.layers:
            there, back = one_way(cell, "", states), one_way(cell, "_reverse", states[::-1])[::-1]
            states = np.concatenate([there, back], axis=1)
        ends = np.concatenate([states[-1, :4], states[0, 4:]])
        inner = np.maximum(model.dense.weight.detach().numpy() @ ends + model.dense.bias.detach().numpy(), 0)
        expected = model.classifier.weight.detach().numpy() @ inner + model.classifier.bias.detach().numpy()
        found = outputs(model, batch([ids]), hidden=True)
        assert np.allclose(found.logits[0].detach(), expected, atol=1e-5)
        assert np.allclose(found.hidden[-1][0].detach(), states, atol=1e-5)


@pytest.mark.parametrize("head", [TEXT, WORD])
def test_the_same_text_gives_the_same_logits_in_any_batch_whatever_fills_it_up(head):
    model = made(head)
    with torch.no_grad():
        alone = [outputs(model, batch([ids])).logits[0] for ids in TEXTS]
        for together in (batch(TEXTS), batch(TEXTS, to=12), batch(TEXTS, fill=9)):
            found = outputs(model, together).logits
            for ids, mine, theirs in zip(TEXTS, found, alone, strict=True):
                real = mine if head == TEXT else mine[: len(ids)]
                assert torch.allclose(real, theirs, atol=1e-6)
        turned = outputs(model, batch(TEXTS[::-1])).logits[0]
        assert torch.allclose(turned, found[-1] if head == TEXT else found[-1][:7], atol=1e-6)


def test_padding_gets_no_gradient():
    model = made(TEXT)
    filled = batch(TEXTS, fill=19)
    outputs(model, filled).logits.sum().backward()
    moved = model.bilstm.embeddings.weight.grad.abs().sum(1)
    assert moved[19] == 0
    assert all(moved[token] > 0 for token in (2, 3, 7))


def test_texts_that_are_filled_up_in_front_are_refused():
    given = batch(TEXTS)
    with pytest.raises(ValueError, match=r"^texts must be filled up at their ends, not in front$"):
        made(TEXT)(**{name: tensor.flip(1) for name, tensor in given.items()})


def test_a_pair_is_told_apart_by_its_token_types():
    model, given = made(TEXT), batch(TEXTS[:1])
    second = torch.tensor([[0, 0, 0, 1, 1]])
    assert not torch.allclose(model(**given).logits, model(**given, token_type_ids=second).logits)


def test_states_have_one_width_and_are_handed_out_for_each_layer():
    answer = outputs(made(WORD), batch(TEXTS), hidden=True)
    assert [states.shape for states in answer.hidden] == [(3, 7, 8)] * 3
    assert not outputs(made(WORD), batch(TEXTS)).hidden


def test_transformers_loads_what_it_saved(tmp_path):
    for head, kind in ((TEXT, AutoModelForSequenceClassification), (WORD, AutoModelForTokenClassification)):
        model = made(head)
        loading.name_labels(model.config, ["a", "b", "c"], "class")
        model.save_pretrained(tmp_path)
        read = kind.from_pretrained(tmp_path).eval()
        assert torch.equal(read(**batch(TEXTS)).logits, model(**batch(TEXTS)).logits)
        assert read.config.id2label == {0: "a", 1: "b", 2: "c"}
        assert AutoConfig.from_pretrained(tmp_path).hidden_size == 8
        assert isinstance(AutoModel.from_pretrained(tmp_path), BiLstmModel)
        again = loading.load_model(tmp_path, head, labels=["a", "b", "c"], dropout=0.4)
        assert {each.p for each in again.modules() if isinstance(each, torch.nn.Dropout)} == {0.4}
        assert loading.bound(again.config) is None


def test_a_new_token_gets_a_vector_of_its_own():
    model = made(TEXT)
    before = model.bilstm.embeddings.weight.clone()
    model.resize_token_embeddings(22, mean_resizing=False)
    assert torch.equal(model.bilstm.embeddings.weight[:20], before)
    assert model(**batch([[2, 21, 3]])).logits.shape == (1, 3)


def test_embeddings_begin_as_the_nearest_of_their_rank_to_the_teachers():
    torch.manual_seed(1)
    theirs = torch.randn(20, 9) * torch.logspace(0, -1, 9)
    model = made(TEXT)
    embed(model, theirs)
    mine = model.bilstm.embeddings.weight.detach()
    assert float(mine.square().mean()) == pytest.approx(1, abs=1e-5)
    left, values, _ = np.linalg.svd(theirs.numpy(), full_matrices=False)
    best = left[:, :6] * values[:6]
    best /= np.sqrt((best**2).mean())
    assert np.allclose(mine @ mine.T, best @ best.T, atol=1e-4), "the same products, in whatever basis"


def test_embeddings_wider_than_the_teachers_are_refused():
    message = "student.lstm.embedding_size=6: the teacher's embeddings, which it is made of, have 5"
    with pytest.raises(ModelError, match=f"^{re.escape(message)}$"):
        embed(made(TEXT), torch.randn(20, 5))


def test_there_is_no_attention_to_look_into():
    with pytest.raises(ModelError, match=r"^distill-bilstm models: queries, keys and values cannot be found"):
        attention.projections(made(TEXT))


def test_every_weight_has_a_gradient_also_where_the_tokenizer_tells_no_types():
    model = made(TEXT)
    model(**batch(TEXTS)).logits.sum().backward()
    assert [name for name, weight in model.named_parameters() if weight.grad is None] == []
