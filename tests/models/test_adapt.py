import re

import pytest
import torch
from transformers import (
    BartConfig,
    BertConfig,
    BertForQuestionAnswering,
    BertForSequenceClassification,
    BertForTokenClassification,
    DistilBertConfig,
    DistilBertForSequenceClassification,
    ElectraConfig,
    GPT2Config,
    LlamaConfig,
    T5Config,
)

from distill.errors import ModelError
from distill.models import loading
from distill.models.forward import outputs
from distill.models.trainable_weights import add_lora, freeze, merge_adapters

HEAD = "AutoModelForSequenceClassification"
BATCH = {"input_ids": torch.tensor([[1, 5, 6]]), "attention_mask": torch.ones(1, 3, dtype=torch.long)}


def bert():
    torch.manual_seed(0)
    size = {"vocab_size": 40, "hidden_size": 16, "num_hidden_layers": 3, "num_attention_heads": 2}
    return BertForSequenceClassification(BertConfig(**size, intermediate_size=16))


def learning(model):
    return {name for name, weight in model.named_parameters() if weight.requires_grad}


def test_embeddings_and_lower_layers_stay_and_the_rest_learns():
    model = bert()
    freeze(model, 2)
    assert all("layer.2." in name or "pooler" in name or "classifier" in name for name in learning(model))
    assert any("layer.2." in name for name in learning(model))
    size = DistilBertConfig(vocab_size=40, dim=16, n_layers=3, n_heads=2, hidden_dim=16)
    other = DistilBertForSequenceClassification(size)
    freeze(other, 3)
    assert all("classifier" in name for name in learning(other))


SMALL = {"vocab_size": 40, "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2}
STACKS = {"encoder_layers": 2, "decoder_layers": 2, "encoder_attention_heads": 2, "decoder_attention_heads": 2}


@pytest.mark.parametrize(
    ("config", "head"),
    [
        (ElectraConfig(**SMALL, embedding_size=8, intermediate_size=16), "AutoModelForSequenceClassification"),
        (GPT2Config(vocab_size=40, n_embd=16, n_layer=2, n_head=2), "AutoModelForCausalLM"),
        (LlamaConfig(**SMALL, intermediate_size=16), "AutoModelForCausalLM"),
        (BartConfig(vocab_size=40, d_model=16, **STACKS), "AutoModelForSeq2SeqLM"),
        (T5Config(vocab_size=40, d_model=16, d_kv=8, d_ff=16, num_layers=2, num_heads=2), "AutoModelForSeq2SeqLM"),
    ],
    ids=lambda value: getattr(value, "model_type", ""),
)
def test_embeddings_stay_by_whatever_name(config, head):
    model = loading.from_config(config, head)
    tables = {id(each.weight) for each in model.modules() if isinstance(each, torch.nn.Embedding)}
    top = {name for name, _ in model.named_parameters() if re.match(r"\D+\.1\.", name)}
    freeze(model, 1)
    assert top
    assert top <= learning(model)
    assert not [name for name, weight in model.named_parameters() if weight.requires_grad and id(weight) in tables]


def test_adapters_learn_beside_frozen_weights_and_fold_into_them():
    model = add_lora(bert(), HEAD, rank=4, alpha=8.0, dropout=0.0)
    assert all("lora_" in name or "classifier" in name for name in learning(model))
    optimizer = torch.optim.SGD([weight for weight in model.parameters() if weight.requires_grad], 0.5)
    for _ in range(3):
        torch.nn.functional.cross_entropy(outputs(model, BATCH).logits, torch.tensor([1])).backward()
        optimizer.step()
    model.train(False)
    with_adapters = outputs(model, BATCH).logits
    assert not torch.allclose(with_adapters, outputs(bert().train(False), BATCH).logits)
    folded = merge_adapters(model)
    assert isinstance(folded, BertForSequenceClassification)
    assert set(folded.state_dict()) == set(bert().state_dict())
    assert torch.allclose(outputs(folded, BATCH).logits, with_adapters, atol=1e-6)


def test_a_model_without_adapters_is_left_as_it_is():
    model = bert()
    assert merge_adapters(model) is model


def test_an_architecture_that_peft_does_not_know_is_refused(monkeypatch):
    model = bert()
    monkeypatch.setattr(BertConfig, "model_type", "unheard-of")
    message = "finetune.lora.rank=4: Please specify `target_modules`"
    with pytest.raises(ModelError, match=re.escape(message)):
        add_lora(model, HEAD, rank=4, alpha=8.0, dropout=0.0)


def test_the_head_of_each_task_learns_beside_the_adapters():
    torch.manual_seed(0)
    size = BertConfig(vocab_size=40, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16)
    for model, head, last in (
        (BertForQuestionAnswering(size), "AutoModelForQuestionAnswering", "qa_outputs"),
        (BertForTokenClassification(size), "AutoModelForTokenClassification", "classifier"),
    ):
        names = learning(add_lora(model, head, rank=2, alpha=4.0, dropout=0.0))
        assert any(last in name for name in names)
        assert all("lora_" in name or last in name for name in names)
