"""Settings that nothing would read."""

import re
from functools import reduce

import pytest

from distill.config.schema import Config
from distill.config.teacher import TeacherConfig
from distill.config.validate import check
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


@pytest.mark.parametrize("who", ["teacher", "student"])
def test_a_narrow_copy_and_its_teacher_have_no_decoder_where_nothing_is_written(who):
    made = config({"student.init": "narrow", f"{who}.architecture.decoder_layers": 2})
    message = f"{who}.architecture.decoder_layers=2: belongs to translation and summarization; allowed is null"
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


TWO = {"more_teachers": {"second": TeacherConfig(model="FOLDER")}}
STATES = {"distill.soft.weight": 0.0, "distill.hidden.weight": 1.0}
SCRATCH = "a teacher from scratch, teacher.model=null; leave it out"


@pytest.mark.parametrize(
    ("changes", "override", "where"),
    [
        ({"teacher.model": "FOLDER"}, "teacher.architecture={layers: 2}", SCRATCH),
        ({"teacher.model": "FOLDER"}, "++teacher.architecture.layers=2", SCRATCH),
        ({"teacher.model": "FOLDER"}, "teacher.vocab_size=4000", SCRATCH),
        (
            TWO, "more_teachers.second.lowercase=true",
            "a teacher from scratch, more_teachers.second.model=null; leave it out",
        ),
        ({"student.init": "teacher"}, "student.architecture.layers=2", "student.init=random or narrow; leave it out"),
        (
            {"teacher.model": "FOLDER"}, "pretrain.max_epochs=3",
            "a teacher from scratch, or pretrain.continued=true; leave it out",
        ),
        (
            {"teacher.model": "FOLDER", "teacher.finetuned": True}, "finetune.max_epochs=3",
            "a teacher that is not fine-tuned yet; leave it out",
        ),
        (STATES, "distill.temperature=4", "terms that have one, such as soft; leave it out"),
    ],
)  # fmt: skip
def test_what_cards_may_set_in_vain_is_refused_on_the_command_line(changes, override, where):
    made = config(changes)
    check(made)
    message = f"1 problem in the settings\n  {override}: belongs to {where}"
    with pytest.raises(ConfigError, match=f"^{re.escape(message)}$"):
        check(made, ["experiment=sst2_tiny", override])


@pytest.mark.parametrize(
    ("changes", "override"),
    [
        ({}, "teacher.architecture.layers=2"),
        (TWO, "teacher.architecture.layers=2"),
        ({"student.init": "narrow"}, "student.architecture={layers: 1}"),
        ({}, "distill.temperature=4"),
        ({**STATES, "distill.js.weight": 0.5}, "distill.temperature=4"),
        ({"teacher.model": "FOLDER"}, "teacher=minilm"),
        ({"teacher.model": "FOLDER", "pretrain.continued": True}, "pretrain.max_epochs=3"),
        (TWO, "pretrain.max_epochs=3"),
        ({"teacher.model": "FOLDER"}, "finetune.max_epochs=3"),
    ],
)
def test_what_is_read_may_be_given_on_the_command_line(changes, override):
    check(config(changes), [override])


@pytest.mark.parametrize("task", ["token_classification", "relation_extraction"])
def test_baselines_that_are_asked_for_are_refused_where_a_task_has_none(task):
    made = config({"task": task})
    message = (
        "1 problem in the settings\n  evaluate.baselines=[tfidf]: belongs to classification, pair_classification, "
        "multilabel_classification and regression; leave it out"
    )
    with pytest.raises(ConfigError, match=f"^{re.escape(message)}$"):
        check(made, ["evaluate.baselines=[tfidf]"])
    check(made, [])
    check(config({"task": task, "evaluate.baselines": []}), ["evaluate.baselines=[]"])
    check(config({}), ["evaluate.baselines=[tfidf]"])


@pytest.mark.parametrize("value", [["bow"], ["tfidf", "tfidf"]])
def test_baselines_are_those_of_the_table_each_once(value):
    message = f"evaluate.baselines={value}: allowed is any of tfidf, each once, or []"
    with pytest.raises(ConfigError, match=re.escape(message)):
        check(config({"evaluate.baselines": value}))
