"""Settings that nothing would read."""

import re
from functools import reduce

import pytest

from distill.config.check import check
from distill.config.schema import Config
from distill.errors import ConfigError


def config(changes):
    made = Config()
    for key, value in changes.items():
        *parents, name = key.split(".")
        setattr(reduce(getattr, parents, made), name, value)
    return made


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("data.max_answer_length", 60, "question_answering; allowed is 30"),
        ("data.stride", 7, "token_classification and question_answering; allowed is 32"),
        ("data.max_target_length", 9, "translation, summarization and dialogue; allowed is 64"),
        ("student.layers", 3, "student.init=teacher; allowed is 2"),
        ("student.layer_map", "last", "student.init=teacher or narrow; allowed is uniform"),
        ("student.lstm.layers", 2, "student.init=bilstm; allowed is 1"),
        ("student.architecture.decoder_layers", 2, "translation and summarization; allowed is null"),
        ("finetune.lora.alpha", 4.0, "adapters, finetune.lora.rank above 0; allowed is 16.0"),
        ("pretrain.optimizer.momentum", 0.5, "pretrain.optimizer.name=sgd; allowed is 0.9"),
        ("distill.early_stopping.min_delta", 0.1, "distill.early_stopping.patience; allowed is 0.0"),
    ],
)
def test_a_setting_that_nothing_reads_is_refused(key, value, said):
    message = f"1 problem in the settings\n  {key}={value}: belongs to {said}"
    with pytest.raises(ConfigError, match=f"^{re.escape(message)}$"):
        check(config({key: value}))


def test_a_teacher_whose_copy_is_narrow_has_no_decoder_either():
    made = config({"student.init": "narrow", "teacher.architecture.decoder_layers": 2})
    message = "teacher.architecture.decoder_layers=2: belongs to translation and summarization; allowed is null"
    with pytest.raises(ConfigError, match=f"^1 problem in the settings\n  {re.escape(message)}$"):
        check(made)


@pytest.mark.parametrize(
    "given",
    [
        {"data.max_answer_length": 60, "task": "question_answering"},
        {"student.layers": 1, "student.init": "teacher"},
        {"student.layer_map": "last", "student.init": "narrow"},
        {"finetune.lora.alpha": 4.0, "finetune.lora.rank": 2},
        {"distill.optimizer.momentum": 0.5, "distill.optimizer.name": "sgd"},
        {"finetune.early_stopping.min_delta": 0.1, "finetune.early_stopping.patience": 1},
    ],
)
def test_a_setting_that_is_read_is_taken(given):
    check(config(given))
