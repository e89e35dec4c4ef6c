"""The gain over the control and its interval."""

import time

import numpy as np
import pytest
from sklearn.metrics import f1_score

from distill.metrics import classification
from distill.metrics.bootstrap import gap_closed, paired_bootstrap


def accuracy(statistics):
    """The share of right answers, one column ``[examples, 1]``."""
    return statistics[:, 0].mean()


def models(size=2000, student=0.85, control=0.8, seed=0):
    """For each example, 1 where a model is right."""
    generator = np.random.default_rng(seed)
    return [(generator.random((size, 1)) < rate).astype(float) for rate in (student, control)]


def test_the_interval_matches_a_direct_loop():
    student, control = models(size=100)
    generator = np.random.default_rng(7)
    expected = []
    for _ in range(200):
        drawn = generator.integers(100, size=100)
        right = [sum(model[i, 0] for i in drawn) for model in (student, control)]
        expected.append((right[0] - right[1]) / 100)
    gain = paired_bootstrap(accuracy, student, control, resamples=200, confidence=0.9, seed=7)
    assert gain.difference == pytest.approx(student.mean() - control.mean())
    assert (gain.lo, gain.hi) == pytest.approx(tuple(np.quantile(expected, [0.05, 0.95])))


@pytest.mark.parametrize(("confidence", "width"), [(0.95, 1.959964), (0.8, 1.281552)])
def test_the_interval_is_that_of_the_normal_approximation(confidence, width):
    student, control = models()
    each = (student - control)[:, 0]
    error = each.std() / np.sqrt(len(each))
    gain = paired_bootstrap(accuracy, student, control, resamples=4000, confidence=confidence)
    assert gain.lo == pytest.approx(each.mean() - width * error, abs=0.15 * error)
    assert gain.hi == pytest.approx(each.mean() + width * error, abs=0.15 * error)


def test_equal_answers_give_exactly_no_gain_and_no_width():
    student, _ = models()
    assert paired_bootstrap(accuracy, student, student.copy()) == (0, 0, 0)


def test_models_that_err_on_the_same_examples_give_a_narrower_interval():
    student, control = models(control=0.85)
    close = student.copy()
    close[:20] = 1 - close[:20]
    near, far = (paired_bootstrap(accuracy, student, other) for other in (close, control))
    assert near.hi - near.lo < (far.hi - far.lo) / 2


def test_the_same_seed_gives_the_same_interval():
    first, again, other = (paired_bootstrap(accuracy, *models(), resamples=50, seed=seed) for seed in (1, 1, 2))
    assert first == again != other


def test_a_metric_that_is_no_mean_is_computed_from_the_drawn_examples():
    """The F1 of hits, guesses and truths has no value of its own for an example; sklearn's is the twin."""
    generator = np.random.default_rng(3)
    gold, one, other = generator.integers(2, size=(3, 150))

    def statistics(guess):
        return np.stack([guess & gold, guess, gold], axis=1)

    def f1(rows):
        right, predicted, there = rows.sum(axis=0)
        return 2 * right / (predicted + there)

    gain = paired_bootstrap(f1, statistics(one), statistics(other), resamples=20, seed=5)
    draw = np.random.default_rng(5)
    drawn = [draw.integers(150, size=150) for _ in range(20)]
    expected = [f1_score(gold[rows], one[rows]) - f1_score(gold[rows], other[rows]) for rows in drawn]
    assert gain.difference == pytest.approx(f1_score(gold, one) - f1_score(gold, other))
    assert (gain.lo, gain.hi) == pytest.approx(tuple(np.quantile(expected, [0.025, 0.975])))


def test_the_statistics_of_a_task_are_what_is_resampled():
    names, gold = ["a", "b", "c"], [0, 1, 2, 2, 1, 0]
    better, worse = (classification.score(guess, gold, names, []) for guess in ([0, 1, 2, 2, 1, 1], [0, 0, 0, 2, 1, 0]))
    pair = (scored.statistics["accuracy"] for scored in (better, worse))
    gain = paired_bootstrap(classification.headline, *pair, resamples=100)
    assert gain.difference == pytest.approx(5 / 6 - 4 / 6)
    assert gain.lo <= gain.difference <= gain.hi


def test_resamples_without_a_value_do_not_take_the_interval_with_them():
    def undefined_without_the_first(rows):
        return rows.sum() if 1 in rows else np.nan

    student = np.array([[1.0], [0.0], [0.0]])
    gain = paired_bootstrap(undefined_without_the_first, student, student, resamples=100)
    assert gain == (0, 0, 0)


def test_a_thousand_resamples_of_two_thousand_examples_take_less_than_two_seconds():
    start = time.process_time()
    paired_bootstrap(accuracy, *models(), resamples=1000)
    assert time.process_time() - start < 2


@pytest.mark.parametrize(
    ("sizes", "options", "message"),
    [
        ((3, 4), {}, "not 3 and 4"),
        ((0, 0), {}, "examples in common"),
        ((4, 4), {"resamples": 0}, "resamples must be 1"),
        ((4, 4), {"confidence": 95}, "confidence within 0 and 1"),
    ],
)
def test_what_makes_no_sense_is_refused(sizes, options, message):
    with pytest.raises(ValueError, match=message):
        paired_bootstrap(accuracy, *(np.zeros(size) for size in sizes), **options)


def test_the_gap_closed_is_the_share_of_the_teachers_lead():
    assert gap_closed(teacher=0.9, student=0.85, control=0.8) == pytest.approx(0.5)
    assert gap_closed(teacher=0.9, student=0.75, control=0.8) == pytest.approx(-0.5)
    assert gap_closed(teacher=10.0, student=15.0, control=20.0, mode="min") == pytest.approx(0.5)


@pytest.mark.parametrize(("teacher", "mode"), [(0.8, "max"), (0.7, "max"), (0.8, "min"), (0.9, "min")])
def test_no_gap_is_closed_where_the_teacher_has_no_lead(teacher, mode):
    assert gap_closed(teacher, student=0.85, control=0.8, mode=mode) is None
