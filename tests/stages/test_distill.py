"""The look at every term before hours of training."""

from types import SimpleNamespace

import pytest
import torch

from distill.data.batching import Place
from distill.errors import ConfigError
from distill.stages import distill
from distill.training.processes import Ranks


class Examples:
    """Each place as its labels; those of the rows 100 and up have none."""

    def __getitem__(self, place):
        return {"labels": torch.tensor([-100 if row >= 100 else row for row in place.rows])}


@pytest.fixture
def counts(monkeypatch):
    """The look at batches of these rows: what it looked at, and what it says of terms that are silent."""

    def look(*rows, silent=()):
        seen = []

        def found(objective, student, teacher, labels, parameters):
            seen.append(labels.tolist())
            return dict(silent)

        monkeypatch.setattr(distill, "silent_terms", found)
        module = SimpleNamespace(
            objective=None, both=lambda batch: (None, None, batch["labels"]), parameters=lambda: iter(())
        )
        batches = SimpleNamespace(examples=Examples(), places=lambda epoch: [Place(each) for each in rows])
        distill._every_term_counts(module, batches, Ranks())
        return seen

    return look


def test_terms_are_tried_on_the_largest_batch_that_has_a_label(counts):
    assert counts((1,), (2, 3, 4), (5, 6), (100, 101, 102, 103)) == [[2, 3, 4]]


def test_a_term_that_does_not_count_is_named(counts):
    message = r"^on the first batches distill\.soft is exactly 0: give it a weight of 0, or mend what it reads$"
    with pytest.raises(ConfigError, match=message):
        counts((1, 2), silent={"soft": "is exactly 0"}.items())


def test_a_rank_without_a_labelled_batch_leaves_the_look_to_the_others(counts):
    assert counts((100, 101), (102,), silent={"soft": "is exactly 0"}.items()) == []


def test_weights_are_moved_a_little_for_a_second_look_and_come_back_as_they_were():
    weights = [torch.nn.Parameter(torch.linspace(-2, 2, 40)), torch.nn.Parameter(torch.ones(3), requires_grad=False)]
    before = [each.detach().clone() for each in weights]
    state = torch.get_rng_state()
    with distill.nudged(weights):
        moved = (weights[0] - before[0]).abs()
        assert 0 < moved.max() < 0.1
        assert torch.equal(weights[1], before[1])
    assert all(torch.equal(each, old) for each, old in zip(weights, before, strict=True))
    assert torch.equal(torch.get_rng_state(), state), "no chance is taken from the training"
