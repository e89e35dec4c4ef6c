"""Settings that nothing would read."""

import re
from functools import reduce

import pytest

from distill.config.schema import Config
from distill.config.teacher import TeacherConfig
from distill.config.unread_overrides import unread_override_problems
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


NO_INT8 = {"export.formats": ["huggingface", "onnx"]}
NO_TRACKER, BOARD = {"tracking.logger": ["none"]}, {"tracking.logger": ["tensorboard"]}
ONE = "several processes, trainer.devices or trainer.num_nodes above 1"
STATIC = "export.int8=static, in export.formats with onnx_int8"
WANDB = "tracking.logger with wandb"
BEGUN = {"stages": ["pretrain", "finetune"]}
COMPARE, EXPORT = "runs that compare models, with evaluate among stages", "runs that export, with export among stages"
SAMPLE = "the sample that stands in where no data is given"
IN_VAIN = [
    ({"data.path": "d", "data.sample": "topics"}, "data.sample=topics", SAMPLE),
    ({"data.source": "hub", "data.hub": "a/b", "data.sample": "topics"}, "data.sample=topics", SAMPLE),
    ({"data.source": "embedded", "data.hub": "a/b"}, "data.hub=a/b",
     "data of the hub, in whose place data.source=embedded reads the sample"),
    ({"data.hub_config": "sst2"}, "data.hub_config=sst2", "data of the hub, data.hub=ID"),
    ({**NO_INT8, "export.int8": "dynamic"}, "export.int8=dynamic", "export.formats with onnx_int8"),
    ({"task": "translation", "export.int8": "dynamic"}, "export.int8=dynamic", "export.formats with onnx_int8"),
    ({**NO_INT8, "export.tolerance.int8": 2.0}, "export.tolerance.int8=2", "export.formats with onnx_int8"),
    ({**NO_INT8, "export.calibration_rows": 20}, "export.calibration_rows=20", STATIC),
    ({"export.int8": "dynamic", "export.calibration_rows": 20}, "export.calibration_rows=20", STATIC),
    ({"trainer.nonfinite_in_a_row": 9}, "trainer.nonfinite_in_a_row=9", "trainer.on_nonfinite=skip"),
    ({"trainer.join_timeout": 9}, "trainer.join_timeout=9", ONE),
    ({**NO_TRACKER, "tracking.entity": "q"}, "tracking.entity=q", WANDB),
    ({**BOARD, "tracking.artifact_limit_mb": 5.0}, "tracking.artifact_limit_mb=5", WANDB),
    ({**BOARD, "tracking.finish_seconds": 5.0}, "tracking.finish_seconds=5", WANDB),
    ({**BOARD, "tracking.wandb": "online"}, "tracking.wandb=online", WANDB),
    ({**BOARD, "tracking.project": "p"}, "tracking.project=p", "tracking.logger with wandb or trackio"),
    ({**BEGUN, "evaluate.slices": ["length"]}, "evaluate.slices=[length]", COMPARE),
    ({**BEGUN, "evaluate.beside": {"old": None}}, "+evaluate.beside.old.model=FOLDER", COMPARE),
    ({**BEGUN, "export.require": ["onnx"]}, "export.require=[onnx]", EXPORT),
    ({**BEGUN, "export.calibrate": True}, "export.calibrate=true", EXPORT),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "override", "where"), IN_VAIN)
def test_what_the_other_settings_leave_unread_is_refused_on_the_command_line(changes, override, where):
    made = config(changes)
    assert list(unread_override_problems(made, [override])) == [f"{override}: belongs to {where}; leave it out"]
    assert not list(unread_override_problems(made, ["seed=1"])), "a card may set it for the runs that read it"


@pytest.mark.parametrize(
    ("changes", "override"),
    [
        ({"data.sample": "topics"}, "data.sample=topics"),
        ({"data.source": "embedded", "data.sample": "topics"}, "data.sample=topics"),
        ({"data.hub": "a/b", "data.sample": "topics"}, "data.sample=topics"),
        ({"export.int8": "dynamic"}, "export.int8=dynamic"),
        ({"export.calibration_rows": 20}, "export.calibration_rows=20"),
        (NO_INT8, "export.int8=static"),
        ({"trainer.on_nonfinite": "skip", "trainer.nonfinite_in_a_row": 9}, "trainer.nonfinite_in_a_row=9"),
        ({"trainer.devices": "auto", "trainer.join_timeout": 9}, "trainer.join_timeout=9"),
        ({**NO_TRACKER, "tracking.wandb": "disabled"}, "tracking.wandb=disabled"),
        ({"tracking.wandb": "disabled", "tracking.project": "p"}, "tracking.project=p"),
        ({"tracking.logger": ["trackio"], "tracking.project": "p"}, "tracking.project=p"),
        ({**BEGUN, "distill.temperature": 3.0}, "distill.temperature=3"),
        ({**BEGUN, "evaluate.baselines": []}, "evaluate.baselines=[]"),
        ({**BEGUN, "export.int8": "dynamic"}, "export.int8=dynamic"),
        ({"stages": ["evaluate"], "evaluate.slices": ["length"]}, "evaluate.slices=[length]"),
    ],
)
def test_what_is_read_or_turns_off_or_is_of_a_shortened_run_is_taken(changes, override):
    assert not list(unread_override_problems(config(changes), [override]))


def test_what_nothing_reads_is_found_within_braces():
    made = config({**NO_INT8, "export.int8": "dynamic", "export.license": "mit", "teacher.model": "FOLDER"})
    overrides = ["export={int8: dynamic, license: mit}", "teacher={model: FOLDER, architecture: {layers: 2}}"]
    assert list(unread_override_problems(made, overrides)) == [
        "export.int8=dynamic: belongs to export.formats with onnx_int8; leave it out",
        "teacher.architecture.layers=2: belongs to a teacher from scratch, teacher.model=null; leave it out",
    ]
