"""An adapter that somebody trained with peft becomes a whole model, with the head that came with it, or is refused."""

import json
import re
import shutil
from pathlib import Path

import pytest
import torch
from peft import IA3Config, LoraConfig, PrefixTuningConfig, get_peft_model
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer, models
from transformers import (
    BartConfig,
    BartForSequenceClassification,
    BartModel,
    BertConfig,
    BertForSequenceClassification,
    BertModel,
    DebertaV2Config,
    DebertaV2ForSequenceClassification,
    DebertaV2Model,
    PreTrainedTokenizerFast,
    RobertaConfig,
    RobertaForSequenceClassification,
    RobertaModel,
)

from distill.errors import ModelError
from distill.models import adapter_folders, loading
from distill.models.adapter_folders import whole_model

TEXTS = "AutoModelForSequenceClassification"
SMALL = {"vocab_size": 40, "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 16}
BATCH = {"input_ids": torch.tensor([[3, 5, 6, 4]]), "attention_mask": torch.ones(1, 4, dtype=torch.long)}
KINDS = {
    "bert": (BertConfig(**SMALL), BertModel, BertForSequenceClassification),
    "roberta": (RobertaConfig(**SMALL), RobertaModel, RobertaForSequenceClassification),
}


def base_of(folder, kind="bert", seed=0, **more):
    """A base without a head, and its tokenizer."""
    torch.manual_seed(seed)
    config, body, _ = KINDS[kind]
    body(type(config)(**{**SMALL, **more})).save_pretrained(folder)
    words = {token: place for place, token in enumerate(["[PAD]", "[UNK]", "[MASK]", "[CLS]", "[SEP]", "good", "bad"])}
    special = {"pad_token": "[PAD]", "unk_token": "[UNK]"}
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=Tokenizer(models.WordLevel(words, "[UNK]")), **special)
    tokenizer.save_pretrained(folder)
    return folder


def adapter_of(folder, base, settings, kind="bert", labels=3):
    """An adapter as peft saves it, whose numbers are not those of its beginning; return what it answers."""
    model = KINDS[kind][2].from_pretrained(base, num_labels=labels)
    wrapped = get_peft_model(model, settings)
    torch.manual_seed(1)
    with torch.no_grad():
        for weight in wrapped.parameters():
            if weight.requires_grad:
                weight.add_(0.3 * torch.randn_like(weight))
    wrapped.save_pretrained(folder)
    return wrapped.train(False)(**BATCH).logits


def lora(**more):
    return LoraConfig(**{"task_type": "SEQ_CLS", "r": 2, "target_modules": ["query", "value"], **more})


@pytest.mark.parametrize(
    ("kind", "settings"),
    [
        ("bert", lora()),
        ("bert", lora(task_type=None, modules_to_save=["classifier"])),
        ("bert", IA3Config(task_type="SEQ_CLS")),
        ("roberta", lora(use_dora=True)),
    ],
    ids=["LoRA", "modules_to_save", "IA3", "DoRA of RoBERTa"],
)
def test_base_adapter_and_head_become_one_model_that_answers_the_same(kind, settings, tmp_path):
    base = base_of(tmp_path / "base", kind)
    answer = adapter_of(tmp_path / "adapter", base, settings, kind)
    assert adapter_folders.is_adapter(tmp_path / "adapter")
    assert adapter_folders.base_name(tmp_path / "adapter") == str(base)
    folder = whole_model(tmp_path / "adapter", base, TEXTS, tmp_path / "cache")
    model = loading.load_model(loading.resolve(str(folder)), TEXTS).train(False)
    assert torch.allclose(model(**BATCH).logits, answer, atol=1e-5)
    assert len(loading.load_tokenizer(folder)) == 7
    made = (folder / "model.safetensors").stat().st_mtime_ns
    assert whole_model(tmp_path / "adapter", base, TEXTS, tmp_path / "cache") == folder
    assert (folder / "model.safetensors").stat().st_mtime_ns == made


def test_two_outputs_of_a_bart_whose_names_transformers_does_not_save_stay_two(tmp_path):
    torch.manual_seed(0)
    stacks = {f"{stack}_{name}": 2 for stack in ("encoder", "decoder") for name in ("layers", "attention_heads")}
    config = BartConfig(
        vocab_size=40, d_model=16, encoder_ffn_dim=16, decoder_ffn_dim=16, eos_token_id=4, pad_token_id=0, **stacks
    )  # fmt: skip
    BartModel(config).save_pretrained(tmp_path / "base")
    model = BartForSequenceClassification.from_pretrained(tmp_path / "base", num_labels=2)
    settings = lora(target_modules=["q_proj", "v_proj"], modules_to_save=["classification_head"])
    wrapped = get_peft_model(model, settings).train(False)
    wrapped.save_pretrained(tmp_path / "adapter")
    folder = whole_model(tmp_path / "adapter", tmp_path / "base", TEXTS, tmp_path / "cache")
    read = loading.load_model(folder, TEXTS).train(False)
    assert read.config.id2label == {0: "LABEL_0", 1: "LABEL_1"}
    assert torch.allclose(read(**BATCH).logits, wrapped(**BATCH).logits, atol=1e-5)


def test_names_of_labels_in_the_adapters_folder_are_taken(tmp_path):
    base = base_of(tmp_path / "base")
    adapter_of(tmp_path / "adapter", base, lora())
    names = {"0": "low", "1": "mid", "2": "high"}
    (tmp_path / "adapter" / "config.json").write_text(json.dumps({"id2label": names}))
    folder = whole_model(tmp_path / "adapter", base, TEXTS, tmp_path / "cache")
    assert json.loads((folder / "config.json").read_text())["id2label"] == names


def test_an_adapter_without_a_head_leaves_the_head_out(tmp_path):
    base = base_of(tmp_path / "base")
    adapter_of(tmp_path / "adapter", base, lora(task_type=None))
    folder = whole_model(tmp_path / "adapter", base, TEXTS, tmp_path / "cache")
    assert not [name for name in load_file(folder / "model.safetensors") if name.startswith("classifier")]
    with pytest.raises(ModelError, match=r"has no weights of the head \(classifier.bias, classifier.weight\)"):
        loading.load_model(folder, TEXTS)


def test_a_pooler_that_neither_base_nor_adapter_has_is_not_made_up(tmp_path):
    torch.manual_seed(0)
    config = DebertaV2Config(**SMALL)
    DebertaV2Model(config).save_pretrained(tmp_path / "base")
    wrapped = get_peft_model(
        DebertaV2ForSequenceClassification.from_pretrained(tmp_path / "base", num_labels=3),
        lora(target_modules=["query_proj"]),
    )
    wrapped.save_pretrained(tmp_path / "adapter")
    folder = whole_model(tmp_path / "adapter", tmp_path / "base", TEXTS, tmp_path / "cache")
    with pytest.raises(ModelError, match=r"has no weights of the head \(pooler.dense.bias, pooler.dense.weight\)"):
        loading.load_model(folder, TEXTS)


def other_width(folder):
    return base_of(folder, hidden_size=8)


def deberta(folder):
    DebertaV2Model(DebertaV2Config(**SMALL)).save_pretrained(folder)
    return folder


def fewer_layers(folder):
    return base_of(folder, num_hidden_layers=1)


def more_layers(folder):
    return base_of(folder, num_hidden_layers=3)


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (other_width, r"\(size mismatch for .*\)"),
        (deberta, r"\(No modules were targeted for adaptation.*\)"),
        (fewer_layers, r": it holds base_model.model.bert.encoder.layer.1.\S+, for which that has no place"),
        (more_layers, r": it lacks base_model.model.bert.encoder.layer.2.\S+, which that would need"),
    ],
)
def test_an_adapter_of_another_base_is_refused(make, why, tmp_path):
    adapter_of(tmp_path / "adapter", base_of(tmp_path / "base"), lora())
    other = make(tmp_path / "other")
    message = f"^{re.escape(f'{tmp_path}/adapter is no adapter of {other}')} ?{why}.*teacher.base=FOLDER$"
    with pytest.raises(ModelError, match=message):
        whole_model(tmp_path / "adapter", other, TEXTS, tmp_path / "cache")
    assert not [path for path in (tmp_path / "cache").iterdir() if not path.name.startswith(".")]


def test_an_adapter_that_cannot_be_folded_or_is_of_another_task_is_refused(tmp_path):
    base = base_of(tmp_path / "base")
    adapter_of(tmp_path / "prefix", base, PrefixTuningConfig(task_type="SEQ_CLS", num_virtual_tokens=2))
    with pytest.raises(ModelError, match="prefix is an adapter of the kind PREFIX_TUNING, which is not folded"):
        whole_model(tmp_path / "prefix", base, TEXTS, tmp_path / "cache")
    adapter_of(tmp_path / "lora", base, lora())
    message = r"an adapter for AutoModelForSequenceClassification \(SEQ_CLS\), and this task asks a AutoModelForToken"
    with pytest.raises(ModelError, match=message):
        whole_model(tmp_path / "lora", base, "AutoModelForTokenClassification", tmp_path / "cache")


def test_damaged_weights_of_an_adapter_are_refused(tmp_path):
    base, adapter = base_of(tmp_path / "base"), tmp_path / "adapter"
    adapter_of(adapter, base, lora())
    weights = adapter / adapter_folders.WEIGHTS
    tensors = load_file(weights)
    name = next(name for name in tensors if "lora_B" in name)
    save_file({**tensors, name: torch.full_like(tensors[name], torch.nan)}, weights)
    with pytest.raises(ModelError, match="query"):
        whole_model(adapter, base, TEXTS, tmp_path / "cache")
    weights.write_bytes(b"no such thing as a header")
    with pytest.raises(ModelError, match=r"adapter_model.safetensors cannot be read"):
        whole_model(adapter, base, TEXTS, tmp_path / "cache")
    shutil.move(weights, Path(weights).with_suffix(".bin"))
    with pytest.raises(
        ModelError, match=r"has no adapter_model\.safetensors: save it anew with peft's save_pretrained"
    ):
        whole_model(adapter, base, TEXTS, tmp_path / "cache")
