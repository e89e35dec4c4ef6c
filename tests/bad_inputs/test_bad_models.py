"""Each model folder of the corpus is refused with its one line, and nothing in it is run, followed or unpacked."""

import json
import os
import re
import shutil
import struct

import pretrained
import pytest

from distill.base.terminal_text import plain
from distill.errors import ModelError

PWNED = "pwned"


class Evil:
    """Runs a command where a pickle is opened as any Python object."""

    def __reduce__(self):
        return os.system, (f"touch {PWNED}",)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return pretrained.classifier(tmp_path_factory.mktemp("whole") / "model")


def says(file, **values):
    """A JSON file with other values."""

    def edit(folder):
        content = json.loads((folder / file).read_text(encoding="utf-8"))
        (folder / file).write_text(json.dumps({**content, **values}), encoding="utf-8")

    return edit


def config(**values):
    return says("config.json", **values)


def text(file, content):
    return lambda folder: (folder / file).write_bytes(content if isinstance(content, bytes) else content.encode())


def header(content, length=None):
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    return text("model.safetensors", struct.pack("<Q", len(raw) if length is None else length) + raw)


def pickled(folder):
    import torch

    torch.save({"a": Evil()}, folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()


def renamed_pickle(folder):
    pickled(folder)
    (folder / "pytorch_model.bin").rename(folder / "model.safetensors")


def linked(file, target):
    def edit(folder):
        (folder / file).unlink(missing_ok=True)
        (folder / file).symlink_to(target)

    return edit


def pipe(file):
    def edit(folder):
        (folder / file).unlink(missing_ok=True)
        os.mkfifo(folder / file)

    return edit


def sparse(file, size):
    return lambda folder: os.truncate(folder / file, size)


def reads(pattern):
    split = {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": False}
    return says("tokenizer.json", pre_tokenizer=split)


GROWS = {"type": "Sequence", "normalizers": [{"type": "Replace", "pattern": {"String": "a"}, "content": "a" * 99}] * 3}
AROUND = {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "[CLS]", "type_id": 0}}] * 101, "pair": []}
ADDED = [{"id": 100 + number, "content": f"<{number}>", "special": True} for number in range(200_001)]
TYPES = "which is no type of weights; there are auto, float32, float16, bfloat16, float64"
NO_MODEL = "DIR: no model can be made of its config.json"
MODELS = {
    "pickled weights": (pickled, "DIR has only pickled weights (pytorch_model.bin), which can run a stranger's code…"),
    "a pickle by the name of safetensors": (
        renamed_pickle,
        "DIR/model.safetensors is a zip or pickled file under the name of a safetensors file: give the file that it "
        "should be",
    ),
    "code of its own": (
        config(model_type="mine", auto_map={"AutoConfig": "x/y--evil.Config"}),
        "DIR needs code of its own (auto_map in config.json), and the code of a checkpoint is never run: give a model "
        "that transformers knows by itself",
    ),
    "an unknown model type": (
        config(model_type="\x1b[31mx"),
        "DIR/config.json says model_type='\\x1b[31mx', which transformers…",
    ),
    "an activation that names code": (config(hidden_act="os.system"), f"{NO_MODEL} (nothing is known as 'os.system')"),
    "an activation that is a list": (config(hidden_act=["os.system"]), "DIR: config.json cannot be read (Field…"),
    "a type of weights that names code": (config(dtype="os"), f"DIR/config.json says dtype='os', {TYPES}"),
    "a type of weights of whole numbers": (config(dtype="int8"), f"DIR/config.json says dtype='int8', {TYPES}"),
    "a model within": (
        config(model_type="dpt", backbone="x/y"),
        "DIR/config.json names another model as its backbone ('x/y'), which is never fetched for it",
    ),
    "a way of writing that is code": (
        lambda folder: (
            says("config.json", model_type="gpt2")(folder),
            text("generation_config.json", '{"penalty_alpha": 0.6}')(folder),
        ),
        "DIR lacks…",
    ),
    "a width of a billion": (
        config(hidden_size=10**9),
        "DIR: bert.embeddings.LayerNorm.bias is 16 in the weights, but 1000000000 by config.json; they are of "
        "different models",
    ),
    "a width beyond all numbers": (config(hidden_size=10**30), f"{NO_MODEL} (…"),
    "a width below nothing": (
        config(hidden_size=-16),
        f"{NO_MODEL} (Trying to create tensor with negative dimension -16…",
    ),
    "no width": (config(hidden_size=0), f"{NO_MODEL} (…"),
    "a width that is infinite": (config(hidden_size=float("inf")), "DIR: config.json cannot be read (Field…"),
    "no heads": (config(num_attention_heads=0), f"{NO_MODEL} (…"),
    "a million layers": (
        config(num_hidden_layers=10**6),
        "DIR/config.json says num_hidden_layers=1000000, which no model has: allowed is at most 1,000",
    ),
    "a thousand layers": (
        config(num_hidden_layers=1000),
        "DIR: config.json says 1,000 layers, and there are 41 weights; they are of different models",
    ),
    "fewer than no layers": (
        config(num_hidden_layers=-1),
        "DIR/config.json says num_hidden_layers=-1, which no model has: allowed is a whole number from 1 up",
    ),
    "a billion positions": (
        config(max_position_embeddings=10**9),
        "DIR/config.json says max_position_embeddings=1000000000, which no model has: allowed is at most 16,777,216",
    ),
    "a billion labels": (
        config(num_labels=10**9),
        "DIR/config.json says num_labels=1000000000, which no model has: allowed is at most 1,000,000",
    ),
    "a label of a number without end": (
        config(id2label={"0": "a", "9" * 5000: "b"}),
        "DIR/config.json says id2label=…",
    ),
    "a million million words": (config(vocab_size=10**12), "DIR: bert.embeddings.word_embeddings.weight is…"),
    "numbers of ten thousand digits": (
        text("config.json", '{"model_type": "bert", "hidden_size": ' + "9" * 10_000 + "}"),
        "DIR/config.json cannot be read: it is no JSON (Exceeds the limit (4300 digits)…",
    ),
    "objects without end": (
        text("config.json", '{"a":' * 100_000),
        "DIR/config.json cannot be read: it is no JSON (maximum recursion depth exceeded…",
    ),
    "weights in few bits": (config(quantization_config={"quant_method": "x"}), "DIR has weights in fewer bits…"),
    "a header beyond the file": (
        header(b"{}", length=2**62),
        "DIR/model.safetensors is cut off or damaged (Error while deserializing header: header too large): fetch or "
        "copy it again",
    ),
    "a header of spaces": (
        header(b"{" + b" " * (17 << 20) + b"}"),
        "DIR/model.safetensors begins with 17,825,794 bytes on its tensors, and no model has more than 16 MiB of it",
    ),
    "more tensors than any model has": (
        header({f"a{number}": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]} for number in range(100_001)}),
        "DIR/model.safetensors names 100,001 tensors, and no model has more than 100,000",
    ),
    "a header without an end": (
        header(b'{"a":' * 10_000),
        "DIR/model.safetensors is cut off or damaged (Error while deserializing header: invalid JSON in header…",
    ),
    "tensors over each other": (
        header({name: {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]} for name in "ab"}),
        "DIR/model.safetensors is cut off or damaged (Error while deserializing header: invalid offset…",
    ),
    "a tensor larger than all memory": (
        header({"a": {"dtype": "F32", "shape": [2**40, 2**40], "data_offsets": [0, 4]}}),
        "DIR/model.safetensors is cut off or damaged (Error while deserializing header: overflow…",
    ),
    "a tensor of objects": (
        header({"a": {"dtype": "OBJ", "shape": [1], "data_offsets": [0, 4]}}),
        "DIR/model.safetensors is cut off or damaged (Error while deserializing header: invalid JSON in header…",
    ),
    "a configuration of gigabytes": (
        sparse("config.json", 10**10),
        "DIR/config.json has 10,000,000,000 bytes, and no file beside the weights has more than 268,435,456",
    ),
    "a tokenizer of gigabytes": (
        sparse("tokenizer.json", 10**10),
        "DIR/tokenizer.json has 10,000,000,000 bytes, and no file beside the weights has more than 268,435,456",
    ),
    "settings of a tokenizer that are too large": (
        sparse("tokenizer_config.json", 10**8),
        "DIR/tokenizer_config.json cannot be read: it has 100,000,000 bytes, more than 67,108,864",
    ),
    "weights that are a pipe": (
        pipe("model.safetensors"),
        "DIR/model.safetensors is a pipe or a device, not a file: copy the file itself",
    ),
    "a configuration that is a pipe": (
        pipe("config.json"),
        "DIR/config.json is a pipe or a device, not a file: copy the file itself",
    ),
    "words that are a pipe": (
        pipe("vocab.txt"),
        "DIR/vocab.txt is a pipe or a device, not a file: copy the file itself",
    ),
    "a configuration without end": (
        linked("config.json", "/dev/zero"),
        "DIR/config.json is a link out of its folder, to /dev/zero: copy the file instead",
    ),
    "a link out of the folder": (
        linked("tokenizer_config.json", "/etc/passwd"),
        "DIR/tokenizer_config.json is a link out of its folder, to /etc/passwd: copy the file instead",
    ),
    "a link to itself": (
        linked("config.json", "config.json"),
        "DIR/config.json is a link to itself: fetch or copy the file",
    ),
    "an index that leads out": (
        lambda folder: (
            (folder / "model.safetensors").unlink(),
            text("model.safetensors.index.json", '{"weight_map": {"a": "../a.safetensors"}}')(folder),
        ),
        "DIR/model.safetensors.index.json names '../a.safetensors', which is no *.safetensors file of its folder",
    ),
    "a tokenizer that is none": (
        text("tokenizer.json", "{}"),
        "DIR: its tokenizer cannot be loaded: tokenizer.json is no tokenizer (Model missing…",
    ),
    "a tokenizer that never ends": (
        reads("(a+)+$"),
        "DIR/tokenizer.json searches texts for '(a+)+$', which may never end: give the tokenizer's file as its model "
        "has it",
    ),
    "a tokenizer that grows texts": (
        says("tokenizer.json", normalizer=GROWS),
        "DIR/tokenizer.json replaces a character by 970,299, and none has more than 1,000: give the tokenizer's file "
        "as its model has it",
    ),
    "a tokenizer that surrounds texts": (
        says("tokenizer.json", post_processor=AROUND),
        "DIR/tokenizer.json puts 101 tokens around a text, and none has more than 100: give the tokenizer's file as "
        "its model has it",
    ),
    "a tokenizer with tokens without end": (
        says("tokenizer.json", added_tokens=ADDED),
        "DIR/tokenizer.json has 200,001 tokens beside its vocabulary; allowed are at most 200,000: give the "
        "tokenizer's file as its model has it",
    ),
    "a tokenizer that fills up on no side": (
        says("tokenizer_config.json", padding_side="os.system"),
        "DIR: its tokenizer cannot be loaded: of tokenizer.json alone none can be made…",
    ),
    "an adapter beside the model": (
        text("adapter_config.json", '{"base_model_name_or_path": "/etc"}'),
        "DIR holds an adapter (adapter_config.json) beside a whole model, and which is meant is not said…",
    ),
}


@pytest.mark.parametrize("name", MODELS)
def test_a_bad_model_is_refused_with_its_line(whole, name, tmp_path, monkeypatch):
    from distill.inference.torch_folder import open_folder

    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "model"
    shutil.copytree(whole, folder)
    edit, said = MODELS[name]
    edit(folder)
    with pytest.raises(ModelError) as error:
        open_folder(str(folder), "classification", None)
    line = plain(str(error.value)).replace(str(folder), "DIR")
    expected, cut, _ = said.partition("…")
    assert re.fullmatch(r"[^\n\x1b]*", line)
    assert line.startswith(expected) if cut else line == expected
    assert not (tmp_path / PWNED).exists()


@pytest.mark.parametrize("asked", [{"_attn_implementation": "someone/kernels"}, {"output_attentions": True}])
def test_names_of_code_that_nobody_reads_change_nothing(whole, tmp_path, monkeypatch, asked):
    from distill.inference.torch_folder import open_folder

    monkeypatch.chdir(tmp_path)
    folder = shutil.copytree(whole, tmp_path / "model")
    config(
        architectures=["os.system", "../evil"],
        auto_map={"AutoModel": "evil.Model"},
        return_dict=False,
        **asked,
    )(folder)
    text("evil.py", f"import os; os.system('touch {PWNED}')")(folder)
    says("tokenizer_config.json", tokenizer_class="os.system", auto_map={"AutoTokenizer": ["evil.T", None]})(folder)
    opened = open_folder(str(folder), "classification", None)
    batch = dict(opened.tokenizer(["a good film"], return_tensors="np"))
    assert opened.runtime.logits(batch).shape == (1, 2)
    assert not (tmp_path / PWNED).exists()


ADAPTERS = {
    "a module that it has peft import": ({"megatron_config": {"a": 1}, "megatron_core": "os"}, "asks for megatron_…"),
    "layers of layers": ({"layer_replication": [[0, 10**9]]}, "asks for layer_replication, which is not done here…"),
    "names that are searched without end": ({"target_modules": "([a-z.]+)+x"}, "searches names for '([a-z.]+)+x'…"),
    "a rank beyond all memory": ({"r": 10**9}, "says that the adapter has rank 1,000,000,000; allowed is at most…"),
    "a rank of one layer": ({"rank_pattern": {"query": 10**9}}, "says that the adapter has rank 1,000,000,000…"),
}


@pytest.mark.parametrize("name", ADAPTERS)
def test_a_bad_adapter_is_refused_before_its_weights_are_read(whole, name, tmp_path):
    from distill.models.adapter_folders import whole_model

    changes, said = ADAPTERS[name]
    settings = {"peft_type": "LORA", "task_type": "SEQ_CLS", "r": 2, "target_modules": ["query"], **changes}
    text("adapter_config.json", json.dumps(settings))(tmp_path)
    text("adapter_model.safetensors", b"none")(tmp_path)
    with pytest.raises(ModelError) as error:
        whole_model(tmp_path, whole, "AutoModelForSequenceClassification", tmp_path / "cache")
    assert str(error.value).startswith(f"{tmp_path}/adapter_config.json {said.removesuffix('…')}")


BUNDLES = {
    "a graph out of the folder": (
        lambda folder: ((folder / "onnx").rename(folder.parent / "onnx"), (folder / "onnx").symlink_to("../onnx")),
        "DIR/onnx/model.onnx is a link out of its folder, to OUT/onnx/model.onnx: copy the file instead",
    ),
    "a configuration out of the folder": (
        lambda folder: ((folder / "config.json").rename(folder.parent / "c"), linked("config.json", "../c")(folder)),
        "DIR/config.json is a link out of its folder, to OUT/c: copy the file instead",
    ),
    "a tokenizer that never ends": (
        reads("(a|b*)*c"),
        "DIR/tokenizer.json searches texts for '(a|b*)*c', which may never end: give the tokenizer's file as its "
        "model has it",
    ),
    "a graph that is none": (text("onnx/model.onnx", "x" * 99), "DIR/onnx/model.onnx is no graph that ONNX Runtime…"),
    "a label of a number without end": (config(id2label={"9" * 5000: "a"}), "DIR/config.json says id2label=…"),
}


@pytest.mark.parametrize("name", BUNDLES)
def test_a_bad_export_is_refused_without_torch_too(bundles, name, tmp_path):
    from distill.inference.opened_model import open_model

    folder = shutil.copytree(bundles("classification"), tmp_path / "model")
    edit, said = BUNDLES[name]
    edit(folder)
    with pytest.raises(ModelError) as error:
        open_model(folder, "onnx")
    line = str(error.value).replace(str(folder), "DIR").replace(str(tmp_path), "OUT")
    expected, cut, _ = said.partition("…")
    assert line.startswith(expected) if cut else line == expected
