"""Students of two sides, of one seed or several, compared on the same examples."""

from types import SimpleNamespace

import numpy as np
import pytest
from scipy import stats

from distill.errors import ConfigError
from distill.metrics import hierarchical
from distill.metrics.bootstrap import paired_bootstrap
from distill.metrics.hierarchical import hierarchical_bootstrap, scores_of_draws, unpaired_seeds
from distill.pipeline import paired_students
from distill.pipeline.paired_students import Bootstrap, students


def accuracy(statistics):
    return float(statistics[:, 0].mean())


def right(*rates, size=120, seed=0):
    """Of each model 1 where it is right ``[examples, 1]``."""
    chance = np.random.default_rng(seed)
    return [(chance.random(size) < rate).astype(float)[:, np.newaxis] for rate in rates]


@pytest.mark.parametrize("metric", ["accuracy", "perplexity"])
def test_two_single_students_have_the_paired_bootstrap_turned_so_that_more_is_better(metric):
    first, second = right(0.6, 0.8)
    one, other, found = Bootstrap(200, 0.9, 3, False).difference(accuracy, metric, [first], [second])
    pair = paired_bootstrap(accuracy, second, first, resamples=200, confidence=0.9, seed=3)
    assert (one, other) == (accuracy(first), accuracy(second))
    sign = 1 if metric == "accuracy" else -1
    assert (found.mean, *sorted((found.low, found.high))) == pytest.approx(
        (sign * pair.difference, *sorted((sign * pair.lo, sign * pair.hi)))
    )
    assert found.seeds == 1


def test_the_same_seeds_are_compared_seed_by_seed():
    models = right(0.6, 0.65, 0.7, 0.8, 0.75, 0.85)
    _, _, found = Bootstrap(200, 0.95, 3, True).difference(accuracy, "accuracy", models[:3], models[3:])
    drawn = scores_of_draws(accuracy, models, resamples=200, seed=3)
    measured = np.array([accuracy(each) for each in models])
    expected = hierarchical_bootstrap(measured[3:] - measured[:3], drawn[:, 3:] - drawn[:, :3], seed=3)
    assert (found.mean, found.low, found.high) == pytest.approx((expected.mean, expected.low, expected.high))
    assert found.seeds == 3


def test_seeds_of_their_own_have_the_interval_of_two_means(monkeypatch):
    first, second = np.array([0.70, 0.72, 0.77]), np.array([0.80, 0.83])
    drawn = np.tile(first, (20_000, 1)), np.tile(second, (20_000, 1))
    found = unpaired_seeds((first, second), drawn)
    chance = np.random.default_rng(1)  # Behrens and Fisher: both distances are drawn by themselves
    steps = [
        stats.t.rvs(len(each) - 1, size=200_000, random_state=chance) * stats.sem(each) for each in (first, second)
    ]
    low, high = np.quantile(second.mean() - first.mean() + steps[1] - steps[0], [0.025, 0.975])
    assert found.mean == pytest.approx(second.mean() - first.mean())
    assert (found.low, found.high) == pytest.approx((low, high), rel=0.03)
    assert found.spread == pytest.approx(np.hypot(first.std(ddof=1), second.std(ddof=1)))


def test_of_one_seed_beside_several_only_the_several_vary():
    alone, several = np.array([0.7]), np.array([0.8, 0.83, 0.87])
    found = unpaired_seeds((alone, several), (np.tile(alone, (5000, 1)), np.tile(several, (5000, 1))))
    expected = stats.t.interval(0.95, 2, loc=several.mean() - 0.7, scale=stats.sem(several))
    assert (found.low, found.high) == pytest.approx(expected, abs=2e-4)


def test_draws_in_which_a_metric_is_undefined_are_left_out():
    drawn = np.array([[np.nan], [0.5], [0.5]]), np.array([[0.6], [0.6], [0.6]])
    found = hierarchical.unpaired_seeds((np.array([0.5]), np.array([0.6])), drawn)
    assert (found.low, found.high) == pytest.approx((0.1, 0.1))


def score(split="test", rows="a"):
    """What stands for a kept score: its split, and what identifies its rows."""
    leading = SimpleNamespace(headline=SimpleNamespace(name="accuracy", mode="max"))
    spec = SimpleNamespace(data=SimpleNamespace(identity=lambda split: {split: rows}), leading=leading)
    return SimpleNamespace(split=split, spec=spec)


def run(*seeds, best=None, validation=None):
    """What stands for a finished run."""
    model = {"metrics": {"validation": {"accuracy": validation}}}
    report = {"models": {"student": model}, "data": {}}
    return SimpleNamespace(seeds=list(seeds), student_seed=best or seeds[0], report=report)


def test_the_answers_shown_are_those_of_the_student_that_is_best_on_validation(monkeypatch):
    monkeypatch.setattr(paired_students, "kept_scores", lambda run, slices: [score() for _ in run.seeds])
    assert students([run(1, 2, 3, best=2)], ()).best == 1
    side = students([run(1, validation=0.7), run(2, validation=0.9), run(3, validation=None)], ())
    assert (side.seeds, side.best) == ([1, 2, 3], 1)


def test_students_of_other_rows_are_refused(monkeypatch):
    scores = iter(["a", "b"])
    monkeypatch.setattr(paired_students, "kept_scores", lambda run, slices: [score(rows=next(scores))])
    with pytest.raises(ConfigError, match="their rows of test are not the same"):
        students([run(1), run(2)], ())
