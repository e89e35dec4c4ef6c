import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pretrained
import pytest
import torch
from huggingface_hub import save_torch_state_dict
from safetensors.torch import load_file
from transformers import T5Config, T5ForConditionalGeneration

from distill import convert as command_line
from distill.errors import ModelError
from distill.models import checkpoint_folders, loading
from distill.models.pickle_conversion import convert
from distill.models.tokenizer_training import train_bytes

HEAD = "AutoModelForSequenceClassification"


def refused(message):
    return pytest.raises(ModelError, match=f"^{re.escape(message)}$")


def pickled(folder, parts=1):
    """Replace a folder's safetensors by what torch pickles, in one file or in several with their index."""
    tensors = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    if parts == 1:
        torch.save(tensors, folder / "pytorch_model.bin")
        return folder
    names, index = sorted(tensors), {}
    for part in range(parts):
        file = f"pytorch_model-{part + 1:05}-of-{parts:05}.bin"
        torch.save({name: tensors[name] for name in names[part::parts]}, folder / file)
        index |= dict.fromkeys(names[part::parts], file)
    (folder / "pytorch_model.bin.index.json").write_text(json.dumps({"metadata": {}, "weight_map": index}))
    return folder


def command(folder):
    """What the refusal of a folder says to run."""
    with pytest.raises(ModelError) as refusal:
        checkpoint_folders.resolve(str(folder))
    begins = re.escape(f"{folder} has only pickled weights (")
    assert re.match(begins + r"pytorch_model[-\w]*\.bin.*\), which can run a stranger's code", str(refusal.value))
    return "python -m" + str(refusal.value).partition(": python -m")[2]


def answers(folder, ids):
    with torch.no_grad():
        return loading.load_model(folder, HEAD)(ids).logits


def run_here(argv, folder, monkeypatch, capsys):
    """The command in this process, which has paid for the imports."""
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "argv", argv[2:])
    command_line.main()
    return capsys.readouterr().out


@pytest.mark.parametrize("parts", [1, 3])
def test_the_printed_conversion_keeps_the_head_and_so_the_answers(tmp_path, parts, monkeypatch, capsys):
    folder = pretrained.classifier(tmp_path / "it's a model")
    ids = torch.tensor([[5, 6, 7, 8]])
    before = answers(folder, ids)
    said = command(pickled(folder, parts))
    argv = shlex.split(said)
    made = tmp_path / "it's a model-safetensors"
    assert argv == ["python", "-m", "distill.convert", f"model={folder}", f"output={made.name}"]
    if parts > 1:
        out = run_here(argv, tmp_path, monkeypatch, capsys)
    else:  # as it stands, by a shell
        bin_ = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        environment = {**os.environ, "PATH": bin_, "PYTHONPATH": str(Path(checkpoint_folders.__file__).parents[2])}
        out = subprocess.run(
            ["/bin/sh", "-c", said], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
        ).stdout
    assert out == f"{made.name}\n"
    assert checkpoint_folders.resolve(str(made)) == made
    assert torch.equal(answers(made, ids), before)
    assert loading.configuration(made).id2label == {0: "neg", 1: "pos"}
    assert loading.load_tokenizer(made).get_vocab() == loading.load_tokenizer(folder).get_vocab()
    assert {path.stat().st_mode for path in made.iterdir()} == {(made / "config.json").stat().st_mode}


def test_weights_that_share_memory_are_written_and_read_as_they_were(tmp_path):
    config = T5Config(vocab_size=300, d_model=16, d_kv=8, d_ff=16, num_layers=1, num_heads=2, decoder_start_token_id=0)
    model = T5ForConditionalGeneration(config).eval()
    train_bytes(["a b"], vocab_size=300, max_length=32).save_pretrained(tmp_path / "model")
    model.config.save_pretrained(tmp_path / "model")
    torch.save(model.state_dict(), tmp_path / "model" / "pytorch_model.bin")
    convert(tmp_path / "model", tmp_path / "made")
    made = loading.load_model(tmp_path / "made", "AutoModelForSeq2SeqLM")
    ids = torch.tensor([[5, 6, 7]])
    with torch.no_grad():
        assert torch.equal(made(ids, labels=ids).logits, model(ids, labels=ids).logits)


class Boom:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return type(self.path).touch, (self.path,)


@pytest.mark.parametrize(("prefix", "around"), [("module.", False), ("_orig_mod.module.", False), ("model.", True)])
def test_what_trained_a_model_leaves_no_names_before_those_of_its_weights(tmp_path, prefix, around):
    folder = pretrained.classifier(tmp_path / "model")
    ids = torch.tensor([[5, 6, 7, 8]])
    before = answers(folder, ids)
    tensors = {prefix + name: each for name, each in load_file(folder / "model.safetensors").items()}
    (folder / "model.safetensors").unlink()
    torch.save({"state_dict": tensors, "epoch": 3} if around else tensors, folder / "last.ckpt")
    convert(folder, tmp_path / "made")
    assert torch.equal(answers(tmp_path / "made", ids), before)


@pytest.mark.parametrize("field", ["model", "model_state_dict"])
def test_weights_beside_the_state_of_a_training_are_found(tmp_path, field):
    folder = pretrained.classifier(tmp_path / "model")
    ids = torch.tensor([[5, 6, 7, 8]])
    before, tensors = answers(folder, ids), load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    torch.save({"epoch": 3, field: tensors, "optimizer": {"state": {}, "lr": 0.1}}, folder / "pytorch_model.bin")
    convert(folder, tmp_path / "made")
    assert torch.equal(answers(tmp_path / "made", ids), before)


@pytest.mark.parametrize("parts", [1, 2])
@pytest.mark.parametrize("prefix", ["module.", "_orig_mod.", "model.", "_orig_mod.module."])
def test_what_trained_a_model_is_taken_off_the_names_of_safetensors(tmp_path, prefix, parts, monkeypatch, capsys):
    folder = pretrained.classifier(tmp_path / "model")
    ids = torch.tensor([[5, 6, 7, 8]])
    before = answers(folder, ids)
    tensors = {prefix + name: each for name, each in load_file(folder / "model.safetensors").items()}
    (folder / "model.safetensors").unlink()
    size = sum(each.nbytes for each in tensors.values()) // parts + 1024
    save_torch_state_dict(tensors, folder, max_shard_size=size, metadata={"format": "pt"})
    assert len(list(folder.glob("*.safetensors"))) >= parts
    with pytest.raises(ModelError) as refusal:
        loading.load_model(folder, HEAD)
    said, way, line = str(refusal.value).partition("python -m")
    assert said == (
        f"{folder}: the names of its weights begin with {prefix}, which what trained the model has left there; take it "
        "off, and give model-renamed instead: "
    )
    run_here(shlex.split(way + line), tmp_path, monkeypatch, capsys)
    made = tmp_path / "model-renamed"
    assert torch.equal(answers(made, ids), before)
    assert not (made / "model.safetensors.index.json").exists()
    with refused(f"{made} has safetensors already, whose names have nothing to take off: give it as it is"):
        convert(made, tmp_path / "again")


def test_a_pickle_that_would_run_something_is_not_read(tmp_path):
    folder = pickled(pretrained.classifier(tmp_path / "model"))
    torch.save({"a": Boom(tmp_path / "was_run")}, folder / "pytorch_model.bin")
    with refused(
        f"{folder}/pytorch_model.bin holds more than tensors, which could be a stranger's code, or is damaged: it "
        "is not read; save nothing but its model's state_dict() where you trust it, and convert that"
    ):
        convert(folder, tmp_path / "made")
    assert not (tmp_path / "was_run").exists()
    assert not (tmp_path / "made").exists()


def test_what_cannot_be_converted_is_refused_and_leaves_nothing(tmp_path):
    folder = pickled(pretrained.classifier(tmp_path / "model"), parts=2)
    part = folder / "pytorch_model-00002-of-00002.bin"
    content = part.read_bytes()
    part.write_bytes(content[:200])
    with refused(f"{part} is cut off or damaged: fetch or copy it again"):
        convert(folder, tmp_path / "made")
    torch.save(torch.ones(3), part)
    with refused(f"{part} holds no weights by name, as a model's state_dict is: save that"):
        convert(folder, tmp_path / "made")
    part.write_text("version https://git-lfs.github.com/spec/v1\nsize 3\n")
    pointer = f"{part} is a Git LFS pointer, not the file itself: fetch it with git lfs pull in its folder"
    with refused(pointer):
        convert(folder, tmp_path / "made")
    with refused(pointer):
        checkpoint_folders.resolve(str(folder))
    part.unlink()
    with refused(f"{folder} lacks {part.name}, which pytorch_model.bin.index.json names: fetch it too"):
        convert(folder, tmp_path / "made")
    (folder / "pytorch_model.bin.index.json").unlink()
    (folder / "pytorch_model-00001-of-00002.bin").unlink()
    with refused(f"{folder} has no pytorch_model.bin and nothing pickled; leave the one file of weights"):
        convert(folder, tmp_path / "made")
    with refused(f"{folder} is there already: give another output=FOLDER"):
        convert(folder, folder)
    with refused(f"{tmp_path} has no config.json, so it is no model folder"):
        convert(tmp_path, tmp_path / "made")
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


@pytest.mark.parametrize("arguments", [[], ["model=a"], ["model=a", "output="], ["model=a", "outputs=b"], ["a", "b"]])
def test_a_command_line_without_both_folders_says_what_to_give(monkeypatch, capsys, arguments):
    monkeypatch.setattr(sys, "argv", ["convert", *arguments])
    with pytest.raises(SystemExit) as end:
        command_line.main()
    assert end.value.code == 2
    assert capsys.readouterr().err.startswith("distill: give model=FOLDER and output=NEW_FOLDER\n")
