import numpy as np
import pytest
import torch
from scipy.special import expit, softmax

from distill.stages.learner import Learner, learners
from distill.stages.pseudo_labels import confidence, likeliest

ROWS = np.random.default_rng(0).normal(scale=3, size=(50, 4)).astype(np.float32)


@pytest.mark.parametrize("kind", ["class", "labels"])
def test_confidence_is_the_probability_of_the_least_sure_decision(kind):
    likely = expit(ROWS) if kind == "labels" else softmax(ROWS, axis=1)
    right = np.maximum(likely, 1 - likely).min(axis=1) if kind == "labels" else likely.max(axis=1)
    np.testing.assert_allclose(confidence(torch.tensor(ROWS), kind).numpy(), right, rtol=1e-5)


def test_hard_labels_are_the_likeliest_ones():
    assert likeliest(torch.tensor(ROWS), "class") == ROWS.argmax(axis=1).tolist()
    assert likeliest(torch.tensor(ROWS), "labels") == (expit(ROWS) > 0.5).astype(float).tolist()


def test_each_round_follows_the_one_before():
    assert learners(1, compared=False) == (Learner(),)
    first, second, third, without = learners(3, compared=True)
    assert [first.follows, second.follows, third.follows] == [None, "distill:round1", "distill:round2"]
    assert third.title == "distill"
    assert (without.title, without.follows, without.unlabelled) == ("distill:without_unlabelled", None, False)
