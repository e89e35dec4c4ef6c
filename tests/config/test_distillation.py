"""Objectives that make no sense are refused, each with its reason; the table of terms is true to the terms."""

import re
from dataclasses import fields, replace
from functools import reduce
from inspect import signature
from pathlib import Path
from pkgutil import resolve_name

import pytest
import torch

from distill.base.setting_rules import rules_of
from distill.config.schema import Config
from distill.config.validate import check
from distill.errors import ConfigError
from distill.objective import checks, make_term
from distill.objective.declaration import SCHEDULES, LayersConfig, ScheduleConfig
from distill.objective.schedules import KINDS as KINDS_OF_SCHEDULES
from distill.objective.settings import TermsConfig, active, listed, markdown, terms, terms_with_temperature
from distill.objective.specs import TERM_SPECS
from distill.objective.terms import BatchTerm
from distill.tasks import TASKS
from distill.types import Outputs, SparseLogits

PAGE = Path(__file__).parents[2] / "docs" / "objectives.md"
TASKS_THAT_WRITE = ("translation", "summarization", "dialogue")
TASKS_WITHOUT_CLASSES = ("multilabel_classification", "regression")


def config(task="classification", **changes):
    made = Config(task=task)
    if task in TASKS_THAT_WRITE:
        made.pretrain.max_epochs = 0
    for key, value in changes.items():
        *parents, name = key.split("__")
        setattr(reduce(getattr, parents, made.distill), name, value)
    return made


def problems(made):
    try:
        check(made)
    except ConfigError as error:
        return [line.strip() for line in str(error).splitlines()[1:]]
    return []


CASES = [
    (
        {"hard__weight": 0.0, "soft__weight": 0.0},
        "distill: the weights of all terms are 0; at least one must be above 0",
    ),
    (
        {"soft__weight": 0.0},
        "distill: only hard has a weight, so nothing would come from the teacher; add a term such as soft",
    ),
    (
        {"hard__weight": 0.0, "soft__weight": 0.0, "hidden__weight": 1.0, "rkd_distance__weight": 1.0},
        "distill: hidden, rkd_distance alone would not teach the student's head; add a term such as hard or soft",
    ),
    (
        {"hard__weight": 0.0, "soft__weight": 0.0, "rkd_angle__weight": 1.0, "rkd_angle__of": "logits"},
        "distill: rkd_angle alone would not teach the student's head; add a term such as hard or soft",
    ),
    ({"js__weight": -1.0}, "distill.js.weight=-1.0: allowed is a number from 0 up"),
    ({"js__beta": 1.0}, "distill.js.beta=1.0: allowed is a number between 0 and 1"),
    ({"skew_kl__alpha": 0.0}, "distill.skew_kl.alpha=0.0: allowed is a number between 0 and 1"),
    ({"taid__start": 0.0}, "distill.taid.start=0.0: allowed is a number above 0, at most 1"),
    ({"relations__heads": 0}, "distill.relations.heads=0: allowed is a whole number from 1 up"),
    ({"rkd_angle__limit": 2}, "distill.rkd_angle.limit=2: allowed is a whole number from 3 up"),
    ({"rkd_angle__of": "words"}, "distill.rkd_angle.of=words: allowed is one of hidden, logits"),
    (
        {"cka__layer_map": "middle"},
        "distill.cka.layer_map=middle: allowed is one of uniform, first, last, skip, auto, "
        "layer numbers from 0 such as 1,3,5, or pairs such as 0:1,2:5",
    ),
    (
        {"relations__weight": 1.0, "relations__layer_map": "0:1,2:5"},
        "distill.relations.last_only=true: of the pairs of layer_map=0:1,2:5 only the last would be compared; "
        "allowed is false",
    ),
    (
        {"dkd__weight": 1.0, "dkd__alpha": 0.0, "dkd__beta": 0.0},
        "distill.dkd: alpha and beta are both 0; at least one must be above 0",
    ),
    (
        {"soft__schedule": ScheduleConfig("sine")},
        "distill.soft.schedule.kind=sine: allowed is one of constant, linear, cosine, warmup, two_phase",
    ),
    (
        {"soft__schedule": ScheduleConfig(end=0.2)},
        "distill.soft.schedule.end=0.2: is not read where kind=constant; allowed is 0.0",
    ),
    (
        {"soft__schedule": ScheduleConfig("warmup", 0.2)},
        "distill.soft.schedule.end=0.2: is not read where kind=warmup; allowed is 0.0",
    ),
    (
        {"soft__schedule": ScheduleConfig("linear", 0.2, 0.1)},
        "distill.soft.schedule.share=0.1: is not read where kind=linear; allowed is 0.5",
    ),
    (
        {"temperature_schedule": ScheduleConfig("linear")},
        "distill.temperature_schedule.end=0.0: allowed is a number from 1e-6 to 1e6",
    ),
    (
        {"temperature_schedule": ScheduleConfig("linear", 1.0), "soft__weight": 0.0, "logit_mse__weight": 1.0},
        "distill.temperature_schedule.kind=linear: no term with a weight has a temperature; allowed is constant",
    ),
    (
        {"shares": {"soft": 60.0}},
        "distill.shares={soft: 60}: allowed are exactly the terms with a weight above 0: hard, soft",
    ),
    (
        {"shares": {"hard": 30.0, "soft": 60.0, "hidden": 10.0}},
        "distill.shares={hard: 30, soft: 60, hidden: 10}: allowed are exactly the terms with a weight above 0: "
        "hard, soft",
    ),
    ({"shares": {"soft": 60.0, "hard": -1.0}}, "distill.shares.hard=-1.0: allowed is a number from 0 up"),
    (
        {"shares": {"soft": 60.0, "hard": 40.0, "sofft": 1.0}},
        f"distill.shares.sofft: unknown setting; did you mean soft? distill.shares has {', '.join(TERM_SPECS)}",
    ),
    ({"shares_every": 5}, "distill.shares_every=5: is not read without distill.shares; allowed is 50"),
    (
        {"shares": {"soft": 60.0, "hard": 40.0}, "soft__schedule": ScheduleConfig("linear")},
        "distill.soft.schedule.kind=linear: distill.shares sets the weights; allowed is constant",
    ),
    (
        {"relations__heads": 6},
        "distill.relations.heads=6: is not read where distill.relations.weight=0; allowed is null",
    ),
    (
        {"relations__last_only": False},
        "distill.relations.last_only=False: is not read where distill.relations.weight=0; allowed is true",
    ),
    (
        {"hidden__layer_map": "0,1"},
        "distill.hidden.layer_map=0,1: is not read where distill.hidden.weight=0; allowed is uniform",
    ),
    (
        {"js__schedule": ScheduleConfig("cosine")},
        "distill.js.schedule.kind=cosine: is not read where distill.js.weight=0; allowed is constant",
    ),
]


@pytest.mark.parametrize(("changes", "problem"), CASES, ids=[" ".join(changes) for changes, _ in CASES])
def test_what_makes_no_sense_is_refused_with_its_reason(changes, problem):
    assert problems(config(**changes)) == [problem]


def test_every_setting_of_a_term_that_is_left_out_is_refused_and_none_of_one_that_is_in():
    others = {"dkd__alpha": 2.0, "taid__start": 0.5, "rkd_angle__limit": 9, "relations__heads": 2, "js__beta": 0.3}
    names = {key.split("__")[0] for key in others}
    assert len(problems(config(**others))) == len(others)
    assert not [each for each in problems(config(**others, **{f"{name}__weight": 0.1 for name in names}))
                if "is not read" in each]  # fmt: skip
    rising = {"js__beta": 0.3, "js__schedule": ScheduleConfig("linear", 0.5)}
    assert problems(config(**rising)) == []


def wrong(name, task, **more):
    return problems(config(task, **{f"{name}__weight": 1.0}, **more))


NO_CLASSES = "compares classes that exclude each other, which {} does not have; allowed is 0"
TOP = (
    "needs the teacher's logits of all classes, but of {} only the largest are kept; "
    "allowed is 0, or teacher.store=never"
)
ROWS = "would compare tokens with each other, whichever texts they are of, in {}; allowed is 0"
FIRST = "reads what the first token stands for, which in {} is not the text; allowed is 0"
REASONS = {
    **{
        (name, task): NO_CLASSES
        for name, spec in TERM_SPECS.items()
        for task in TASKS_WITHOUT_CLASSES
        if spec.kinds == ("class",)
    },
    **{(name, task): TOP for name, spec in TERM_SPECS.items() if spec.all_logits for task in TASKS_THAT_WRITE},
    **{(name, task): FIRST for name in ("pkd", "rkd_distance", "rkd_angle") for task in TASKS_THAT_WRITE},
    ("standardized", "question_answering"): "would take the tokens that cannot be an answer for classes; allowed is 0",
    ("dist", "question_answering"): "would take the tokens that cannot be an answer for classes; allowed is 0",
}


@pytest.mark.parametrize("task", TASKS)
def test_each_term_is_refused_exactly_for_the_tasks_in_which_it_makes_no_sense(task):
    for name in TERM_SPECS:
        reason = REASONS.get((name, task))
        expected = [f"distill.{name}.weight=1.0: {reason.format(task)}"] if reason else []
        assert wrong(name, task) == expected


def test_a_term_for_other_rows_than_those_of_the_task_is_refused(monkeypatch):
    monkeypatch.setitem(TERM_SPECS, "logit_mse", replace(TERM_SPECS["logit_mse"], kinds=("score", "labels")))
    assert wrong("logit_mse", "classification") == [
        "distill.logit_mse.weight=1.0: is for score or labels, but a row of classification is class; allowed is 0"
    ]


@pytest.mark.parametrize(("name", "needed"), [("rkd_distance", 2), ("rkd_angle", 3)])
def test_a_step_too_small_to_compare_examples_is_refused(name, needed):
    given = config(**{f"{name}__weight": 1.0})
    given.data.batch_size = 1
    said = "data.batch_size, times batches that are accumulated and devices"
    assert problems(given) == [
        f"distill.{name}.weight=1.0: compares {needed} examples or more of a step, but one has 1 ({said}); allowed is 0"
    ]
    for trainer in ({"accumulate_grad_batches": needed}, {"devices": needed}, {"devices": "auto"}):
        vars(given.trainer).update({"accumulate_grad_batches": 1, "devices": 1} | trainer)
        assert problems(given) == []


@pytest.mark.parametrize(
    ("name", "task", "reason"),
    [
        ("rkd_distance", "translation", ROWS.format("translation")),
        ("rkd_angle", "question_answering", REASONS["standardized", "question_answering"]),
        ("rkd_angle", "regression", "compares angles, but scores lie on a line; allowed is 0, or rkd_angle.of=hidden"),
    ],
)
def test_relations_of_rows_are_refused_where_rows_do_not_lie_to_each_other(name, task, reason):
    assert wrong(name, task, **{f"{name}__of": "logits"}) == [f"distill.{name}.weight=1.0: {reason}"]


@pytest.mark.parametrize("task", TASKS_THAT_WRITE)
def test_the_temperature_of_stored_logits_stays(task):
    assert problems(config(task, temperature_schedule=ScheduleConfig("linear", 1.0))) == [
        f"distill.temperature_schedule.kind=linear: the stored logits of {task} hold for one temperature; "
        "allowed is constant, or teacher.store=never"
    ]


@pytest.mark.parametrize("task", TASKS_THAT_WRITE)
def test_a_teacher_that_answers_live_has_all_logits_at_any_temperature(task):
    whole = {f"{name}__weight": 1.0 for name, spec in TERM_SPECS.items() if spec.all_logits}
    made = config(task, temperature_schedule=ScheduleConfig("linear", 1.0), **whole)
    made.teacher.store = "never"
    assert problems(made) == []
    made.more_teachers = {"second": made.teacher}
    refused = {problem.partition(":")[0] for problem in problems(made)}
    assert refused > {f"distill.{name}.weight=1.0" for name, spec in TERM_SPECS.items() if spec.all_logits}
    assert "distill.temperature_schedule.kind=linear" in refused


def test_a_temperature_does_not_rise_from_0():
    assert problems(config("classification", temperature_schedule=ScheduleConfig("warmup"))) == [
        "distill.temperature_schedule.kind=warmup: rises from 0, which no temperature can be; "
        "allowed is linear, cosine or two_phase"
    ]


def test_a_score_has_no_temperature_to_schedule():
    assert problems(config("regression", temperature_schedule=ScheduleConfig("linear", 1.0))) == [
        "distill.temperature_schedule.kind=linear: no term with a weight has a temperature; allowed is constant"
    ]


def test_terms_that_scale_the_same_thing_stand_side_by_side():
    assert problems(config(reverse_kl__weight=1.0, js__weight=1.0, hidden__weight=1.0, hidden_cosine__weight=1.0)) == []


def test_a_term_whose_weight_rises_from_0_is_active_and_one_that_stays_there_is_not():
    made = config(js__schedule=ScheduleConfig("linear", 1.0), dkd__schedule=ScheduleConfig("linear", 0.0)).distill
    assert list(active(made)) == ["hard", "soft", "js"]


# The declarations and the terms


OFFERED = {
    "temperature": 2.0, "pairs": [(0, 0)], "student_width": 2, "teacher_width": 2, "teacher_heads": 1,
    "projected_widths": (2, 2), "causal": False, "heads": None, "last_only": True,
}  # fmt: skip
NEEDS = {"labels": "labels", "logits": "teacher_logits", "states": "teacher_hidden", "scores": "teacher_attentions",
         "qkv": "teacher_qkv"}  # fmt: skip


def refuses_sparse(term):
    values = torch.zeros(4, 2)
    sparse = SparseLogits(values, torch.tensor([[0, 1]] * 4), torch.zeros(4), 2.0)
    try:
        term(Outputs(torch.randn(4, 5)), Outputs(values, sparse=sparse), torch.tensor([0, 1, 2, 3]))
    except ValueError as error:
        return "only the largest were kept" in str(error)
    return False


@pytest.mark.parametrize("name", TERM_SPECS)
def test_what_is_declared_of_a_term_is_so_of_its_class(name):
    spec = TERM_SPECS[name]
    for kind in spec.kinds:
        term = make_term(spec.implemented_by(kind), OFFERED)
        assert kind in term.kinds <= set(spec.kinds)
        assert hasattr(term, "temperature") == (
            name in terms_with_temperature(config(**{f"{name}__weight": 1.0}).distill, kind)
        )
        assert NEEDS[spec.reads] in term.needs
        assert term.needs & {"teacher_hidden", "teacher_attentions", "teacher_qkv"} <= {NEEDS[spec.reads]}
        assert isinstance(term, BatchTerm) == spec.whole_step
        if spec.reads == "logits" and kind == "class":
            assert refuses_sparse(term) == spec.all_logits
        if spec.reads_by:
            other = make_term(spec.implemented_by(kind), {**OFFERED, spec.reads_by: "logits"})
            assert other.needs == {"teacher_logits"}
    assert spec.name == name
    assert set(spec.by_kind) <= set(spec.kinds)


@pytest.mark.parametrize("name", TERM_SPECS)
def test_a_term_is_given_every_setting_and_every_pair_of_layers_that_is_declared(name):
    spec, parameters = TERM_SPECS[name], set()
    for kind in spec.kinds:
        made = resolve_name(spec.implemented_by(kind))
        parameters |= set(signature(getattr(made, "build", made)).parameters)
    own = {each.name for each in fields(spec.settings)} - {each.name for each in fields(LayersConfig)}
    assert own - {"last_only"} <= parameters, "last_only decides on the pairs"
    assert spec.layered == ("pairs" in parameters)
    assert not spec.embeddings or (spec.layered and spec.reads == "states")
    for each in fields(spec.settings):
        assert "rule" in each.metadata or each.name in ("schedule", "last_only"), each.name


@pytest.mark.parametrize("kind", ["class", "score"])
@pytest.mark.parametrize("name", TERM_SPECS)
def test_a_term_declares_its_own_first_settings_as_allowed(name, kind):
    spec = TERM_SPECS[name]
    assert not list(spec.problems(spec.settings(weight=1.0), kind))
    for key, (holds, allowed) in rules_of(spec.settings):
        assert holds(reduce(getattr, key.split("."), spec.settings())), f"{key}: {allowed}"


def test_every_term_has_its_settings_its_rules_and_its_line():
    assert list(terms(TermsConfig())) == list(TERM_SPECS) == list(TermsConfig().shares)
    assert all(f"{name}.weight" in checks.RULES for name in TERM_SPECS)
    assert SCHEDULES == KINDS_OF_SCHEDULES


def test_help_and_docs_list_every_term_from_the_one_table():
    assert len(listed().splitlines()) == len(TERM_SPECS)
    for name, spec in TERM_SPECS.items():
        assert re.search(rf"^  {name} .*{re.escape(spec.formula)}", listed(), re.MULTILINE)
    assert markdown() in PAGE.read_text(encoding="utf-8")


def test_the_teachers_own_texts_are_something_that_comes_from_the_teacher():
    assert problems(config("translation", soft__weight=0.0, targets="teacher")) == []
    assert "nothing would come from the teacher" in problems(config("translation", soft__weight=0.0))[0]


@pytest.mark.parametrize(
    ("section", "key", "value", "reason"),
    [
        (
            "student",
            "embedding_rank",
            8,
            "student.embedding_rank=8 is exported as other factors than those that learn; "
            "allowed is none, or student.embedding_rank=null",
        ),
        (
            "export",
            "int8",
            "dynamic",
            "export.int8=dynamic rounds by other ranges than those of training; allowed is none, or export.int8=static",
        ),
    ],
)
def test_rounding_in_training_that_the_export_does_otherwise_is_refused(section, key, value, reason):
    made = config(quantization="int8")
    made.student.init = "teacher"
    check(made)
    setattr(getattr(made, section), key, value)
    message = f"1 problem in the settings\n  distill.quantization=int8: {reason}"
    with pytest.raises(ConfigError, match=f"^{re.escape(message)}$"):
        check(made)
