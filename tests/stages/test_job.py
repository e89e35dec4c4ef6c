"""What a run is: whose an input is, what a run of several teachers holds of each, and which models are compared."""

from dataclasses import replace

import pytest
from run_parts import decided, spec_of

from distill.config.ensemble import FIRST, EnsembleConfig
from distill.config.schema import Config
from distill.config.teacher import TeacherConfig
from distill.models.sources import ModelRef
from distill.pipeline.plan import plan
from distill.pipeline.store import Store
from distill.stages.decisions import ScoredModel


def small(**settings):
    config = Config(**settings)
    config.data.source, config.data.limit.train = "embedded", 64
    return config


@pytest.fixture(scope="module")
def several():
    config = small(more_teachers={"second": TeacherConfig(vocab_size=300)}, ensemble=EnsembleConfig("logits"))
    return spec_of(config)


def test_a_run_of_one_teacher_is_that_teachers_own_run():
    spec = spec_of(small())
    assert spec.members == {}
    assert dict(spec.teachers) == {FIRST: spec}
    assert spec.owner("finetune") == (spec, "finetune")
    assert spec.teacher_inputs == {FIRST: "finetune"}


def test_an_input_belongs_to_the_teacher_that_its_name_ends_in(several):
    second = several.members["second"]
    assert list(several.teachers) == [FIRST, "second"]
    assert several.owner("finetune") == (several, "finetune")
    assert several.owner("finetune:second") == (second, "finetune")
    assert several.teacher_inputs == {FIRST: "finetune", "second": "finetune:second"}
    with pytest.raises(KeyError):
        several.owner("finetune:third")


def test_a_member_is_the_run_in_which_it_is_the_only_teacher(several):
    first, second = several.members[FIRST].config, several.members["second"].config
    assert (first.teacher.vocab_size, second.teacher.vocab_size) == (several.config.teacher.vocab_size, 300)
    for config in (first, second):
        assert (config.more_teachers, config.ensemble, config.teacher.store) == ({}, EnsembleConfig(), "always")
    assert several.config.teacher.store == "auto", "what the user has set stays"


def test_a_teacher_among_several_is_the_one_that_a_run_of_it_alone_finds(tmp_path, several):
    store = Store(tmp_path)
    alone = plan(decided(several.members["second"].config), store)
    together = plan(decided(several.config), store)
    for stage in ("pretrain", "finetune", "teach"):
        assert together[f"{stage}:second"].name == alone[stage].name != together[stage].name
    assert together["distill"].fingerprint != alone["distill"].fingerprint


def test_a_model_is_found_under_its_owners_name_for_it(tmp_path, several):
    inputs = {"finetune": tmp_path / "finetune-1", "finetune:second": tmp_path / "finetune-2"}
    for name, folder in inputs.items():
        assert several.model(name, inputs) == ModelRef(folder / "model", folder.name)


def test_a_run_compares_what_it_trains_and_a_run_that_only_evaluates_everyone(several):
    def compared(spec):
        return [(model.name, model.role, model.source) for model in spec.decisions.compared]

    teacher, student = ("teacher", "teacher", "finetune"), ("student", "student", "distill")
    control, tfidf = ("control", "control", "control"), ("tfidf", "baseline", None)
    assert compared(spec_of(small())) == [teacher, student, control, tfidf]
    assert compared(spec_of(small(stages=["evaluate"]))) == [teacher, student, control, tfidf]
    assert compared(spec_of(small(stages=["finetune", "evaluate"]))) == [teacher, tfidf]
    assert compared(spec_of(small(stages=["distill", "evaluate"]))) == [teacher, student, tfidf]
    assert several.decisions.compared[:3] == (
        ScoredModel("teacher", "teacher", None),
        ScoredModel(FIRST, "teacher", "finetune"),
        ScoredModel("second", "teacher", "finetune:second"),
    )


def test_what_is_stored_is_decided_for_each_teacher_and_before_that_for_none(several):
    assert several.decisions.outputs.reason == "nothing is decided yet"
    spec = decided(small())
    assert spec.decisions.outputs.stored
    live = replace(spec.config, teacher=replace(spec.config.teacher, store="never"))
    assert decided(live).decisions.outputs.reason == "teacher.store=never"
    both = decided(several.config)
    assert [member.decisions.outputs.stored for member in both.members.values()] == [True, True]
