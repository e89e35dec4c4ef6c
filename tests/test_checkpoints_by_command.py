"""A checkpoint that is not what it is said to be ends either command with one sentence, before anything is trained."""

import io
import json
import shutil
import sys

import pretrained
import pytest
import torch
from safetensors.torch import load_file, save_file

from distill import predict

DATA = {
    "train": [{"text": f"a {word} film {number}", "label": label} for number in range(4)
              for word, label in (("good", "pos"), ("bad", "neg"))],
}  # fmt: skip
UNTRAINED = "leave out finetuned=true, and the run fine-tunes it, or give a folder that was saved after fine-tuning"
UNSAVED = "give a folder that was saved after fine-tuning, such as one that a run exported"
HEADLESS = (
    "{} has no weights of the head (classifier.bias, classifier.weight), so it is not fine-tuned: it is a folder of "
    "sentence-transformers (modules.json), which has none; {}"
)
NEVER = (
    "{} needs code of its own (auto_map in config.json), and the code of a checkpoint is never run: give a model that "
    "transformers knows by itself"
)
POINTER = "{}/model.safetensors is a Git LFS pointer, not the file itself: fetch it with git lfs pull in its folder"
INFINITE = (
    "{}: the weights of bert.pooler.dense.weight are not finite (NaN or infinite), so a training of it went wrong: "
    "give an earlier checkpoint of it"
)


def pointer(folder):
    (folder / "model.safetensors").write_text("version https://git-lfs.github.com/spec/v1\nsize 3\n")


def headless(folder):
    path = folder / "model.safetensors"
    save_file(
        {name: each for name, each in load_file(path).items() if "classifier" not in name}, path, {"format": "pt"}
    )
    (folder / "modules.json").write_text("[]")


def infinite(folder):
    path = folder / "model.safetensors"
    tensors = load_file(path)
    tensors["bert.pooler.dense.weight"][0, 0] = torch.nan
    save_file(tensors, path, {"format": "pt"})


def code(folder):
    path = folder / "config.json"
    own = {"AutoConfig": "own.Config", "AutoModelForSequenceClassification": "own.Model"}
    path.write_text(json.dumps({**json.loads(path.read_text()), "model_type": "xnew", "auto_map": own}))
    (folder / "own.py").write_text(f"from pathlib import Path\nPath({str(folder / 'was_run')!r}).touch()\n")


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    texts = [row["text"] for row in DATA["train"]]
    return pretrained.classifier(tmp_path_factory.mktemp("whole") / "model", texts, labels=("pos", "neg"))


@pytest.fixture
def folder(whole, tmp_path):
    return shutil.copytree(whole, tmp_path / "model")


@pytest.fixture
def data(tmp_path):
    made = tmp_path / "data"
    made.mkdir()
    for name in ("train", "validation", "test"):
        (made / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in DATA["train"]))
    return made


@pytest.fixture(autouse=True)
def answering_yes(monkeypatch):
    """Whoever sits at the terminal says yes to whatever is asked."""
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n" * 9))


PLACES = {
    "teacher": ("teacher=minilm", "teacher.model={}"),
    "teacher that is fine-tuned": ("teacher=minilm", "teacher.finetuned=true", "teacher.model={}"),
    "teacher to go on with": ("teacher=minilm", "pretrain.continued=true", "teacher.model={}"),
    "another teacher": ("+more_teachers={{second: {{model: {}, finetuned: true}}}}",),
    "student": ("student.init=checkpoint", "student.model={}"),
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(("damage", "message"), [(pointer, POINTER), (infinite, INFINITE), (code, NEVER)])
def test_a_checkpoint_is_looked_at_before_the_first_stage(inside, folder, data, place, damage, message):
    damage(folder)
    given = [each.format(folder) for each in PLACES[place]]
    out = inside("experiment=sst2_tiny", "data.labels=null", f"data.path={data}", *given, small=False, code=2)
    before = "more_teachers.second: " if place == "another teacher" else ""
    assert out.splitlines()[-1] == f"distill: {before}{message.format(folder)}"
    assert "[y/N]" not in out
    assert not (folder / "was_run").exists()
    assert not inside.store.exists()


@pytest.mark.parametrize("place", ["teacher that is fine-tuned", "another teacher"])
def test_a_teacher_that_is_said_to_be_fine_tuned_has_its_head(inside, folder, data, place):
    headless(folder)
    given = [each.format(folder) for each in PLACES[place]]
    out = inside("experiment=sst2_tiny", "data.labels=null", f"data.path={data}", *given, small=False, code=2)
    before = "more_teachers.second: " if place == "another teacher" else ""
    assert out.splitlines()[-1] == f"distill: {before}{HEADLESS.format(folder, UNTRAINED)}"
    assert not inside.store.exists()


def test_an_adapter_that_was_saved_without_its_head_says_how_to_save_it(inside, whole, data, tmp_path):
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForSequenceClassification

    adapter, base = tmp_path / "adapter", shutil.copytree(whole, tmp_path / "base")
    headless(base)
    model = AutoModelForSequenceClassification.from_pretrained(base)
    get_peft_model(model, LoraConfig(target_modules=["query"])).save_pretrained(adapter)
    given = ("teacher=minilm", f"teacher.model={adapter}", "teacher.finetuned=true", "teacher.labels=[neg,pos]")
    out = inside("experiment=sst2_tiny", "data.labels=null", f"data.path={data}", *given, small=False, code=2)
    assert "has no weights of the head (classifier.bias, classifier.weight), so it is not fine-tuned" in out
    assert out.splitlines()[-1].endswith(
        "; neither the adapter nor its base has them: train it with these among peft's modules_to_save, or leave out "
        "finetuned=true, and the run fine-tunes it"
    )


@pytest.mark.slow
def test_an_adapter_that_brings_its_head_teaches_what_it_says(inside, whole, data, tmp_path):
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    adapter, base, texts = tmp_path / "adapter", shutil.copytree(whole, tmp_path / "base"), DATA["train"]
    headless(base)
    torch.manual_seed(0)
    settings = LoraConfig(task_type="SEQ_CLS", target_modules=["query", "value"], init_lora_weights=False)
    model = get_peft_model(AutoModelForSequenceClassification.from_pretrained(base), settings).eval()
    model.save_pretrained(adapter)
    given = (f"teacher.model={adapter}", f"teacher.base={base}", "teacher.finetuned=true", "teacher.labels=[pos,neg]")
    small = ("student=scratch_tiny", "teacher.accept=true", "distill.max_epochs=1", "tracking.wandb=disabled")
    stages = "stages=[teach,distill,evaluate]"
    settings = ("experiment=sst2_tiny", "data.labels=null", f"data.path={data}", "data.columns.text=text", stages)
    near = "data.near_duplicates=keep"
    inside(*settings, "teacher=minilm", *given, *small, near, "evaluate.latency_samples=0", small=False)
    with torch.inference_mode():
        batch = AutoTokenizer.from_pretrained(base)([row["text"] for row in texts], return_tensors="pt", padding=True)
        said = model(**batch).logits[:, [1, 0]]  # the labels in the order of the data: neg, pos
    (part,) = inside.store.glob("teach-*/outputs/*.safetensors")
    stored = load_file(part)["values"].float()
    ordered = [rows[rows[:, 0].argsort()] for rows in (stored, said)]
    assert torch.allclose(*ordered, atol=1e-3)


@pytest.mark.parametrize(
    ("damage", "message"),
    [(pointer, POINTER), (infinite, INFINITE), (code, NEVER), (headless, HEADLESS.replace("; {}", f"; {UNSAVED}"))],
)
def test_a_model_is_looked_at_before_it_is_asked(folder, data, tmp_path, monkeypatch, capsys, damage, message):
    damage(folder)
    given = (f"model={folder}", "task=classification", f"input={data}/test.jsonl", f"output={tmp_path}/out.jsonl")
    monkeypatch.setattr(sys, "argv", ["predict", *given])
    with pytest.raises(SystemExit) as end:
        predict.main()
    captured = capsys.readouterr()
    assert (end.value.code, captured.err, captured.out) == (2, f"distill: {message.format(folder)}\n", "")
    assert not (folder / "was_run").exists()
    assert not (tmp_path / "out.jsonl").exists()


def test_a_whole_checkpoint_is_asked(folder, data, tmp_path, monkeypatch, capsys):
    given = (f"model={folder}", "task=classification", f"input={data}/test.jsonl", f"output={tmp_path}/out.jsonl")
    monkeypatch.setattr(sys, "argv", ["predict", *given])
    predict.main()
    assert capsys.readouterr().out.startswith("8 examples in ")
