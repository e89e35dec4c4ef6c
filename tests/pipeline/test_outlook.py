"""How long the stages that are left may take."""

from types import SimpleNamespace

import pytest
from run_parts import decided

from distill.config.schema import Config
from distill.pipeline.outlook import Outlook, effort, trained_rows, validations


@pytest.fixture(scope="module")
def spec():
    config = Config(task="classification")
    config.data.source, config.data.limit.train = "embedded", 100
    config.data.batch_size, config.finetune.max_epochs, config.finetune.min_steps = 32, 2, 50
    config.distill.max_epochs, config.distill.min_steps = 3, 0
    return decided(config)


def outlook(seconds, finished=()):
    stages = {
        name: SimpleNamespace(stage=name, spec=SimpleNamespace(decisions=SimpleNamespace(exported=("a", "b"))))
        for name in ("finetune", "teach", "distill", "export")
    }
    made = Outlook(stages, frozenset(finished), dict(seconds))
    made.efforts = {"finetune": 100.0, "teach": 10.0, "distill": 50.0, "export": 1.0}
    return made


def test_the_rows_of_a_training_are_those_that_min_steps_take(spec):
    assert trained_rows(spec, "finetune") == 14 * 100
    assert validations(spec, "finetune") == 7
    assert trained_rows(spec, "control") == 3 * 100
    assert validations(spec, "distill") == 3


def test_training_a_teacher_is_more_work_than_asking_it(spec):
    planned = [SimpleNamespace(stage=stage, spec=spec) for stage in ("finetune", "teach", "distill", "control")]
    finetune, teach, student, control = map(effort, planned)
    assert finetune > 10 * teach > 0
    assert student == control


def test_later_stages_take_what_their_work_takes_at_the_pace_so_far():
    later = outlook({}).later("finetune")
    assert later(200.0) == pytest.approx(20 + 100 + (2 + 16))
    assert outlook({}, finished=["distill"]).later("finetune")(200.0) == pytest.approx(20 + 18)
    assert outlook({}).later("export")(10.0) == 0


def test_before_anything_is_done_nothing_is_expected():
    assert outlook({}).expected("teach") is None
    begun = outlook({"finetune": 50.0}).stage("teach")
    assert (begun.title, begun.number, begun.of, begun.expected) == ("teach", 2, 4, pytest.approx(5.0))
