"""The look at every term before hours of training."""

from types import SimpleNamespace

import pytest
import torch

from distill.data.batching import Place
from distill.distributed.processes import Ranks
from distill.errors import ConfigError
from distill.objective import Objective
from distill.objective.terms.examples import RkdDistance
from distill.stages import distill
from distill.types import Outputs


class Examples:
    """Each place as its labels; those of the rows 100 and up have none."""

    def __getitem__(self, place):
        return {"labels": torch.tensor([-100 if row >= 100 else row for row in place.rows])}


@pytest.fixture
def counts(monkeypatch):
    """The look at batches of these rows: what it looked at, and what it says of terms that are silent."""

    def look(*rows, silent=(), accumulate=1, ranks=None):
        looked = []

        def found(objective, student, teacher, labels, parameters, seen):
            of_step = seen["distance"].whole[0].squeeze(1).tolist()
            looked.append((labels.tolist(), of_step) if accumulate > 1 else labels.tolist())
            return dict(silent)

        def said(batch):
            states = batch["labels"].float().view(-1, 1, 1)
            answers = Outputs(states[:, 0], (states,), torch.ones(len(states), 1, dtype=torch.bool))
            return answers, answers, batch["labels"]

        monkeypatch.setattr(distill, "inactive_terms", found)
        objective = Objective({"distance": RkdDistance()}, {"distance": 1.0})
        module = SimpleNamespace(objective=objective, forward_models=said, parameters=lambda: iter(()))
        places = [Place(each) for each in rows]
        batches = SimpleNamespace(examples=Examples(), places=lambda epoch: places, accumulate=accumulate)
        distill._every_term_counts(module, batches, ranks or Ranks(), str)
        return looked

    return look


def test_terms_are_tried_on_the_largest_batch_that_has_a_label(counts):
    assert counts((1,), (2, 3, 4), (5, 6), (100, 101, 102, 103)) == [[2, 3, 4]]


def test_a_term_that_does_not_count_is_named(counts):
    message = r"^on the first batches distill\.soft is exactly 0: give it a weight of 0, or mend what it reads$"
    with pytest.raises(ConfigError, match=message):
        counts((1, 2), silent={"soft": "is exactly 0"}.items())


def test_a_term_that_compares_examples_is_tried_on_all_of_a_step(counts):
    assert counts((1,), (2,), (3, 4), (5,), accumulate=2) == [([3, 4], [3, 4, 5])]


def test_a_term_that_looks_at_none_of_a_batch_is_tried_on_the_others_of_its_step():
    """Of four examples three are looked at: not at 2, whose teacher's state is the largest."""
    torch.manual_seed(0)
    layer = torch.nn.Linear(1, 2)

    def forward_models(batch):
        given = batch["labels"].float().view(-1, 1, 1)
        student = Outputs(layer(given)[:, 0], (layer(given),), torch.ones(len(given), 1, dtype=torch.bool))
        return student, Outputs(given[:, 0], (given.expand(-1, -1, 2).sin(),)), batch["labels"]

    for rows in ([(1,), (2,), (3,), (4,)], [(4,), (3,), (2,), (1,)], [(2,), (1,), (4,), (3,)]):
        objective = Objective({"distance": RkdDistance(limit=3)}, {"distance": 1.0})
        module = SimpleNamespace(objective=objective, forward_models=forward_models, parameters=layer.parameters)
        places = [Place(each) for each in rows]
        batches = SimpleNamespace(examples=Examples(), places=lambda epoch, at=places: at, accumulate=4)
        distill._every_term_counts(module, batches, Ranks(), str)


def test_one_of_several_ranks_may_have_too_few_examples_to_compare(counts):
    alone = {"distance": "is exactly 0"}.items()
    two = SimpleNamespace(world=2, every=lambda said: [said, ""])
    counts((1,), (2,), silent=alone, ranks=two)
    with pytest.raises(ConfigError, match=r"^on the first batches distill\.distance is exactly 0"):
        counts((1, 2, 3), silent=alone, ranks=two)


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
