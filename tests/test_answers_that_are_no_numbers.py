"""Answers of a model that are no finite numbers are neither written, nor taken over, nor learnt from."""

import json
import math
import re
import shutil
from collections import Counter

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from distill.config.data import DataConfig, LimitConfig
from distill.config.schema import Config
from distill.inference.output_columns import not_finite
from distill.inference.output_parts import OutputWriter
from distill.inference.output_store import OutputStore
from distill.pipeline.prepare_data import prepare
from distill.pipeline.store import Store
from distill.teacher.reuse import reuse_outputs

KEYS = range(10)


def places(keys, count=2):
    key = torch.tensor(list(keys))
    return {"key": key, "first": 0 * key, "count": 0 * key + count}


def rows(keys, **spoilt):
    """Two rows and three tokens of each example; ``spoilt`` says of a column which number is put at which place."""
    columns = {
        "values": torch.randn(2 * len(keys), 4), "rest": torch.randn(2 * len(keys)),
        "states": torch.randn(3 * len(keys), 1, 5).half(),
    }  # fmt: skip
    for name, (place, value) in spoilt.items():
        columns[name][place] = value
    return columns


def write(folder, keys, **spoilt):
    writer = OutputWriter(folder, "it", features_per_part=4, states=(0,))
    writer.add(places(keys) | {"tokens": torch.full((len(keys),), 3)}, rows(keys, **spoilt))
    writer.flush()
    return writer


SPOILT = {
    "a logit": {"values": ((7, 2), math.nan)}, "an infinite logit": {"values": ((7, 2), math.inf)},
    "a class without any chance": {"values": ((7, 2), -math.inf)}, "what is left": {"rest": (7, math.nan)},
    "too much that is left": {"rest": (6, math.inf)}, "a state": {"states": ((10, 0, 4), math.nan)},
}  # fmt: skip


@pytest.mark.parametrize("case", SPOILT)
def test_an_example_of_which_something_is_no_number_is_not_written_and_all_others_are(case, tmp_path):
    writer = write(tmp_path, KEYS, **SPOILT[case])
    assert writer.refused == {3}
    store = OutputStore(tmp_path, "it", (0,))
    assert store.refused() == set()
    assert sorted({key for part in tmp_path.iterdir() for key in load_file(part)["key"].tolist()}) == [
        key for key in KEYS if key != 3
    ]
    assert len(store.hidden(places([4])["key"], places([4])["first"])[0][0]) == 3


def test_what_nothing_is_left_of_is_a_number_too(tmp_path):
    writer = write(tmp_path, KEYS, rest=(slice(None), -math.inf))
    assert writer.refused == set()
    assert OutputStore(tmp_path, "it").refused() == set()


def test_of_answers_that_are_all_no_numbers_nothing_is_written(tmp_path):
    assert write(tmp_path, KEYS, values=(slice(None), math.nan)).refused == set(KEYS)
    assert list(tmp_path.iterdir()) == []


def spoil(part, row):
    """Put what is no number into a part on disk."""
    with safe_open(part, framework="pt") as file:
        said = file.metadata()
    columns = load_file(part)
    columns["values"][row] = math.nan
    save_file(columns, part, said)


def test_a_store_tells_the_examples_of_which_it_holds_what_is_no_number(tmp_path):
    write(tmp_path, KEYS)
    spoil(tmp_path / "part-0-0.safetensors", 5)
    assert OutputStore(tmp_path, "it").refused() == {2}
    assert not_finite(load_file(tmp_path / "part-0-0.safetensors")).tolist() == [key == 2 for key in KEYS]


def test_a_part_that_holds_what_is_no_number_is_not_taken_over(tmp_path):
    store = Store(tmp_path)
    folder = store.partial("teach-old") / "outputs"
    for start in (0, 5):
        write(folder, range(start, start + 5))
    spoil(folder / "part-0-1.safetensors", 0)
    store.finish("teach-old", {"stage": "teach", "fingerprint": "old", "seconds": 0.0, "result": {}})
    new = tmp_path / ".teach-new.partial" / "outputs"
    reuse_outputs(new, "it", (), lambda: {(key, 0) for key in KEYS}, lambda name: store.find(name) is not None)
    assert [path.name for path in new.iterdir()] == ["part-0-0.safetensors"]


def stage_of(command, name):
    (found,) = (stage for stage in report(command)["stages"] if stage["name"] == name)
    return command.store / f"{name}-{found['fingerprint']}"


def report(command):
    return json.loads((command.folder / "run" / "report.json").read_text(encoding="utf-8"))


def word_of_train_alone(vocabulary):
    """A word of the small run's train that validation, on which a teacher is tried first, does not have."""
    config = Config(data=DataConfig(source="embedded", limit=LimitConfig(192, 64, 64)))
    words = {
        split: Counter(word for text in rows["text"][:] for word in text.lower().split())
        for split, rows in prepare(config).splits.items()
    }
    alone = (word for word, count in words["train"].most_common() if count < 32 and word not in words["validation"])
    return next(word for word in alone if word in vocabulary)


def test_a_teacher_that_says_no_number_of_some_texts_is_named_with_their_number_and_the_first(finished, tmp_path):
    command, _ = finished
    shutil.copytree(stage_of(command, "finetune") / "model", tmp_path / "teacher")
    weights = load_file(tmp_path / "teacher" / "model.safetensors")
    vocabulary = json.loads((tmp_path / "teacher" / "tokenizer.json").read_text())["model"]["vocab"]
    word = word_of_train_alone(vocabulary)
    weights["bert.embeddings.word_embeddings.weight"][vocabulary[word]] = 3e38  # its square is no number
    save_file(weights, tmp_path / "teacher" / "model.safetensors", {"format": "pt"})
    given = ("teacher.finetuned=true", f"teacher.model={tmp_path}/teacher", f"hydra.run.dir={tmp_path}/run")
    given += ("teacher.accept=true",)
    for settings, said in (
        ((), r"\S+/teacher answers (\d+) of 192 texts with numbers that are not finite: \"([^\"]*)\" of train"),
        (("teacher.store=never",), r"the teacher \S+/teacher itself answers (\d+) of these texts so: \"([^\"]*)\""),
    ):
        out = command(*given, *settings, code=2)
        found = re.search(said, out.replace("\n", " "))
        assert found is not None, out
        assert int(found[1]) < 32
        assert word in found[2].lower()
        assert "Traceback" not in out


def test_a_finished_store_that_holds_what_is_no_number_is_not_learnt_from(finished, tmp_path):
    """As an older version may have left it, whole and with its checksums."""
    command, _ = finished
    store = tmp_path / "store"
    shutil.copytree(command.store, store)
    name = stage_of(command, "teach").name
    (store / name).rename(store / f".{name}.partial")
    manifest = json.loads((store / f".{name}.partial" / "manifest.json").read_text())
    spoil(next((store / f".{name}.partial" / "outputs").iterdir()), 0)
    Store(store).finish(name, {key: value for key, value in manifest.items() if key != "files"})
    again = type(command)(tmp_path)
    out = again("distill.optimizer.lr=2e-3", "stages=[distill]", f"hydra.run.dir={tmp_path}/run", code=2)
    assert re.search(
        rf"{name}/outputs holds numbers that are not finite, in what \S+/model says of 1 of its texts: "
        rf"\".*\" of train; "
        rf"remove \S+/{name} and run again, to have them answered anew",
        out.replace("\n", " "),
    ), out


@pytest.mark.parametrize("stage", ["pretrain", "finetune", "distill"])
def test_a_stage_that_diverges_ends_the_run_in_a_sentence_and_is_not_finished(stage, finished, tmp_path):
    command, _ = finished
    stages = {"pretrain": "[pretrain]", "finetune": "[finetune]", "distill": "[distill,evaluate,export]"}[stage]
    overrides = (f"{stage}.optimizer.lr=1e6", f"stages={stages}", f"hydra.run.dir={tmp_path}/run")
    before = {path.name for path in command.store.iterdir() if not path.name.startswith(".")}
    out = command(*overrides, code=2)
    said = [line for line in out.splitlines() if "not finite" in line]
    assert len(said) == 1, out
    assert re.search(rf"distill: {stage}: (after )?step \d+ .*a lower {stage}.optimizer.lr may help", said[0]), out
    assert "1e+06" in said[0]
    assert "Traceback" not in out
    assert {path.name for path in command.store.iterdir() if not path.name.startswith(".")} == before
    assert not (tmp_path / "run" / "export").exists()
