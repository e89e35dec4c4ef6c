"""A task is one file, and one line in a table: no setting has heard of the tasks made up here."""

import re
import sys
from dataclasses import replace
from functools import reduce
from types import SimpleNamespace

import pytest

from distill.config.schema import Config
from distill.config.validate import problems
from distill.tasks import TASKS, task

SETTINGS = {
    "finetune.lora.rank": 4, "distill.targets": "teacher", "generate.beams": 2, "teacher.top_k": 8,
    "data.score_range": [0.0, 5.0], "distill.soft.bounded": 0.5, "data.unlabelled.path": "more.tsv",
    "data.labels": {"0": "no"}, "distill.temperature": 4.0, "data.class_weights": "balanced",
    "data.stride": 7, "data.max_target_length": 128, "data.max_answer_length": 60, "pretrain.max_epochs": 5,
    "teacher.architecture.decoder_layers": 1, "student.init": "bilstm", "distill.dkd.weight": 1.0,
    "distill.dist.weight": 1.0, "distill.pkd.weight": 1.0, "distill.rkd_angle.weight": 1.0,
    "distill.rkd_angle.of": "logits", "distill.temperature_schedule.kind": "linear", "distill.quantization": "int8",
}  # fmt: skip


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
