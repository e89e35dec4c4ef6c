"""A run on few rows, for its time."""

import numpy as np
import pytest
from run_parts import decided

from distill.config.schema import Config
from distill.diagnosis import models, timing
from distill.diagnosis.case import Case
from distill.diagnosis.few_rows import Reduced, reduced
from distill.diagnosis.rehearsal import Rehearsal, Rehearsed
from distill.diagnosis.stopwatch import Part


@pytest.fixture(scope="module")
def spec():
    config = Config(task="classification")
    config.data.source, config.data.limit.train, config.data.limit.test = "embedded", 600, 20
    config.data.batch_size, config.trainer.accumulate_grad_batches = 8, 2
    config.trainer.devices, config.student.vocabulary = 2, "corpus"
    return decided(config)


def test_three_batches_of_short_middling_and_long_texts_stand_for_all(spec):
    few = reduced(spec, 8)
    assert few.data.rows() == {"train": 3 * 16, "validation": 3 * 16, "test": 20}
    whole, drawn = ([len(text) for text in each.data.splits["train"]["text"]] for each in (spec, few))
    assert np.mean(drawn) == pytest.approx(np.mean(whole), rel=0.1)
    spread = [max(drawn[start : start + 16]) - min(drawn[start : start + 16]) for start in (0, 16, 32)]
    assert max(spread) < max(whole) - min(whole)


def test_it_is_one_process_of_one_epoch_and_everything_else_stays(spec):
    few = reduced(spec, 4).config
    assert (few.trainer.devices, few.finetune.max_epochs, few.distill.min_steps, few.data.batch_size) == (1, 1, 0, 4)
    assert (few.distill.temperature, few.data.max_length) == (
        spec.config.distill.temperature,
        spec.config.data.max_length,
    )
    assert spec.config.trainer.devices == 2


def test_the_ratio_of_rows_counts_the_splits_that_are_there(spec):
    runs = Reduced(reduced(spec, 8), spec)
    assert runs.rows_ratio("train", "unlabelled") == 600 / 48
    assert runs.rows_ratio("test") == 1
    assert runs.rows_ratio("unlabelled") == 0


def test_what_is_encoded_after_training_is_validation_and_test_and_a_baseline_takes_a_while_to_begin(spec):
    few = reduced(spec, 8)
    tried = Rehearsed(Reduced(few, spec), 1.0, [Part("encoding", 10, steps=[(10, 1.0)])])
    judged = [len(each.data.splits["validation"]) + 20 for each in (spec, few)]
    assert timing._scaled(tried, "evaluate") == pytest.approx(judged[0] / judged[1] / 2), "by two processes"
    everything = [len(each.data.splits["train"]) for each in (spec, few)]
    whole, drawn = (rows + of_train for rows, of_train in zip(judged, everything, strict=True))
    assert timing._scaled(tried, "distill") == pytest.approx(whole / drawn / 2)
    begun = Rehearsed(Reduced(few, spec), 1.0, [Part("training tfidf", 1, steps=[(1, 1.0)])])
    assert timing._scaled(begun, "evaluate") == pytest.approx((600 + 100) / (48 + 100))


def test_the_students_of_further_seeds_are_stages_and_take_as_long_as_those_of_the_first(tmp_path):
    case = Case(Config(seeds=[1, 2], store=str(tmp_path)), [])
    case.__dict__["spec"] = decided(Config(task="classification", seeds=[1, 2], seed=1, store=str(tmp_path)))
    assert list(case.of_seeds) == ["evaluate:seed1", "distill:seed2", "control:seed2", "evaluate:seed2"]
    left = [title for title in case.stages if title != "distill"]
    tried = Rehearsal({"distill": Rehearsed(Reduced(case.spec, case.spec), 10.0, [])}, left=left)
    seconds = timing._seconds(case, tried)
    assert seconds["distill"] == seconds["distill:seed2"] == 10
    assert seconds["evaluate:seed1"] == seconds["evaluate:seed2"] == seconds["evaluate"] > 0
    (finding,) = models.stages(case)
    assert finding.facts["made"] == [*case.stages, *case.of_seeds]
