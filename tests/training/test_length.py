"""How long a stage trains, by epochs and by steps."""

from dataclasses import replace

import pytest

from distill.config.schema import Config
from distill.pipeline.context import Builder
from distill.pipeline.prepare_data import prepare
from distill.training import length


@pytest.fixture
def build(tmp_path):
    config = Config(task="classification")
    config.data.source, config.data.limit.train = "embedded", 64
    return Builder(config, prepare(config), tmp_path, "")


def of(build, min_steps, batches=10, max_epochs=3, patience=None):
    section = replace(build.config.finetune, max_epochs=max_epochs, min_steps=min_steps)
    section.early_stopping = replace(section.early_stopping, patience=patience)
    section, every = length.of(build, section, range(batches), "finetune")
    return section.max_epochs, every, section.early_stopping.patience


def test_epochs_that_are_long_enough_stay_as_they_are(build):
    assert of(build, min_steps=0) == (3, 1, None)
    assert of(build, min_steps=30) == (3, 1, None)


def test_little_data_is_read_more_often_and_the_best_epoch_kept(build, caplog):
    with caplog.at_level("INFO", "distill"):
        assert of(build, min_steps=31) == (4, 1, 4)
        assert of(build, min_steps=300) == (30, 3, 30)
    assert caplog.messages == [
        "finetune: 4 epochs instead of 3, for min_steps=31",
        "finetune: 30 epochs instead of 3, for min_steps=300, with a validation after every 3",
    ]


def test_the_last_epoch_is_validated(build):
    for steps in (50, 115, 237, 999):
        epochs, every, _ = of(build, min_steps=steps, batches=4)
        assert epochs % every == 0
        assert epochs * 4 >= steps
        assert epochs // every <= 10


def test_a_patience_of_ones_own_stays(build):
    assert of(build, min_steps=300, patience=2) == (30, 3, 2)


def test_steps_count_parts_that_are_accumulated_as_one(build):
    build.config.trainer.accumulate_grad_batches = 5
    assert of(build, min_steps=20) == (10, 1, 10)


def test_steps_that_the_epochs_have_anyway_change_no_fingerprint(build):
    section = replace(build.config.finetune, max_epochs=3)
    steps = 64 // build.config.data.batch_size * 3
    assert not length.may_be_short(build, replace(section, min_steps=steps))
    assert length.may_be_short(build, replace(section, min_steps=steps + 1))
