"""Of a stage that begins anew it is said which one in the store has the same steps, cut otherwise."""

import json
from types import SimpleNamespace

import pytest

from distill.pipeline.step_cuts import cut_otherwise, is_begun, note_begun
from distill.pipeline.store import Store

SETTINGS = {"batch_size": 16, "world": 1, "accumulate_grad_batches": 1, "seed": 1, "betas": (0.9, 0.99)}
ADVICE = "give data.batch_size=8, and trainer.devices x trainer.num_nodes x trainer.accumulate_grad_batches=2"


def planned(**settings):
    return SimpleNamespace(stage="finetune", settings={**SETTINGS, **settings})


def finished(store, **settings):
    folder = store.root / "finetune-0123456789ab"
    folder.mkdir()
    (folder / "manifest.json").write_text(json.dumps({"settings": {**SETTINGS, **settings}}))
    return folder


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path)


def test_a_finished_stage_of_two_ranks_is_named_to_one_process_with_batches_twice_as_large(store):
    folder = finished(store, batch_size=8, world=2)
    said = f"{folder} has the same steps, cut into 2 batches of 8: to take it, {ADVICE}"
    assert cut_otherwise(planned(), store) == said


def test_so_is_one_that_was_interrupted_and_nothing_was_made_of_one_that_only_began(store):
    partial = store.root / ".finetune-0123456789ab.partial"
    partial.mkdir()
    note_begun(planned(batch_size=8, world=2), partial)
    assert not is_begun(partial)
    said = f"{partial} has the same steps, cut into 2 batches of 8: to go on with it, {ADVICE}"
    assert cut_otherwise(planned(), store) == said
    (partial / "metrics.csv").touch()
    assert is_begun(partial)


def test_where_a_process_computes_its_parts_in_turn_on_purpose_it_is_said_how_many(store):
    finished(store, batch_size=4, world=2, accumulate_grad_batches=2)
    assert "cut into 4 batches of 4, of which 2 accumulated: " in cut_otherwise(planned(), store)


@pytest.mark.parametrize(
    "other",
    [{"batch_size": 8}, {"batch_size": 8, "world": 2, "seed": 2}, {}, {"batch_size": "8", "world": 2}, {"more": 1}],
)
def test_of_a_stage_that_differs_in_more_nothing_is_said(store, other):
    finished(store, **other)
    assert cut_otherwise(planned(), store) is None


def test_what_cannot_be_read_is_passed_by(store):
    finished(store, batch_size=8, world=2).joinpath("manifest.json").write_text("[")
    assert cut_otherwise(planned(), store) is None
    assert cut_otherwise(SimpleNamespace(stage="teach", settings={}), store) is None
