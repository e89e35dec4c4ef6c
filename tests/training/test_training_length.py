"""How long a stage trains, by epochs and by steps."""

from dataclasses import replace

import pytest
from run_parts import job_of, spec_of

from distill.config.schema import Config
from distill.stages import supervised
from distill.training.training_length import TrainingLength, training_length


@pytest.fixture
def job(tmp_path):
    config = Config(task="classification")
    config.data.source, config.data.limit.train = "embedded", 64
    return job_of(spec_of(config), tmp_path, title="finetune")


def of(job, min_steps, batches=10, max_epochs=3, patience=None):
    section = replace(job.spec.config.finetune, max_epochs=max_epochs, min_steps=min_steps)
    section.early_stopping = replace(section.early_stopping, patience=patience)
    section, every = supervised.with_length(job, section, range(batches))
    return section.max_epochs, every, section.early_stopping.patience


def test_epochs_that_are_long_enough_stay_as_they_are(job):
    assert of(job, min_steps=0) == (3, 1, None)
    assert of(job, min_steps=30) == (3, 1, None)


def test_little_data_is_read_more_often_and_the_best_epoch_kept(job, caplog):
    with caplog.at_level("INFO", "distill"):
        assert of(job, min_steps=31) == (4, 1, 4)
        assert of(job, min_steps=300) == (30, 3, 30)
    assert caplog.messages == [
        "finetune: 4 epochs instead of 3, for min_steps=31",
        "finetune: 30 epochs instead of 3, for min_steps=300, with a validation after every 3",
    ]


def test_the_last_epoch_is_validated(job):
    for steps in (50, 115, 237, 999):
        epochs, every, _ = of(job, min_steps=steps, batches=4)
        assert epochs % every == 0
        assert epochs * 4 >= steps
        assert epochs // every <= 10


def test_a_patience_of_ones_own_stays(job):
    assert of(job, min_steps=300, patience=2) == (30, 3, 2)


def test_steps_count_parts_that_are_accumulated_as_one(job):
    job.spec.config.trainer.accumulate_grad_batches = 5
    assert of(job, min_steps=20) == (10, 1, 10)


def test_steps_that_the_epochs_have_anyway_change_no_fingerprint(job):
    spec = job.spec
    section = replace(spec.config.finetune, max_epochs=3)
    steps = 64 // spec.config.data.batch_size * 3
    plain = supervised.settings(spec, section)
    assert supervised.settings(spec, replace(section, min_steps=steps)) == plain
    assert supervised.settings(spec, replace(section, min_steps=steps + 1)) == {**plain, "min_steps": steps + 1}


def test_a_length_is_counted_in_epochs_and_an_epoch_without_a_step_counts_as_one():
    assert training_length(3, 30, 10) == TrainingLength(3, 1)
    assert training_length(3, 31, 10) == TrainingLength(4, 1)
    assert training_length(3, 300, 10) == TrainingLength(30, 3)
    assert training_length(1, 4, 0) == TrainingLength(4, 1)
