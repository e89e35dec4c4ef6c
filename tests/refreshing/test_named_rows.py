"""Rows with the names of their labels, written and read again: the same rows in every task that reads."""

import pytest

from distill.config.data import DataConfig, LimitConfig
from distill.config.schema import Config
from distill.pipeline.prepare_data import load, prepare
from distill.refreshing import named_rows
from distill.tasks import TASKS, task

READING = [name for name in TASKS if not task(name).writes]


@pytest.mark.parametrize("name", READING)
def test_rows_are_the_same_once_they_are_read_again(name, tmp_path):
    module = task(name)
    limits = LimitConfig(train=40, validation=12, test=12)
    named = {"label": "answers"} if name == "question_answering" else {}
    data = DataConfig(source="embedded", columns=named, limit=limits, near_duplicates="keep")
    before = prepare(Config(task=name, data=data))
    parts = {split: [("old rows", named_rows.named(before, module, split))] for split in before.splits}
    named_rows.write(parts, tmp_path)
    labels = {label: label for label in before.labels}
    config = Config(task=name, data=DataConfig(path=str(tmp_path), labels=labels, near_duplicates="keep"))
    after = prepare(config)
    assert after.labels == before.labels
    for split, rows in before.splits.items():
        columns = [*module.roles, "key"]
        assert after.splits[split].select_columns(columns)[:] == rows.select_columns(columns)[:]
    again = prepare(config, beside=load(config))
    assert again.splits["train"][:] == after.splits["train"][:]
    assert again.labels == after.labels
