"""The mean over seeds and its interval, which covers other examples and other seeds."""

import numpy as np
import pytest
from scipy import stats

from distill.metrics.bootstrap import paired_bootstrap
from distill.metrics.hierarchical import hierarchical_bootstrap, scores_of_draws


def accuracy(statistics):
    """The share of right answers, one column ``[examples, 1]``."""
    return statistics[:, 0].mean()


def right(size, rates, generator):
    """Of each model 1 where it is right ``[examples, 1]``; what is hard for one is hard for all."""
    hard = generator.random(size)
    return [((hard + 0.3 * generator.standard_normal(size)) < rate).astype(float)[:, np.newaxis] for rate in rates]


def test_the_draws_are_those_of_the_paired_bootstrap():
    first, second = right(200, (0.8, 0.7), np.random.default_rng(0))
    drawn = scores_of_draws(accuracy, [first, second], resamples=300, seed=5)
    pair = paired_bootstrap(accuracy, first, second, resamples=300, seed=5)
    assert drawn.shape == (300, 2)
    assert np.quantile(drawn[:, 0] - drawn[:, 1], [0.025, 0.975]) == pytest.approx((pair.lo, pair.hi))


def test_the_interval_matches_a_direct_loop():
    models = right(80, (0.8, 0.75, 0.7), np.random.default_rng(1))
    drawn = scores_of_draws(accuracy, models, resamples=250, seed=3)
    measured = np.array([accuracy(each) for each in models])
    found = hierarchical_bootstrap(measured, drawn, confidence=0.9, seed=3)
    examples, seeds = np.random.default_rng(3), np.random.default_rng(3)
    steps = seeds.permutation([stats.t.ppf((n + 0.5) / 250, df=2) for n in range(250)])
    expected = []
    for step in steps:
        rows = examples.integers(80, size=80)
        scores = [sum(model[row, 0] for row in rows) / 80 for model in models]
        expected.append(sum(scores) / 3 + step * np.std(measured, ddof=1) / np.sqrt(3))
    assert found.mean == pytest.approx(np.mean(measured))
    assert found.spread == pytest.approx(np.std(measured, ddof=1))
    assert (found.low, found.high) == pytest.approx(tuple(np.quantile(expected, [0.05, 0.95])))


def test_seeds_that_are_alike_give_the_interval_over_examples():
    first, second = right(300, (0.8, 0.7), np.random.default_rng(2))
    drawn = scores_of_draws(accuracy, [first, second], resamples=400, seed=0)
    gains = (drawn[:, 0] - drawn[:, 1])[:, np.newaxis].repeat(3, axis=1)
    pair = paired_bootstrap(accuracy, first, second, resamples=400, seed=0)
    found = hierarchical_bootstrap(np.full(3, pair.difference), gains)
    assert (found.mean, found.low, found.high) == pytest.approx((pair.difference, pair.lo, pair.hi))
    assert found.spread == pytest.approx(0)


def test_examples_that_do_not_matter_give_students_interval():
    measured = np.array([0.8, 0.83, 0.87])
    found = hierarchical_bootstrap(measured, np.tile(measured, (5000, 1)))
    expected = stats.t.interval(0.95, 2, loc=measured.mean(), scale=stats.sem(measured))
    assert (found.low, found.high) == pytest.approx(expected, abs=2e-4)


def simulated(between_seeds, *, seeds=3, runs=200, size=120, generator):
    """How often the interval holds the true gain, and how often that over examples, and that of drawn seeds, do."""
    held = np.zeros(3)
    for _ in range(runs):
        truth = 0.05
        hard = generator.standard_normal(size)  # how far student and control are apart on an example, for any seed
        gains = truth + between_seeds * generator.standard_normal(seeds)
        each = gains[:, np.newaxis] + 0.5 * hard + 0.5 * generator.standard_normal((seeds, size))
        drawn = np.stack([each[:, rows].mean(axis=1) for rows in generator.integers(size, size=(200, size))])
        found = hierarchical_bootstrap(each.mean(axis=1), drawn)
        several = np.stack([row[generator.integers(seeds, size=seeds)] for row in drawn]).mean(axis=1)
        ends = (found.low, found.high), np.quantile(drawn[:, 0], [0.025, 0.975]), np.quantile(several, [0.025, 0.975])
        held += [low <= truth <= high for low, high in ends]
    return held / runs


@pytest.mark.parametrize("between_seeds", [0.0, 0.05, 0.3])
def test_the_interval_covers_the_truth_where_seeds_matter_and_where_they_do_not(between_seeds):
    held, of_one_seed, of_drawn_seeds = simulated(between_seeds, generator=np.random.default_rng(11))
    assert 0.92 <= held <= 1
    if between_seeds == 0.3:
        assert held <= 0.98
        assert of_one_seed < 0.4
        assert of_drawn_seeds < 0.85, "three seeds that are drawn with replacement say too little of others"


def test_a_draw_without_a_value_is_left_out():
    drawn = np.array([[0.5, 0.5], [np.nan, 0.5], [0.5, 0.5]])
    assert hierarchical_bootstrap(np.array([0.5, 0.5]), drawn) == (0.5, 0, 0.5, 0.5)


@pytest.mark.parametrize(
    ("measured", "confidence", "message"),
    [([0.5], 0.95, "seeds must be 2 or more"), ([0.5, 0.6], 95, "confidence within 0 and 1")],
)
def test_what_makes_no_sense_is_refused(measured, confidence, message):
    with pytest.raises(ValueError, match=message):
        hierarchical_bootstrap(np.array(measured), np.zeros((10, len(measured))), confidence=confidence)


def test_models_of_other_examples_are_refused():
    with pytest.raises(ValueError, match=r"examples in common, not on \[3, 4\]"):
        scores_of_draws(accuracy, [np.zeros((3, 1)), np.zeros((4, 1))], resamples=1, seed=0)
