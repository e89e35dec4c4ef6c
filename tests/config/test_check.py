import re
from functools import reduce

import pytest

from distill.config.check import TASKS, check
from distill.config.schema import Config
from distill.errors import ConfigError


def config(**changes):
    made = Config()
    for key, value in changes.items():
        *parents, name = key.split("__")
        setattr(reduce(getattr, parents, made), name, value)
    return made


CASES = [
    ({"distill__temperature": 0.0}, "distill.temperature=0.0: allowed is a number above 0"),
    ({"distill__temperature": float("inf")}, "distill.temperature=inf: allowed is a number above 0"),
    ({"distill__soft__weight": -1.0}, "distill.soft.weight=-1.0: allowed is a number from 0 up"),
    (
        {"distill__hard__weight": 0.0, "distill__soft__weight": 0.0},
        "distill: the weights of hard, soft, hidden are all 0; at least one must be above 0",
    ),
    (
        {"distill__soft__weight": 0.0},
        "distill: the weights of soft, hidden are both 0, so nothing would come from the teacher",
    ),
    (
        {"student__init": "teacher", "student__layers": 3},
        "student.layers=3: the teacher has 2 layers to give",
    ),
    (
        {"stages": ["teach", "finetune"]},
        "stages=['teach', 'finetune']: allowed is any subset, each once, in the order "
        "pretrain, finetune, teach, distill, control, evaluate, export",
    ),
    (
        {"stages": ["train"]},
        "stages: unknown train; allowed are pretrain, finetune, teach, distill, control, evaluate, export",
    ),
    (
        {"distill__hard__weight": 0.0, "distill__soft__weight": 0.0, "distill__hidden__weight": 1.0},
        "distill: the weights of hard, soft are both 0, so nothing would teach the student's head",
    ),
    (
        {"student__layer_map": "\u00b2"},
        "student.layer_map=\u00b2: allowed is one of uniform, first, last, or layer numbers from 0 such as 1,3,5",
    ),
    (
        {"finetune__frozen_layers": 1, "finetune__lora__rank": 4},
        "finetune.frozen_layers: adapters freeze every layer already; allowed is 0 where lora.rank is above 0",
    ),
    (
        {"pretrain__continued": True},
        "pretrain.continued=true: goes on from a checkpoint that is not fine-tuned yet; give teacher.model=PATH",
    ),
    ({"tracking__project": "a/b"}, "tracking.project=a/b: allowed is a name without / \\ # ? % :"),
    ({"teacher__revision": "v1"}, "teacher.revision=v1: belongs to a hub checkpoint; give it as teacher.model=ID"),
    ({"data__source": "local"}, "data.source=local: give the folder as data.path=FOLDER"),
    ({"data__source": "hub"}, "data.source=hub: give the data set's id as data.hub=ID"),
    (
        {"data__source": "embedded", "data__path": "here"},
        "data.path=here: is not read where data.source=embedded; leave one of them out",
    ),
    ({"data__limit__train": 0}, "data.limit.train=0: allowed is a whole number from 1 up"),
    ({"data__holdout": 1.0}, "data.holdout=1.0: allowed is a number between 0 and 1"),
    (
        {"teacher__architecture__heads": 3},
        "teacher.architecture.hidden_size=128: allowed is a multiple of heads=3",
    ),
    ({"teacher__finetuned": True}, "teacher.finetuned=true: give the fine-tuned checkpoint as teacher.model=PATH"),
    (
        {"student__init": "checkpoint"},
        "student.init=checkpoint: student.model=PATH goes with student.init=checkpoint, and only with it",
    ),
    (
        {"distill__hidden__layer_map": "middle"},
        "distill.hidden.layer_map=middle: allowed is one of uniform, first, last, "
        "or layer numbers from 0 such as 1,3,5",
    ),
    ({"trainer__devices": 0}, "trainer.devices=0: allowed is auto, -1 (all) or a whole number from 1 up"),
    ({"trainer__precision": "8"}, "trainer.precision=8: allowed is one of 32-true, bf16-mixed, 16-mixed"),
    ({"finetune__optimizer__name": "adam"}, "finetune.optimizer.name=adam: allowed is one of adamw, sgd"),
    ({"finetune__dropout": 1.0}, "finetune.dropout=1.0: allowed is a number from 0 up to, not including, 1"),
]


@pytest.mark.parametrize(("changes", "problem"), CASES, ids=[next(iter(changes)) for changes, _ in CASES])
def test_what_makes_no_sense_is_named_with_its_key_what_came_and_what_is_allowed(changes, problem):
    with pytest.raises(ConfigError, match=f"^{re.escape('1 problem in the settings' + chr(10) + '  ' + problem)}$"):
        check(config(**changes))


def test_all_problems_come_in_one_message():
    message = (
        "3 problems in the settings\n"
        "  seed=-1: allowed is a whole number from 0 to 4294967295\n"
        "  task=parsing: allowed is one of classification\n"
        "  distill.temperature=-2: allowed is a number above 0"
    )
    with pytest.raises(ConfigError, match=f"^{re.escape(message)}$"):
        check(config(distill__temperature=-2, task="parsing", seed=-1))


def test_the_defaults_make_sense():
    check(Config())


def test_every_task_that_may_be_configured_has_its_parts():
    from distill.build import METRICS
    from distill.tasks import task

    for name in TASKS:
        assert {"ROLES", "HEAD", "encode", "collate", "align"} <= set(dir(task(name)))
        assert name in METRICS
