import re
import subprocess
import sys

import pytest
import torch
from transformers import (
    BertConfig,
    BertForMaskedLM,
    BertForSequenceClassification,
    MarianConfig,
    RobertaConfig,
)

from distill.errors import ModelError
from distill.models import loading
from distill.models.tokenizer_training import train_wordpiece

HEAD = "AutoModelForSequenceClassification"
SIZE = BertConfig(
    vocab_size=60, hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=16,
    max_position_embeddings=32,
)  # fmt: skip


def refused(message):
    return pytest.raises(ModelError, match=f"^{re.escape(message)}$")


@pytest.fixture
def folder(tmp_path):
    BertForMaskedLM(SIZE).save_pretrained(tmp_path / "model")
    return tmp_path / "model"


def test_a_pretrained_model_gets_the_heads_labels_and_dropout_of_the_run(folder):
    loaded = loading.load_model(folder, HEAD, labels=("no", "yes", "perhaps"), dropout=0.3)
    assert loaded.config.id2label == {0: "no", 1: "yes", 2: "perhaps"}
    assert loaded.classifier.out_features == 3
    assert {module.p for module in loaded.modules() if isinstance(module, torch.nn.Dropout)} == {0.3}
    kept = BertForMaskedLM.from_pretrained(folder).bert.encoder.layer[1].output.dense.weight
    assert torch.equal(loaded.bert.encoder.layer[1].output.dense.weight, kept)


def test_weights_that_are_missing_are_not_silently_left_random(folder):
    state = {name: tensor for name, tensor in BertForMaskedLM(SIZE).state_dict().items() if "layer.1" not in name}
    BertForMaskedLM(SIZE).save_pretrained(folder, state_dict=state)
    with pytest.raises(ModelError, match=re.escape(f"{folder} lacks 16 weights of BertForSequenceClassification")):
        loading.load_model(folder, HEAD, labels=("no", "yes"))


def test_a_folder_without_weights_is_refused(folder):
    (folder / "model.safetensors").unlink()
    with refused(f"{folder} has no weights: there is no *.safetensors file in it"):
        loading.resolve(str(folder))


def test_a_folder_that_is_no_model_is_refused(tmp_path):
    with refused(f"{tmp_path} has no config.json, so it is no model folder"):
        loading.resolve(str(tmp_path))


def test_a_folder_that_is_not_there_is_refused(tmp_path):
    with refused(f"{tmp_path}/none: there is no such folder"):
        loading.resolve(f"{tmp_path}/none")


def test_a_hub_model_that_cannot_be_had_is_refused_with_the_way_out(monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with refused(
        "nobody/nothing: there is no such folder, and the hub's model of that name is neither in the local cache nor "
        "reachable; give the folder of a checkpoint, as in teacher.model=FOLDER"
    ):
        loading.resolve("nobody/nothing")


def test_a_checkpoint_without_a_tokenizer_is_refused(folder):
    with refused(f"{folder} has no tokenizer: none of tokenizer.json, vocab.txt, vocab.json, *.model, *.spm"):
        loading.load_tokenizer(folder)


def test_a_revision_of_a_folder_is_refused(folder):
    with refused(f"revision v1: the folder {folder} has no revisions; leave it out"):
        loading.resolve(str(folder), "v1")


def test_the_positions_of_a_roberta_begin_after_its_padding():
    with refused("data.max_length=33: the student reads at most 32 tokens"):
        loading.inside_bounds(RobertaConfig(max_position_embeddings=34, pad_token_id=1), 33, "student")


@pytest.mark.parametrize("config", [MarianConfig(vocab_size=9), BertConfig(vocab_size=9)])
def test_an_architecture_without_the_head_is_refused(config):
    head = f"AutoModelFor{'TokenClassification' if config.is_encoder_decoder else 'Seq2SeqLM'}"
    with refused(f"{config.model_type} models have no head for this task ({head})"):
        loading.from_config(config, head)


def test_texts_longer_than_the_models_positions_are_refused():
    with refused("data.max_length=64: the teacher reads at most 32 tokens"):
        loading.inside_bounds(SIZE, 64, "teacher")


def test_a_tokenizer_learns_any_script_and_survives_saving(tmp_path):
    texts = ["这部电影很好", "这部电影不好", "un film très réussi"] * 3
    tokenizer = train_wordpiece(texts, vocab_size=200, max_length=16)
    tokenizer.save_pretrained(tmp_path)
    again = loading.load_tokenizer(tmp_path)
    ids = again("这部电影好", truncation=True, max_length=16)["input_ids"]
    assert again.unk_token_id not in ids
    assert again.decode(ids, skip_special_tokens=True).replace(" ", "") == "这部电影好"
    assert ids[0] == again.cls_token_id
    assert ids[-1] == again.sep_token_id


def test_a_tokenizer_is_the_same_in_every_process():
    texts = [f"{one}{two} {two}{one}" for one in "abcdefgh" for two in "ijklmnop"]
    code = (
        "from distill.models.tokenizer_training import train_wordpiece;"
        f"print(sorted(train_wordpiece({texts!r}, vocab_size=60, max_length=8).get_vocab().items()))"
    )
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    mine = train_wordpiece(texts, vocab_size=60, max_length=8).get_vocab()
    assert other.strip() == str(sorted(mine.items()))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_a_model_of_which_a_weight_is_no_number_is_not_written(value, folder):
    loaded = loading.load_model(folder, HEAD, new_head=True)
    loaded.classifier.weight.data[-1, -1] = value
    said = f"the model's weights are not finite, such as classifier.weight: it is not written to {folder.parent}/new"
    with refused(said):
        loading.save(loaded, None, folder.parent / "new")
    assert not (folder.parent / "new").exists()


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_model_of_which_a_weight_is_no_number_is_not_loaded(value, folder):
    spoilt = BertForMaskedLM(SIZE)
    spoilt.bert.encoder.layer[1].output.dense.weight.data[0, 0] = value
    spoilt.save_pretrained(folder)
    name = "bert.encoder.layer.1.output.dense.weight"
    with refused(
        f"{folder}: the weights of {name} are not finite (NaN or infinite), so a training of it went wrong: "
        "give an earlier checkpoint of it"
    ):
        loading.load_model(folder, HEAD, new_head=True)


def test_a_model_may_exclude_a_class_by_minus_infinity(folder):
    BertForSequenceClassification(SIZE).save_pretrained(folder)
    excluding = loading.load_model(folder, HEAD)
    excluding.classifier.bias.data[1] = -torch.inf
    excluding.save_pretrained(folder)
    assert loading.load_model(folder, HEAD).classifier.bias.tolist()[1] == -torch.inf


def test_a_model_is_loaded_in_the_precision_that_is_asked_for(folder):
    exact = BertForMaskedLM(SIZE).double()
    exact.save_pretrained(folder)
    found = loading.load_model(folder, HEAD, dtype=torch.float64, new_head=True).bert.embeddings.word_embeddings.weight
    assert torch.equal(found, exact.bert.embeddings.word_embeddings.weight)
    assert loading.load_model(folder, HEAD, new_head=True).dtype == torch.float32
