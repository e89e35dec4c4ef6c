"""The gain over the control and its interval."""

import time

import numpy as np
import pytest
from sklearn.metrics import f1_score

from distill.metrics.bootstrap import gap_closed, paired_bootstrap


def accuracy(predictions, labels):
    return (predictions == labels).mean()


def models(size=2000, student=0.85, control=0.8, seed=0):
    generator = np.random.default_rng(seed)
    labels = generator.integers(2, size=size)
    return [np.where(generator.random(size) < rate, labels, 1 - labels) for rate in (student, control)] + [labels]


def test_the_interval_matches_a_direct_loop():
    student, control, labels = models(size=100)
    generator = np.random.default_rng(7)
    expected = []
    for _ in range(200):
        drawn = generator.integers(100, size=100)
        right = [sum(model[i] == labels[i] for i in drawn) for model in (student, control)]
        expected.append((right[0] - right[1]) / 100)
    gain = paired_bootstrap(accuracy, student, control, labels, resamples=200, confidence=0.9, seed=7)
    assert gain.difference == pytest.approx(accuracy(student, labels) - accuracy(control, labels))
    assert (gain.lo, gain.hi) == pytest.approx(tuple(np.quantile(expected, [0.05, 0.95])))


@pytest.mark.parametrize(("confidence", "width"), [(0.95, 1.959964), (0.8, 1.281552)])
def test_the_interval_is_that_of_the_normal_approximation(confidence, width):
    student, control, labels = models()
    each = (student == labels).astype(float) - (control == labels)
    error = each.std() / np.sqrt(len(each))
    gain = paired_bootstrap(accuracy, student, control, labels, resamples=4000, confidence=confidence)
    assert gain.lo == pytest.approx(each.mean() - width * error, abs=0.15 * error)
    assert gain.hi == pytest.approx(each.mean() + width * error, abs=0.15 * error)


def test_equal_predictions_give_exactly_no_gain_and_no_width():
    student, _, labels = models()
    assert paired_bootstrap(accuracy, student, student.copy(), labels) == (0, 0, 0)


def test_models_that_err_on_the_same_examples_give_a_narrower_interval():
    student, control, labels = models(control=0.85)
    close = student.copy()
    close[:20] = 1 - close[:20]
    near, far = (paired_bootstrap(accuracy, student, other, labels) for other in (close, control))
    assert near.hi - near.lo < (far.hi - far.lo) / 2


def test_the_same_seed_gives_the_same_interval():
    first, again, other = (paired_bootstrap(accuracy, *models(), resamples=50, seed=seed) for seed in (1, 1, 2))
    assert first == again != other


def test_any_metric_and_any_predictions_will_do():
    student, control, labels = models(size=300)
    gain = paired_bootstrap(lambda p, y: f1_score(y, p), student, control, labels, resamples=20)
    assert gain.lo <= gain.difference <= gain.hi
    scores = np.random.default_rng(0).normal(size=(300, 4))
    wide = paired_bootstrap(lambda p, y: (p.argmax(1) == y).mean(), scores, -scores, labels, resamples=20)
    assert wide.lo <= wide.hi


def test_a_thousand_resamples_of_two_thousand_examples_take_less_than_two_seconds():
    start = time.process_time()
    paired_bootstrap(accuracy, *models(), resamples=1000)
    assert time.process_time() - start < 2


@pytest.mark.parametrize(
    ("sizes", "options", "message"),
    [
        ((3, 4, 4), {}, "not 3, 4 and 4 labels"),
        ((0, 0, 0), {}, "examples in common"),
        ((4, 4, 4), {"resamples": 0}, "resamples must be 1"),
        ((4, 4, 4), {"confidence": 95}, "confidence within 0 and 1"),
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
