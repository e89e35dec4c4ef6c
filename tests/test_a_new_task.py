"""A task is one file, and one line in a table: nothing else of the package has heard of the tasks made up here."""

import json
import re
import sys
from dataclasses import replace
from functools import reduce
from types import SimpleNamespace

import pytest

from distill.config.schema import Config
from distill.config.validate import problems
from distill.inference.predictor import load
from distill.tasks import TASKS, task

SETTINGS = {
    "finetune.lora.rank": 4, "distill.targets": "teacher", "generate.beams": 2, "teacher.top_k": 8,
    "data.score_range": [0.0, 5.0], "distill.soft.bounded": 0.5, "data.unlabelled.path": "more.tsv",
    "data.labels": {"0": "no"}, "distill.temperature": 4.0, "data.class_weights": "balanced",
    "data.stride": 7, "data.max_target_length": 128, "data.max_answer_length": 60, "pretrain.max_epochs": 5,
    "teacher.architecture.decoder_layers": 1, "student.init": "bilstm", "distill.dkd.weight": 1.0,
    "distill.dist.weight": 1.0, "distill.pkd.weight": 1.0, "distill.rkd_angle.weight": 1.0,
    "distill.rkd_angle.of": "logits", "distill.temperature_schedule.kind": "linear",
}  # fmt: skip
FILE = '''"""Whether a review recommends what it is about: a task of its own, with a column of its own."""

from dataclasses import replace

from distill.tasks import classification
from distill.tasks.features import sentences


def encode(rows, tokenizer, form):
    return sentences(tokenizer(list(rows["review"]), truncation=True, max_length=form.max_length), rows)


TASK = replace(
    classification.TASK, roles={"review": "text", "label": "label"}, inputs={"review": "text"}, text=("review",),
    encode=encode,
)
'''
SMALL = (
    "data.source=local", "teacher.vocab_size=300", "pretrain.max_epochs=1", "finetune.max_epochs=1",
    "distill.max_epochs=1", "data.max_length=24", "data.class_weights=balanced", "evaluate.latency_samples=2",
    "teacher.architecture={layers: 2, hidden_size: 32, heads: 2, intermediate_size: 64}",
    "student.architecture={layers: 1, hidden_size: 16, heads: 2, intermediate_size: 32}", "evaluate.resamples=100",
    "tracking.wandb=disabled",
)  # fmt: skip


def refused(name):
    """What is refused where all settings of some tasks only are given at once, without the tasks that have them."""
    made = Config(task=name)
    for key, value in SETTINGS.items():
        *parents, last = key.split(".")
        setattr(reduce(getattr, parents, made), last, value)
    return [re.sub("belongs to .*;", "belongs to others;", line).replace(name, "it") for line in problems(made)]


@pytest.mark.parametrize("name", list(TASKS))
def test_settings_are_checked_by_what_a_task_is_and_not_by_its_name(name, monkeypatch):
    before = refused(name)
    monkeypatch.setitem(sys.modules, "a_copy", SimpleNamespace(TASK=replace(task(name))))
    monkeypatch.setitem(TASKS, "copy", "a_copy")
    assert refused("copy") == before


def test_settings_that_belong_to_other_tasks_are_refused_with_a_new_task_among_those_that_have_them(monkeypatch):
    monkeypatch.setitem(sys.modules, "a_copy", SimpleNamespace(TASK=replace(task("question_answering"))))
    monkeypatch.setitem(TASKS, "copy", "a_copy")
    made = Config()
    made.data.max_answer_length, made.data.score_range = 60, [0.0, 5.0]
    assert problems(made) == [
        "data.score_range=[0.0, 5.0]: belongs to regression; allowed is null",
        "data.max_answer_length=60: belongs to question_answering and copy; allowed is 30",
    ]


def test_a_file_and_a_line_are_all_that_a_new_task_takes_from_data_to_predictions(inside, monkeypatch):
    (inside.folder / "reviews_of_books.py").write_text(FILE, encoding="utf-8")
    monkeypatch.syspath_prepend(inside.folder)
    monkeypatch.setitem(TASKS, "reviews", "reviews_of_books")
    data = inside.folder / "data"
    data.mkdir()
    for split, count in (("train", 96), ("validation", 24), ("test", 32)):
        rows = [
            {"review": f"{split} book {number} was {word}", "label": label}
            for number in range(count // 2)
            for word, label in (("wonderful , read it", "yes"), ("dull , leave it", "no"))
        ]
        (data / f"{split}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    inside("task=reviews", f"data.path={data}", *SMALL, f"hydra.run.dir={inside.folder}/run", small=False)
    report = json.loads((inside.folder / "run" / "report.json").read_text(encoding="utf-8"))
    assert report["task"] == "reviews"
    assert set(report["models"]) == {"teacher", "student", "control"}
    model = load(inside.folder / "run" / "export" / "huggingface")
    assert model.task is task("reviews")
    (answer,) = model.predict([{"review": "this book was dull"}])
    assert answer["label"] in ("yes", "no")
