import re
from copy import deepcopy

import pytest
import torch
from transformers import (
    BartConfig,
    BertConfig,
    BertForSequenceClassification,
    DebertaV2Config,
    DistilBertConfig,
    ElectraConfig,
    GPT2Config,
    LlamaConfig,
    ModernBertConfig,
    RobertaConfig,
    T5Config,
)

from distill.errors import ModelError
from distill.models import loading
from distill.models.adapt import Adaptation, Trained, adapt, depths, finished, freeze, learns_at, trained
from distill.models.adapters import Lora
from distill.models.fake_quantization import FakeQuantization, without_rounding
from distill.models.forward import outputs
from distill.models.missing_weights import head_weights

TEXTS, TOKENS, SPANS = (
    f"AutoModelFor{task}" for task in ("SequenceClassification", "TokenClassification", "QuestionAnswering")
)
SMALL = {"vocab_size": 40, "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "pad_token_id": 0}
STACKS = {"encoder_layers": 2, "decoder_layers": 2, "encoder_attention_heads": 2, "decoder_attention_heads": 2}
T5 = T5Config(vocab_size=40, d_model=16, d_kv=8, d_ff=16, num_layers=2, num_heads=2, decoder_start_token_id=0)
ARCHITECTURES = (
    BertConfig(**SMALL, intermediate_size=16),
    RobertaConfig(**SMALL | {"pad_token_id": 1}, intermediate_size=16),
    DistilBertConfig(vocab_size=40, dim=16, n_layers=2, n_heads=2, hidden_dim=16),
    ElectraConfig(**SMALL, embedding_size=8, intermediate_size=16),
    DebertaV2Config(**SMALL, intermediate_size=16, relative_attention=True, pos_att_type=["p2c", "c2p"]),
    ModernBertConfig(**SMALL, intermediate_size=16, bos_token_id=1, eos_token_id=2, cls_token_id=1, sep_token_id=2),
    GPT2Config(vocab_size=40, n_embd=16, n_layer=2, n_head=2, n_positions=64, pad_token_id=0),
    LlamaConfig(**SMALL, intermediate_size=16),
    BartConfig(vocab_size=40, d_model=16, **STACKS, encoder_ffn_dim=16, decoder_ffn_dim=16, pad_token_id=3),
    T5,
)
KINDS = tuple(config.model_type for config in ARCHITECTURES)
NO_BIASES = ("modernbert", "llama", "t5")
PREFIXED = ("bert", "roberta", "electra", "gpt2", "llama")


def model_of(config, head=TEXTS):
    torch.manual_seed(0)
    return loading.from_config(deepcopy(config), head).train(False)


def bert(layers=3):
    return model_of(BertConfig(**SMALL | {"num_hidden_layers": layers}, intermediate_size=16))


def texts(config, rows):
    """Rows of tokens that end as the architecture's texts do, filled up."""
    end, pad = {"t5": 1}.get(config.model_type, 2), config.pad_token_id
    ids = [[5 + place for place in range(length - 1)] + [end] for length in rows]
    longest = max(rows)
    return {
        "input_ids": torch.tensor([row + [pad] * (longest - len(row)) for row in ids]),
        "attention_mask": torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in ids]),
    }


def learning(model):
    return {name for name, weight in model.named_parameters() if weight.requires_grad}


def steps(model, batch, count=2):
    """Move what learns, so that it differs from where it began."""
    optimizer = torch.optim.Adam([weight for weight in model.parameters() if weight.requires_grad], 0.02)
    for _ in range(count):
        optimizer.zero_grad()
        outputs(model, batch).logits.square().sum().backward()
        optimizer.step()


def test_embeddings_and_lower_layers_stay_and_the_rest_learns():
    model = bert()
    adapt(model, Adaptation(frozen_layers=2))
    assert all("layer.2." in name or "pooler" in name or "classifier" in name for name in learning(model))
    assert any("layer.2." in name for name in learning(model))


@pytest.mark.parametrize(
    ("config", "head"),
    [
        (ElectraConfig(**SMALL, embedding_size=8, intermediate_size=16), TEXTS),
        (GPT2Config(vocab_size=40, n_embd=16, n_layer=2, n_head=2), "AutoModelForCausalLM"),
        (LlamaConfig(**SMALL, intermediate_size=16), "AutoModelForCausalLM"),
        (BartConfig(vocab_size=40, d_model=16, **STACKS), "AutoModelForSeq2SeqLM"),
        (T5, "AutoModelForSeq2SeqLM"),
    ],
    ids=lambda value: getattr(value, "model_type", ""),
)
def test_embeddings_stay_by_whatever_name(config, head):
    model = model_of(config, head)
    tables = {id(each.weight) for each in model.modules() if isinstance(each, torch.nn.Embedding)}
    top = {name for name, _ in model.named_parameters() if re.match(r"\D+\.1\.", name)}
    freeze(model, 1)
    assert top
    assert top <= learning(model)
    assert not [name for name, weight in model.named_parameters() if weight.requires_grad and id(weight) in tables]


def test_embeddings_alone_stay():
    model = bert()
    adapt(model, Adaptation(frozen="embeddings"))
    assert {name for name, _ in model.named_parameters()} - learning(model) == {
        name for name, _ in model.named_parameters() if name.startswith("bert.embeddings.")
    }


def test_of_a_frozen_body_head_and_pooler_learn():
    model = bert()
    adapt(model, Adaptation(frozen="body"))
    assert learning(model) == {
        f"{module}.{kind}" for module in ("bert.pooler.dense", "classifier") for kind in ("weight", "bias")
    }


@pytest.mark.parametrize("config", ARCHITECTURES, ids=KINDS)
@pytest.mark.parametrize("method", ["lora", "ia3"])
def test_adapters_learn_in_every_architecture_and_fold_into_its_weights(config, method):
    model, before = model_of(config), model_of(config)
    batch = texts(config, [6, 4])
    adapt(model, Adaptation(method=method, lora=Lora(rank=2)))
    assert torch.allclose(outputs(model, batch).logits, outputs(before, batch).logits, atol=1e-6)
    head = head_weights(before)
    steps(model, batch)
    beside = outputs(model, batch).logits
    assert not torch.allclose(beside, outputs(before, batch).logits, atol=1e-5)
    folded = finished(model)
    assert folded is model
    assert set(folded.state_dict()) == set(before.state_dict())
    assert torch.allclose(outputs(folded, batch).logits, beside, atol=1e-5)
    moved = {name for name, weight in folded.state_dict().items() if not torch.equal(weight, before.state_dict()[name])}
    assert moved - head
    assert not [name for name in moved if "embed" in name or ("norm" in name.lower() and name not in head)]


@pytest.mark.parametrize("config", ARCHITECTURES, ids=KINDS)
@pytest.mark.parametrize("method", ["prefix", "prompt"])
def test_virtual_tokens_are_read_and_answers_do_not_depend_on_padding(config, method, tmp_path):
    head = TEXTS if config.model_type in ("bart", "gpt2", "llama", "roberta") else TOKENS
    model, before = model_of(config, head), model_of(config, head)
    adaptation = Adaptation(method=method, virtual_tokens=3)
    if method == "prefix" and config.model_type not in PREFIXED:
        with pytest.raises(ModelError, match="models cannot read keys and values before a text"):
            adapt(model, adaptation)
        return
    adapt(model, adaptation)
    batch, alone = texts(config, [8, 5]), texts(config, [5])
    steps(model, batch)
    told, untold = outputs(model, batch, hidden=True), outputs(before, batch)
    assert told.logits.shape == untold.logits.shape
    assert {state.shape[:2] for state in told.hidden} == {(2, 8)}
    assert not torch.allclose(told.logits, untold.logits, atol=1e-4)
    row = told.logits[1] if head == TEXTS else told.logits[1, :5]
    assert torch.allclose(outputs(model, alone).logits[0], row, atol=1e-5)
    model.save_pretrained(tmp_path)
    again = loading.load_model(tmp_path, head).train(False)
    assert torch.allclose(outputs(again, batch).logits, told.logits, atol=1e-5)


@pytest.mark.parametrize("config", ARCHITECTURES, ids=KINDS)
def test_biases_learn_where_there_are_some(config):
    model = model_of(config)
    if config.model_type in NO_BIASES:
        with pytest.raises(ModelError, match=f"{config.model_type} models have no biases in their layers"):
            adapt(model, Adaptation(method="bias"))
        return
    head = head_weights(model)
    adapt(model, Adaptation(method="bias"))
    body = {name for name in learning(model) if name not in head and "pooler" not in name}
    assert body
    assert all(name.endswith("bias") for name in body)
    assert {name for name, _ in model.named_parameters()} & head <= learning(model)


@pytest.mark.parametrize("config", ARCHITECTURES, ids=KINDS)
def test_depths_count_from_the_embeddings_to_the_head(config):
    model = model_of(config)
    depth_of, head = depths(model), head_weights(model)
    by_name = {name: depth_of[weight] for name, weight in model.named_parameters()}
    assert set(by_name.values()) == {0, 1, 2, 3}
    assert all(by_name[name] == 3 for name in by_name if name in head)
    assert all(depth == 0 for name, depth in by_name.items() if name.endswith(("embed_tokens.weight", "wte.weight")))


def test_a_model_without_adapters_is_left_as_it_is():
    model = bert()
    names = list(model.state_dict())
    assert finished(model) is model
    assert list(model.state_dict()) == names


def test_targets_of_adapters_can_be_named_and_one_that_matches_nothing_is_refused():
    model = bert(2)
    adapt(model, Adaptation(method="lora", lora=Lora(rank=2, targets=("key", "output.dense"))))
    adapted = {name.partition(".lora_A")[0] for name in learning(model) if "lora_A" in name}
    assert {name.rpartition("layer.")[2] for name in adapted} == {
        f"{layer}.{place}"
        for layer in (0, 1)
        for place in ("attention.self.key", "attention.output.dense", "output.dense")
    }
    message = "lora.targets: q_proj is no module in the layers of bert models; they have dense, key, query, value"
    with pytest.raises(ModelError, match=re.escape(message)):
        adapt(bert(2), Adaptation(method="lora", lora=Lora(targets=("q_proj",))))


def test_all_linear_layers_of_the_layers_can_have_adapters():
    model = bert(1)
    adapt(model, Adaptation(method="lora", lora=Lora(rank=2, targets=("all-linear",))))
    adapted = {name.partition(".lora_A")[0] for name in learning(model) if "lora_A" in name}
    assert len(adapted) == 6
    assert not [name for name in adapted if "classifier" in name or "pooler" in name]


def test_an_architecture_without_queries_is_refused(monkeypatch):
    model = bert()
    monkeypatch.setattr(BertConfig, "model_type", "unheard-of")
    for layer in model.bert.encoder.layer:
        layer.attention.self.strange = layer.attention.self.query
        del layer.attention.self.query
    message = "unheard-of models: queries, keys and values cannot be found in their layers"
    with pytest.raises(ModelError, match=re.escape(message)):
        adapt(model, Adaptation(method="lora"))


def test_an_architecture_that_peft_does_not_know_has_its_queries_and_values_adapted(monkeypatch):
    model = bert()
    monkeypatch.setattr(BertConfig, "model_type", "unheard-of")
    adapt(model, Adaptation(method="lora", lora=Lora(rank=2)))
    adapted = {name.partition(".lora_A")[0].rpartition(".")[2] for name in learning(model) if "lora_A" in name}
    assert adapted == {"query", "value"}


def test_the_head_of_each_task_learns_beside_the_adapters():
    for head, last in ((SPANS, "qa_outputs"), (TOKENS, "classifier"), (TEXTS, "classifier")):
        model = model_of(ARCHITECTURES[0], head)
        adapt(model, Adaptation(method="lora", lora=Lora(rank=2)))
        assert any(last in name for name in learning(model))
        assert all("lora_" in name or last in name for name in learning(model))


def test_more_layers_than_there_are_cannot_be_frozen():
    with pytest.raises(ModelError, match="frozen_layers=4: the model has 3 layers"):
        freeze(bert(3), 4)


def test_a_layer_more_learns_each_epoch_from_the_top():
    table = [[depth for depth in range(5) if learns_at(depth, 3, epoch)] for epoch in range(6)]
    assert table == [[4], [3, 4], [2, 3, 4], [1, 2, 3, 4], [0, 1, 2, 3, 4], [0, 1, 2, 3, 4]]


def test_what_has_learnt_is_counted_and_said():
    model = bert(3)
    whole = sum(weight.numel() for weight in model.parameters())
    assert trained(model, Adaptation(), 2) == Trained(whole, whole, "all weights")
    gradual = Adaptation(gradual_unfreezing=True)
    top = [weight for name, weight in model.named_parameters() if re.search(r"layer\.2\.|pooler|classifier", name)]
    assert trained(model, gradual, 2) == Trained(
        sum(weight.numel() for weight in top), whole, "all weights, unfrozen from the top (at the end 1 of 3 layers)"
    )
    assert trained(model, gradual, 5).parameters == whole
    adaptation = Adaptation(method="lora", lora=Lora(rank=2), layer_decay=0.5)
    adapt(model, adaptation)
    adapted = 3 * 2 * (2 * 16 + 16 * 2)
    assert trained(model, adaptation, 2) == Trained(
        adapted + 16 * 2 + 2,
        whole + adapted,
        "low-rank adapters of rank 2 and the head, 0.5 of the rate a layer down",
    )


def test_two_runs_make_the_same_adapters():
    first, second = model_of(ARCHITECTURES[0]), model_of(ARCHITECTURES[0])
    for model in (first, second):
        torch.manual_seed(1)
        adapt(model, Adaptation(method="lora"))
    assert isinstance(first, BertForSequenceClassification)
    assert all(torch.equal(weight, second.state_dict()[name]) for name, weight in first.state_dict().items())


def test_rounding_sees_the_weights_with_their_adapters_folded_in():
    batch = texts(ARCHITECTURES[0], [6, 4])
    model = bert(2)
    adapt(model, Adaptation(method="lora", lora=Lora(rank=2)))
    steps(model, batch)
    folded = finished(deepcopy(model))
    FakeQuantization(model, [batch])
    FakeQuantization(folded, [batch])
    assert torch.allclose(outputs(model, batch).logits, outputs(folded, batch).logits, atol=1e-5)
    outputs(model, batch).logits.sum().backward()
    assert all(weight.grad is not None for name, weight in model.named_parameters() if "lora_" in name)
    plain = finished(without_rounding(model))
    assert set(plain.state_dict()) == set(bert(2).state_dict())
    assert not torch.allclose(outputs(plain, batch).logits, outputs(folded, batch).logits, atol=1e-6)
