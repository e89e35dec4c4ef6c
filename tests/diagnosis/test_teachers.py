"""What is found of a teacher is what a run makes of it."""

from types import SimpleNamespace

import pytest

from distill.base.findings import FAIL, OK, WARN
from distill.diagnosis import models
from distill.pipeline.teacher_check import Judgement

SENTENCE = "teacher.model=m: of 80 rows of validation, the teacher gets 0.0% of them right"
WAY_OUT = "teacher.labels=[pos,neg] names them so; give the checkpoint that was fine-tuned for this data"
BETTER = "give a teacher that was fine-tuned for this data, or let the run fine-tune it longer"
UNREAD = "since no stage that is to be made learns from it"


def found(monkeypatch, judged, stages=("distill",), finished=()):
    monkeypatch.setattr(models, "judge_teacher", lambda spec, examples, name, inputs: judged)
    spec = SimpleNamespace(config=SimpleNamespace(teacher=SimpleNamespace(finetuned=True)))
    case = SimpleNamespace(
        spec=SimpleNamespace(teachers={"first": spec}),
        stages={stage: SimpleNamespace(stage=stage, title=stage) for stage in stages},
        examples=None,
        finished=lambda title: title if title in finished else None,
    )
    (finding,) = models.teacher(case)
    return finding.level, finding.said, finding.fix


@pytest.mark.parametrize("hardly", [False, True])
def test_one_that_the_run_refuses_fails_with_the_way_out_of_the_run(monkeypatch, hardly):
    judged = Judgement(SENTENCE, True, hardly, "", WAY_OUT)
    assert found(monkeypatch, judged) == (FAIL, SENTENCE, WAY_OUT)


def test_one_that_the_run_goes_on_with_is_a_warning_that_says_why(monkeypatch):
    judged = Judgement(SENTENCE, True, True, "teacher.accept=true", WAY_OUT)
    assert found(monkeypatch, judged) == (WARN, f"{SENTENCE}; gone on with, teacher.accept=true", BETTER)


@pytest.mark.parametrize(("stages", "finished"), [(("control",), ()), (("distill",), ("distill",))])
def test_one_that_no_stage_asks_does_not_fail(monkeypatch, stages, finished):
    judged = Judgement(SENTENCE, True, True, "", WAY_OUT)
    assert found(monkeypatch, judged, stages, finished) == (WARN, f"{SENTENCE}; gone on with, {UNREAD}", BETTER)


def test_one_that_chance_may_explain_is_a_warning_and_a_better_one_in_order(monkeypatch):
    assert found(monkeypatch, Judgement(SENTENCE, False, True, "", WAY_OUT)) == (WARN, SENTENCE, BETTER)
    assert found(monkeypatch, Judgement(SENTENCE, False, False, "", WAY_OUT)) == (OK, SENTENCE, "")
