"""Whether a model is worse than another on the same examples: against SciPy's tests, and Holm's steps by hand."""

import numpy as np
import pytest
from scipy import stats

from distill.metrics import LabelMarks
from distill.metrics.counts import matches, one_hot
from distill.metrics.examples import ratio_of_sums
from distill.metrics.paired_test import could_show, holm, labels_worse_than, worse_than


def accuracy(right):
    """Statistics of examples, how many they are and how many are right."""
    return np.stack([np.ones_like(right), right], axis=1).astype(float)


@pytest.mark.parametrize(("lost", "won"), [(14, 5), (9, 9), (3, 12), (0, 0), (40, 12)])
def test_p_of_accuracy_is_that_of_the_exact_sign_test(lost, won):
    new = np.array([0] * lost + [1] * won + [1] * 60 + [0] * 30)
    old = np.array([1] * lost + [0] * won + [1] * 60 + [0] * 30)
    p = worse_than(ratio_of_sums, accuracy(new), accuracy(old), mode="max").p
    exact = stats.binomtest(lost, lost + won, alternative="greater").pvalue if lost + won else 1.0
    assert p == pytest.approx(exact, abs=0.015)


def test_p_of_a_macro_f1_is_that_of_scipy_s_permutation_test():
    draw = np.random.default_rng(3)
    gold = draw.integers(3, size=60)
    said = [np.where(draw.random(60) < rate, gold, draw.integers(3, size=60)) for rate in (0.5, 0.8)]
    new, old = (matches(one_hot(each, 3), one_hot(gold, 3)) for each in said)

    def f1(statistics):
        right, predicted, there = np.split(statistics.sum(axis=0), 3)
        return float((2 * right / np.maximum(predicted + there, 1)).mean())

    def difference(one, other):
        return f1(matches(one_hot(one, 3), one_hot(gold, 3))) - f1(matches(one_hot(other, 3), one_hot(gold, 3)))

    def by_scipy(one, other, axis=-1):
        return difference(one, other)

    expected = stats.permutation_test(
        said, by_scipy, permutation_type="samples", alternative="less", n_resamples=1999, vectorized=False, rng=0
    ).pvalue
    assert worse_than(f1, new, old, mode="max").p == pytest.approx(expected, abs=0.02)


def test_less_is_better_where_the_metric_is_an_error():
    cheap, dear = (accuracy(np.full(30, value)) for value in (1.0, 2.0))
    assert worse_than(ratio_of_sums, dear, cheap, mode="min").p < 0.001
    assert worse_than(ratio_of_sums, cheap, dear, mode="min").p == pytest.approx(1.0)


def test_an_undefined_metric_holds_nobody_up():
    none = np.zeros((4, 2))
    assert worse_than(ratio_of_sums, none, none, mode="max").p == 1.0


def test_models_that_answer_alike_are_not_told_apart_label_by_label():
    gold = np.array([0, 1, 2, 2, 1, 0])
    marks = LabelMarks(("a", "b", "c", "never"), matches(one_hot(gold, 4), one_hot(gold, 4)))
    tests = labels_worse_than(marks, marks, draws=99)
    assert {name: (test.p, test.least, test.parting) for name, test in tests.items()} == dict.fromkeys("abc", (1, 1, 0))


def test_a_label_is_worse_in_recall_or_in_precision_whichever_it_is():
    gold = np.repeat([0, 1], 100)
    old, missed, given = gold.copy(), gold.copy(), gold.copy()
    old[:6], given[:25], missed[100:112] = 1, 1, 0
    was, *new = (LabelMarks(("a", "b"), matches(one_hot(said, 2), one_hot(gold, 2))) for said in (old, missed, given))
    lost, added = (labels_worse_than(each, was)["b"] for each in new)
    assert (lost.measure, lost.least, lost.parting) == ("recall", 2**-18, 0.12)
    assert (added.measure, added.least, added.parting) == ("f1", 2**-19, 0)
    assert lost.p == pytest.approx(stats.binomtest(12, 12, alternative="greater").pvalue, abs=0.001)
    assert added.p == pytest.approx(1e-4)
    assert labels_worse_than(was, new[1])["b"].p == 1.0


def test_p_of_a_label_is_fair_whatever_measure_is_the_worse_one():
    draw, p_values = np.random.default_rng(5), []
    for _ in range(300):
        gold = draw.integers(3, size=120)
        said = [np.where(draw.random(120) < 0.7, gold, draw.integers(3, size=120)) for _ in range(2)]
        pair = [LabelMarks(("a", "b", "c"), matches(one_hot(each, 3), one_hot(gold, 3))) for each in said]
        p_values += [test.p for test in labels_worse_than(*pair, draws=199).values()]
    assert np.mean(np.array(p_values) <= 0.05) == pytest.approx(0.05, abs=0.02)
    assert np.mean(np.array(p_values) <= 0.5) == pytest.approx(0.5, abs=0.05)


def test_tests_that_could_not_come_out_cost_the_others_nothing():
    p_values, least = [0.02, *[1.0] * 30], [2**-20, *[2**-3] * 30]
    assert holm(p_values)[0] == pytest.approx(0.62)
    assert holm(p_values, least, 0.05)[0] == pytest.approx(0.02)
    assert could_show(least, 0.05).tolist() == [True, *[False] * 30]
    assert not could_show([0.5, 0.5], 0.05).any()
    assert could_show([0.001] * 8, 0.05).all()


def test_labels_of_other_names_are_refused():
    marks = LabelMarks(("a",), np.ones((2, 3)))
    with pytest.raises(ValueError, match="the same examples and labels"):
        labels_worse_than(marks, marks._replace(names=("b",)))
    with pytest.raises(ValueError, match="examples in common, not 2 and 1"):
        worse_than(ratio_of_sums, np.ones((2, 2)), np.ones((1, 2)), mode="max")


def test_holm_multiplies_the_smallest_most_and_never_turns_the_order():
    assert holm([0.02, 0.01, 0.5, 0.012]).tolist() == pytest.approx([0.04, 0.04, 0.5, 0.04])
    assert holm([0.9, 0.8]).tolist() == [1.0, 1.0]
    assert holm([]).tolist() == []
