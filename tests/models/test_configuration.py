import json
import re

import pretrained
import pytest
import torch
import transformers
from safetensors.torch import load_file
from transformers import GPTJConfig

from distill.errors import ModelError
from distill.models import checkpoint_validation, configuration, loading
from distill.models.forward import forward_errors
from distill.models.label_columns import label_columns, output_names
from distill.models.tokenizer_training import train_bytes

HEAD = "AutoModelForSequenceClassification"


def refused(message):
    return pytest.raises(ModelError, match=f"^{re.escape(message)}$")


@pytest.fixture
def folder(tmp_path):
    return pretrained.classifier(tmp_path / "model")


def change(folder, **what):
    path = folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **what}))


def look(folder, head=HEAD):
    config, tokenizer = loading.configuration(folder), loading.load_tokenizer(folder)
    checkpoint_validation.inspect(folder, config, head, tokenizer, finished=True, labels=False, way_out="do else")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "it is no JSON (Expecting property name enclosed in double quotes: line 1 column 2 (char 1))"),
        ("[1]", "it is a JSON array, not an object"),
        ('"bert"', "it is a JSON string, not an object"),
        ("7", "it is a JSON number, not an object"),
        ("null", "it is a JSON value, not an object"),
    ],
)
def test_a_configuration_that_is_no_object_is_refused(folder, content, said):
    (folder / "config.json").write_text(content)
    with refused(f"{folder}/config.json cannot be read: {said}"):
        look(folder)


def test_a_configuration_nested_too_deep_and_one_of_other_bytes_are_refused(folder):
    (folder / "config.json").write_text('{"a": ' * 100_000)
    with pytest.raises(ModelError, match=r"config\.json cannot be read: it is no JSON \(.*recursion"):
        look(folder)
    (folder / "config.json").write_bytes(b'{"model_type": "b\xe9rt"}')
    with pytest.raises(ModelError, match=r"config\.json cannot be read: it is no JSON \('utf-8' codec"):
        look(folder)


def test_a_configuration_without_or_with_an_unknown_model_type_is_refused(folder):
    change(folder, model_type=None)
    with refused(
        f"{folder}/config.json has no model_type, so it does not say what model it is: give all of its config.json"
    ):
        look(folder)
    change(folder, model_type="xnew")
    with refused(
        f"{folder}/config.json says model_type='xnew', which transformers {transformers.__version__} does not know: "
        "give a model that it knows"
    ):
        look(folder)
    change(folder, auto_map={"AutoConfig": "configuration_x.XConfig"})
    with refused(
        f"{folder} needs code of its own (auto_map in config.json), and the code of a checkpoint is never run: give a "
        "model that transformers knows by itself"
    ):
        look(folder)


CODE = "from pathlib import Path\nPath({!r}).write_text('yes')\nraise SystemExit\n"


def test_code_of_a_checkpoint_that_transformers_knows_is_neither_run_nor_handed_on(folder, tmp_path):
    (folder / "own.py").write_text(CODE.format(str(tmp_path / "was_run")))
    (folder / "custom_generate").mkdir()
    (folder / "custom_generate" / "generate.py").write_text(CODE.format(str(tmp_path / "was_run")))
    maps = {"AutoConfig": "own.C", "AutoModel": "own.M", HEAD: "own.M", "AutoTokenizer": ["own.T", "own.T"]}
    change(folder, auto_map=maps)
    path = folder / "tokenizer_config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "auto_map": maps}))
    look(folder)
    loading.save(loading.load_model(folder, HEAD), loading.load_tokenizer(folder), tmp_path / "made")
    assert not (tmp_path / "was_run").exists()
    for name in ("config.json", "tokenizer_config.json"):
        assert "auto_map" not in json.loads((tmp_path / "made" / name).read_text())
    (folder / "tokenizer.json").rename(tmp_path / "tokenizer.json")
    (folder / "vocab.txt").write_text("[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\n")
    with refused(
        f"{folder}: its tokenizer needs code of its own (auto_map in tokenizer_config.json), and the code of a "
        "checkpoint is never run: give a model with a tokenizer.json"
    ):
        loading.load_tokenizer(folder)


def test_weights_of_another_file_or_code_for_attention_are_not_followed(folder):
    change(
        folder, transformers_weights="adapter_model.bin", attn_implementation="someone/kernel",
        _attn_implementation="someone/kernel",
    )  # fmt: skip
    found = loading.configuration(folder)
    assert found._attn_implementation is None
    assert not hasattr(found, "transformers_weights")
    loading.load_model(folder, HEAD)


def test_weights_in_fewer_bits_are_refused(folder):
    change(folder, quantization_config={"quant_method": "bitsandbytes", "load_in_8bit": True})
    with refused(
        f"{folder} has weights in fewer bits (quantization_config in config.json), which are neither trained nor asked "
        "here: give the folder of the model before that"
    ):
        look(folder)


@pytest.mark.parametrize("layers", [0, -2])
def test_a_model_without_layers_is_none(folder, layers):
    change(folder, num_hidden_layers=layers)
    with refused(
        f"{folder}/config.json says num_hidden_layers={layers}, which no model has: allowed is a whole number from 1 up"
    ):
        look(folder)


@pytest.mark.parametrize("names", [["neg", "pos"], {"neg": 0, "pos": 1}, "neg, pos"])
def test_names_of_outputs_without_their_numbers_are_refused(folder, names):
    change(folder, id2label=names)
    with refused(
        f"{folder}/config.json says id2label={names!r}, which does not go from numbers to names: write it as "
        '{"0": "NAME", "1": "NAME"}'
    ):
        look(folder)


def test_a_number_that_is_none_is_refused_and_what_only_saves_memory_is_left_out(folder):
    change(folder, chunk_size_feed_forward=10**9, architectures=[1, {}])
    assert loading.configuration(folder).chunk_size_feed_forward == 0
    look(folder)
    change(folder, hidden_dropout_prob=float("nan"))
    with refused(f"{folder}/config.json says hidden_dropout_prob=NaN, which is no number: give all of its config.json"):
        look(folder)


@pytest.mark.parametrize(
    ("key", "value", "limit"),
    [
        ("num_hidden_layers", 10**6, "1,000"),
        ("num_hidden_layers", -(10**12), "1,000"),
        ("max_position_embeddings", 10**9, "16,777,216"),
        ("num_labels", 10**9, "1,000,000"),
    ],
)
def test_what_would_be_counted_up_to_has_a_limit(folder, key, value, limit):
    change(folder, **{key: value})
    with refused(f"{folder}/config.json says {key}={value}, which no model has: allowed is at most {limit}"):
        look(folder)


EMBEDDINGS = "bert.embeddings.word_embeddings.weight"
MISMATCH = "{}: {} is {} in the weights, but {} by config.json; they are of different models"


@pytest.mark.parametrize(
    ("key", "value", "weight", "shape"),
    [
        ("hidden_size", 10**9, "bert.embeddings.LayerNorm.bias", "1000000000"),
        ("vocab_size", 10**12, EMBEDDINGS, "1000000000000 × 16"),
        ("vocab_size", 30, EMBEDDINGS, "30 × 16"),
        ("intermediate_size", 10**12, "bert.encoder.layer.0.intermediate.dense.bias", "1000000000000"),
        ("max_position_embeddings", 10**7, "bert.embeddings.position_embeddings.weight", "10000000 × 16"),
        ("type_vocab_size", 10**9, "bert.embeddings.token_type_embeddings.weight", "1000000000 × 16"),
    ],
)
def test_sizes_that_the_weights_do_not_have_take_no_memory(folder, key, value, weight, shape):
    theirs = " × ".join(map(str, load_file(folder / "model.safetensors")[weight].shape))
    change(folder, **{key: value})
    with refused(MISMATCH.format(folder, weight, theirs, shape)):
        look(folder)


def test_what_is_made_of_far_more_positions_than_a_model_has_is_not_made(tmp_path):
    size = {"vocab_size": 300, "n_embd": 64, "n_layer": 1, "n_head": 2, "rotary_dim": 32}
    loading.from_config(GPTJConfig(n_positions=32, **size), HEAD).save_pretrained(tmp_path)
    train_bytes(["a"], vocab_size=300, max_length=32).save_pretrained(tmp_path)
    look(tmp_path)
    change(tmp_path, n_positions=1 << 24)
    weights = sum(each.numel() for each in load_file(tmp_path / "model.safetensors").values())
    with refused(
        f"{tmp_path}: config.json asks for {32 << 24:,} numbers beside the {weights:,} of the weights, most of them "
        "for transformer.h.0.attn.embed_positions: its sizes are not those of the model"
    ):
        look(tmp_path)


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("hidden_size", "wide", "Field 'hidden_size' expected int, got str (value: 'wide')"),
        ("hidden_size", None, "Field 'hidden_size' expected int, got NoneType (value: None)"),
        ("hidden_size", 16.5, "Field 'hidden_size' expected int, got float (value: 16.5)"),
        ("layer_norm_eps", "x", "Field 'layer_norm_eps' expected float, got str (value: 'x')"),
    ],
)
def test_sizes_of_another_type_are_refused(folder, key, value, said):
    change(folder, **{key: value})
    with refused(f"{folder}: config.json cannot be read ({said})"):
        look(folder)


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("hidden_size", -16, "Trying to create tensor with negative dimension -16: [{rows}, -16]"),
        ("num_attention_heads", 3, "The hidden size (16) is not a multiple of the number of attention heads (3)"),
        ("num_attention_heads", 0, "integer modulo by zero"),
        ("hidden_act", "nope", "nothing is known as 'nope'"),
        ("hidden_dropout_prob", 7, "dropout probability has to be between 0 and 1, but got 7"),
    ],
)
def test_a_configuration_of_which_no_model_can_be_made_is_refused(folder, key, value, said):
    rows = loading.configuration(folder).vocab_size
    change(folder, **{key: value})
    with refused(f"{folder}: no model can be made of its config.json ({said.format(rows=rows)})"):
        look(folder)


def test_more_or_fewer_layers_than_the_weights_have_are_refused(folder):
    change(folder, num_hidden_layers=3)
    with refused(
        f"{folder} lacks 16 weights of BertForSequenceClassification, such as "
        "bert.encoder.layer.2.attention.output.LayerNorm.bias; config.json and the weights are of different models, or "
        "some of these are not there"
    ):
        look(folder)
    change(folder, num_hidden_layers=1)
    with refused(
        f"{folder} has more layers than its config.json says, such as "
        "bert.encoder.layer.1.attention.output.LayerNorm.bias; they are of different models"
    ):
        look(folder)


@pytest.mark.parametrize(
    ("key", "value"), [("penalty_alpha", 0.6), ("num_beam_groups", 2), ("dola_layers", "low"), ("constraints", [1])]
)
def test_ways_of_writing_that_are_code_of_the_hub_are_refused(tmp_path, key, value):
    path = tmp_path / "generation_config.json"
    path.write_text(json.dumps({key: value}))
    with refused(
        f"{path} asks for {key}={value}, a way of writing that transformers gets as code from the hub, which is never "
        "run: leave it out"
    ):
        configuration.check_generation(tmp_path)


def test_a_broken_generation_config_is_not_silently_left_out(tmp_path):
    path = tmp_path / "generation_config.json"
    path.write_text("{")
    with pytest.raises(ModelError, match=re.escape(f"{path} cannot be read: it is no JSON (")):
        configuration.check_generation(tmp_path)


def test_outputs_of_one_name_are_refused_where_that_name_is_asked_for(folder):
    change(folder, id2label={"0": "pos", "1": "pos"})
    with refused(
        "the outputs of the model are named pos, pos, so that pos is two of them: name them in id2label of config.json "
        "as they are"
    ):
        label_columns(loading.configuration(folder), ["neg", "pos"], [])
    assert label_columns(loading.configuration(folder), ["neg", "pos"], ["pos", "neg"]) == [1, 0]


NUMBERED = {"0": "LABEL_0", "1": "LABEL_1"}


@pytest.mark.parametrize(
    ("said", "names"),
    [
        ({"id2label": None, "label2id": {"pos": 1, "neg": 0}}, ["neg", "pos"]),
        ({"id2label": None, "label2id": {"pos": "2", "neg": 0, "neutral": 1}}, ["neg", "neutral", "pos"]),
        ({"id2label": NUMBERED, "label2id": {"pos": 1, "neg": 0}}, ["neg", "pos"]),
        ({"id2label": NUMBERED, "label2id": {"pos": 1, "neg": 0, "neutral": 2}}, ["LABEL_0", "LABEL_1"]),
        ({"id2label": NUMBERED, "label2id": {"pos": 1, "neg": 1}}, ["LABEL_0", "LABEL_1"]),
        ({"id2label": NUMBERED, "label2id": {"pos": 2, "neg": 1}}, ["LABEL_0", "LABEL_1"]),
        ({"id2label": {"0": "bad", "1": "good"}, "label2id": {"pos": 1, "neg": 0}}, ["bad", "good"]),
    ],
)
def test_outputs_without_names_of_their_own_have_those_of_label2id(folder, said, names):
    change(folder, **said)
    config = loading.configuration(folder)
    assert output_names(config) == names
    assert config.num_labels == len(names)


def test_a_model_that_cannot_read_what_it_is_given_says_so_in_a_sentence(folder):
    model = loading.load_model(folder, HEAD)
    with refused(
        f"{folder} does not answer (index out of range in self): its config.json seems to be of another model than its "
        "weights"
    ), forward_errors(str(folder)):  # fmt: skip
        model(torch.full((1, 3), 10**6))


def test_a_tokenizer_without_the_word_for_the_unknown_is_refused(folder):
    path = folder / "tokenizer.json"
    content = json.loads(path.read_text())
    content["model"]["unk_token"] = "<nothing>"  # noqa: S105
    path.write_text(json.dumps(content))
    with refused(
        f"{folder}: its tokenizer cannot read a text (WordPiece error: Missing [UNK] token from the vocabulary): its "
        "vocabulary and tokenizer_config.json seem to be of different models; give the tokenizer's files that belong "
        "to the weights"
    ):
        loading.load_tokenizer(folder)
