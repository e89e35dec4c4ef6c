"""A head that has learnt labels before keeps the outputs that the new labels name, and says so."""

import pytest
import torch
from transformers import BertConfig, BertForSequenceClassification, BertModel

from distill.errors import ModelError
from distill.models import loading
from distill.models.forward import select_columns
from distill.models.label_columns import columns_of_some
from distill.models.warm_start import WarmStart, warm_start
from distill.types import FLOOR

HEAD = "AutoModelForSequenceClassification"
SIZE = {"vocab_size": 20, "hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 8}


@pytest.fixture
def folder(tmp_path):
    config = BertConfig(**SIZE, num_labels=3, id2label=dict(enumerate(["cards", "loans", "fees"])))
    config.label2id = {name: number for number, name in config.id2label.items()}
    torch.manual_seed(0)
    model = BertForSequenceClassification(config)
    torch.nn.init.normal_(model.classifier.bias)
    model.save_pretrained(tmp_path)
    return tmp_path


def head_of(folder, labels, named=()):
    model = loading.load_model(folder, HEAD, labels=labels, new_head=True, named=named)
    return model.classifier.weight.detach(), model.classifier.bias.detach()


@pytest.mark.parametrize(
    "labels", [["cards", "fees", "fraud", "loans"], ["fees", "cards"], ["loans", "fraud", "cards"]]
)
def test_outputs_of_the_same_name_keep_their_weights_whatever_their_number(folder, labels):
    old = head_of(folder, ["cards", "loans", "fees"])
    new = head_of(folder, labels)
    for place, label in enumerate(labels):
        for weight, was in zip(new, old, strict=True):
            if label == "fraud":
                assert not any(torch.equal(weight[place], each) for each in was)
            else:
                assert torch.equal(weight[place], was[["cards", "loans", "fees"].index(label)])


def test_a_label_that_was_renamed_keeps_its_weights(folder):
    old = head_of(folder, ["cards", "loans", "fees"])
    weight, _ = head_of(folder, ["credits", "fees", "cards", "fraud"], ["cards", "credits", "fees"])
    assert torch.equal(weight[:3], old[0][[1, 2, 0]])


def test_what_is_kept_new_and_left_out_is_said(folder):
    start = warm_start(loading.configuration(folder), HEAD, ["cards", "fraud"])
    assert start.grows
    assert start.sentence == ("its outputs cards keep their weights, fraud begins anew, loans, fees are left out")
    others = warm_start(loading.configuration(folder), HEAD, ["yes", "no"])
    assert not others.grows
    assert others.sentence == "none of its outputs cards, loans, fees is one of yes, no: the head begins anew"
    assert WarmStart(("a", "b"), ("c", "d")).sentence == "its 2 outputs a, b are now c, d, in this order"


def test_a_model_without_a_head_keeps_nothing(tmp_path):
    BertModel(BertConfig(**SIZE)).save_pretrained(tmp_path)
    assert warm_start(loading.configuration(tmp_path), HEAD, ["LABEL_0", "yes"]) is None


def test_names_of_more_outputs_than_there_are_are_refused(folder):
    with pytest.raises(ModelError, match="4 outputs are named a, b, c, d, and the checkpoint has 3"):
        warm_start(loading.configuration(folder), HEAD, ["a", "b"], ["a", "b", "c", "d"])


def test_a_model_never_gives_a_label_that_it_has_not_learnt():
    columns = columns_of_some(["cards", "loans"], ["fraud", "loans", "cards"])
    logits = select_columns(torch.tensor([[[1.0, 2.0]]]), columns)
    assert logits.tolist() == [[[FLOOR, 2.0, 1.0]]]
    assert logits.softmax(dim=-1)[0, 0, 0] == 0
    with pytest.raises(ModelError, match="the model's labels are yes, those of the data are no"):
        columns_of_some(["yes"], ["no"])
