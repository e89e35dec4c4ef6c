import re
from functools import reduce

import pytest

from distill.base.setting_rules import at, said
from distill.config.data import SAMPLES
from distill.config.schema import Config
from distill.config.task import SETTINGS_OF_TASKS
from distill.config.task_traits import tasks_with
from distill.config.validate import check
from distill.errors import ConfigError
from distill.tasks import TASKS, Task, task


def config(**changes):
    made = Config()
    for key, value in changes.items():
        *parents, name = key.split("__")
        setattr(reduce(getattr, parents, made), name, value)
    return made


READING = (
    "classification, pair_classification, multilabel_classification, regression, token_classification, "
    "relation_extraction, question_answering"
)
CASES = [
    ({"distill__temperature": 0.0}, "distill.temperature=0.0: allowed is a number from 1e-6 to 1e6"),
    ({"distill__temperature": float("inf")}, "distill.temperature=inf: allowed is a number from 1e-6 to 1e6"),
    ({"distill__temperature": 1e200}, "distill.temperature=1e+200: allowed is a number from 1e-6 to 1e6"),
    ({"distill__soft__weight": -1.0}, "distill.soft.weight=-1.0: allowed is a number from 0 up"),
    *(
        ({key.replace(".", "__"): ""}, f"{key}=: allowed is null or a name that is not empty")
        for key in ("data.path", "data.hub_config", "teacher.model", "tracking.entity")
    ),
    *(
        (
            {"student__init": "narrow", "student__embedding_rank": rank},
            f"student.embedding_rank={rank}: allowed is null, auto, or a whole number from 1 up",
        )
        for rank in (0, "few")
    ),
    (
        {"distill__hard__weight": 0.0, "distill__soft__weight": 0.0},
        "distill: the weights of all terms are 0; at least one must be above 0",
    ),
    (
        {"distill__soft__weight": 0.0},
        "distill: only hard has a weight, so nothing would come from the teacher; add a term such as soft",
    ),
    (
        {"student__init": "teacher", "student__layers": 3},
        "student.layers=3: the teacher has 2 layers to give",
    ),
    (
        {"stages": ["teach", "finetune"]},
        "stages=['teach', 'finetune']: allowed is any subset, each once, in the order "
        "pretrain, finetune, augment, teach, distill, control, evaluate, export",
    ),
    (
        {"stages": ["train"]},
        "stages: unknown train; allowed are pretrain, finetune, augment, teach, distill, control, evaluate, export",
    ),
    (
        {"distill__hard__weight": 0.0, "distill__soft__weight": 0.0, "distill__hidden__weight": 1.0},
        "distill: hidden alone would not teach the student's head; add a term such as hard or soft",
    ),
    (
        {"student__init": "teacher", "student__layer_map": "\u00b2"},
        "student.layer_map=\u00b2: allowed is one of uniform, first, last, skip, or layer numbers from 0 such as 1,3,5",
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
    (
        {"tracking__logger": ["none", "wandb"]},
        "tracking.logger=['none', 'wandb']: allowed is a list of wandb, tensorboard, trackio, each once, or [none]",
    ),
    (
        {"tracking__logger": ["mlflow"]},
        "tracking.logger=['mlflow']: allowed is a list of wandb, tensorboard, trackio, each once, or [none]",
    ),
    ({"tracking__artifact_limit_mb": -1.0}, "tracking.artifact_limit_mb=-1.0: allowed is a number from 0 up"),
    ({"tracking__finish_seconds": 0.0}, "tracking.finish_seconds=0.0: allowed is a number above 0"),
    ({"teacher__revision": "v1"}, "teacher.revision=v1: belongs to a hub checkpoint; give it as teacher.model=ID"),
    ({"data__source": "local"}, "data.source=local: give the folder as data.path=FOLDER"),
    ({"data__source": "hub"}, "data.source=hub: give the data set's id as data.hub=ID"),
    (
        {"data__hub": "../sst2"},
        "data.hub=../sst2: no data set of the hub has such a name; allowed is NAME or OWNER/NAME, "
        "such as stanfordnlp/sst2, and a file or folder of your own is data.path",
    ),
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
    (
        {"teacher__labels_subset": True},
        "teacher.labels_subset=true: chooses among the outputs of a fine-tuned checkpoint; it needs "
        "teacher.finetuned=true",
    ),
    (
        {"task": "regression", "teacher__model": "x", "teacher__finetuned": True, "teacher__labels_subset": True},
        "teacher.labels_subset=True: belongs to classification, pair_classification, multilabel_classification, "
        "token_classification, relation_extraction; allowed is false",
    ),
    ({"teacher__finetuned": True}, "teacher.finetuned=true: give the fine-tuned checkpoint as teacher.model=PATH"),
    (
        {"student__init": "checkpoint"},
        "student.init=checkpoint: student.model=PATH goes with student.init=checkpoint, and only with it",
    ),
    (
        {"distill__hidden__layer_map": "middle"},
        "distill.hidden.layer_map=middle: allowed is one of uniform, first, last, skip, auto, "
        "layer numbers from 0 such as 1,3,5, or pairs such as 0:1,2:5",
    ),
    ({"trainer__devices": 0}, "trainer.devices=0: allowed is auto, -1 (all) or a whole number from 1 up"),
    ({"trainer__precision": "8"}, "trainer.precision=8: allowed is one of 32-true, 64-true, bf16-mixed, 16-mixed"),
    (
        {"finetune__optimizer__lr": 1e300},
        "finetune.optimizer.lr=1e+300: allowed is null or a number above 0, below 1e38",
    ),
    (
        {"distill__optimizer__lr": float("nan")},
        "distill.optimizer.lr=nan: allowed is null or a number above 0, below 1e38",
    ),
    (
        {"distill__optimizer__weight_decay": 1e40},
        "distill.optimizer.weight_decay=1e+40: allowed is a number from 0 up to, not including, 1e38",
    ),
    ({"finetune__optimizer__name": "adam"}, "finetune.optimizer.name=adam: allowed is one of adamw, sgd"),
    ({"data__unlabelled__path": []}, "data.unlabelled.path=[]: allowed is null, a file or folder, or a list of them"),
    ({"finetune__dropout": 1.0}, "finetune.dropout=1.0: allowed is a number from 0 up to, not including, 1"),
    *[
        (
            {"task": task, key.replace(".", "__"): value, "pretrain__max_epochs": 0},
            f"{key}={value}: belongs to {tasks}; allowed is {said}",
        )
        for task, key, value, tasks, said in (
            ("dialogue", "distill.targets", "teacher", "translation, summarization", "data"),
            ("classification", "generate.beams", 2, "translation, summarization, dialogue", "1"),
            ("classification", "data.score_range", [0.0, 5.0], "regression", "null"),
            ("pair_classification", "distill.soft.bounded", 0.0, "regression", "null"),
            ("summarization", "data.unlabelled.path", ".", READING, "null"),
            ("dialogue", "distill.quantization", "int8", READING, "none"),
            (
                "regression",
                "data.class_weights",
                "balanced",
                "classification, pair_classification, token_classification, relation_extraction",
                "none",
            ),
        )
    ],
    (
        {"task": "summarization", "pretrain__max_epochs": 2},
        "pretrain.max_epochs=2: models that write begin at random; allowed is 0",
    ),
    (
        {"task": "dialogue", "data__max_target_length": 128, "pretrain__max_epochs": 0},
        "data.max_target_length=128: allowed is less than data.max_length=128",
    ),
    (
        {"task": "translation", "data__max_target_length": 129, "pretrain__max_epochs": 0},
        "data.max_target_length=129: allowed is at most data.max_length=128",
    ),
    (
        {"task": "regression", "data__score_range": [5.0, 0.0]},
        "data.score_range=[5.0, 0.0]: allowed is the lowest and the highest score",
    ),
    (
        {"task": "regression", "data__score_range": [5.0]},
        "data.score_range=[5.0]: allowed is the lowest and the highest score",
    ),
    (
        {"task": "regression", "data__score_range": [0.0, float("nan")]},
        "data.score_range=[0.0, nan]: allowed is the lowest and the highest score",
    ),
    (
        {"task": "translation", "data__max_target_length": 1, "pretrain__max_epochs": 0},
        "data.max_target_length=1: allowed is a whole number from 2 up",
    ),
    (
        {"data__unlabelled__limit": 5},
        "data.unlabelled: columns and limit belong to a file; give it as data.unlabelled.path=FILE",
    ),
    (
        {"task": "token_classification", "data__stride": -1},
        "data.stride=-1: allowed is a whole number from 0 up",
    ),
    (
        {"task": "question_answering", "data__max_answer_length": 0},
        "data.max_answer_length=0: allowed is a whole number from 1 up",
    ),
    (
        {"task": "dialogue", "pretrain__max_epochs": 0, "teacher__top_k": 0},
        "teacher.top_k=0: allowed is a whole number from 1 up",
    ),
    (
        {"generate__beams": 0, "task": "translation", "pretrain__max_epochs": 0},
        "generate.beams=0: allowed is a whole number from 1 up",
    ),
    (
        {"distill__targets": "both", "task": "translation", "pretrain__max_epochs": 0},
        "distill.targets=both: allowed is one of data, teacher",
    ),
    (
        {"distill__soft__bounded": -1.0, "task": "regression"},
        "distill.soft.bounded=-1.0: allowed is null or a number from 0 up",
    ),
    ({"data__class_weights": "some"}, "data.class_weights=some: allowed is one of none, balanced"),
    (
        {"task": "translation", "pretrain__max_epochs": 0, "teacher__architecture__decoder_layers": 0},
        "teacher.architecture.decoder_layers=0: allowed is a whole number from 1 up",
    ),
    (
        {"data__sample": "sentences"},
        "data.sample=sentences: allowed is null or one of sentiment, questions, paraphrases, topics, similarities, "
        "entities, relations, passages, translations, abstracts, dialogues",
    ),
]


@pytest.mark.parametrize(("changes", "problem"), CASES, ids=[problem.split("=")[0] for _, problem in CASES])
def test_what_makes_no_sense_is_named_with_its_key_what_came_and_what_is_allowed(changes, problem):
    with pytest.raises(ConfigError, match=f"^{re.escape('1 problem in the settings' + chr(10) + '  ' + problem)}$"):
        check(config(**changes))


def test_all_problems_come_in_one_message():
    message = (
        "3 problems in the settings\n"
        "  seed=-1: allowed is a whole number from 0 to 4294967295\n"
        "  task=parsing: allowed is one of classification, pair_classification, multilabel_classification, regression, "
        "token_classification, relation_extraction, question_answering, translation, summarization, dialogue\n"
        "  distill.max_epochs=0: allowed is a whole number from 1 up"
    )
    with pytest.raises(ConfigError, match=f"^{re.escape(message)}$"):
        check(config(distill__max_epochs=0, task="parsing", seed=-1))


def test_the_defaults_make_sense():
    check(Config())


BELONGS = [
    ({"distill__targets": "teacher"}, "distill.targets=teacher"),
    ({"generate__beams": 2}, "generate.beams=2"),
    ({"data__score_range": [0.0, 5.0]}, "data.score_range=[0.0, 5.0]"),
    ({"distill__soft__bounded": 0.5}, "distill.soft.bounded=0.5"),
    ({"task": "regression", "data__labels": {"0": "no"}}, "data.labels={'0': 'no'}"),
    ({"task": "regression", "distill__temperature": 4.0}, "distill.temperature=4.0"),
    ({"teacher__top_k": 8}, "teacher.top_k=8"),
    ({"task": "dialogue", "pretrain__max_epochs": 0, "distill__quantization": "int8"}, "distill.quantization=int8"),
    ({"task": "regression", "data__class_weights": "balanced"}, "data.class_weights=balanced"),
]


@pytest.mark.parametrize(("changes", "named"), BELONGS, ids=[named for _, named in BELONGS])
def test_a_setting_of_other_tasks_is_refused_and_the_tasks_are_named(changes, named):
    key = named.split("=")[0]
    tasks, left = tasks_with(SETTINGS_OF_TASKS[key]), said(at(Config(), key))
    message = f"1 problem in the settings\n  {named}: belongs to {', '.join(tasks)}; allowed is {left}"
    with pytest.raises(ConfigError, match=f"^{re.escape(message)}$"):
        check(config(**changes))
    for name in tasks:
        check(config(**{**changes, "task": name, "pretrain__max_epochs": 0}))


def test_every_task_that_may_be_configured_has_its_parts():
    from distill.data.embedded import SAMPLES as MADE
    from distill.metrics import metric_module

    assert set(MADE) <= set(SAMPLES)
    for name in TASKS:
        found = task(name)
        assert isinstance(found, Task)
        assert found.sample in SAMPLES
        assert set(found.inputs) <= set(found.text)
        leading = set()
        for labels in (["a", "b"], []):
            metrics = metric_module(found.metric_module(labels))
            assert metrics.HEADLINE.mode in ("max", "min")
            assert metrics.HEADLINE.name == found.leading[0]
            leading |= {metric.headline.name for metric in metrics.LEADING}
        assert sorted(found.leading) == sorted(leading)


@pytest.mark.parametrize(
    ("name", "metric", "allowed"),
    [
        ("regression", "spearman", "pearson, mse"),
        ("dialogue", "distinct_2", "perplexity"),
        ("classification", "F1", "accuracy, f1, matthews"),
        ("token_classification", "bleu", "f1, precision, recall, accuracy"),
        ("translation", "", "bleu, chrf"),
    ],
)
def test_a_metric_that_cannot_lead_is_refused_with_those_that_can(name, metric, allowed):
    expected = f"1 problem in the settings\n  metric={metric}: allowed is {allowed}"
    writes = {"pretrain__max_epochs": 0} if task(name).writes else {}
    with pytest.raises(ConfigError, match=f"^{re.escape(expected)}$"):
        check(config(task=name, metric=metric, **writes))
    for each in task(name).leading:
        check(config(task=name, metric=each, **writes))
