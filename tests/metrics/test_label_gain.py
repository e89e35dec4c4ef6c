"""The gain of each label, against one computed label by label and draw by draw; and who is taken for whom."""

import numpy as np
import pytest

from distill.metrics import LabelMarks
from distill.metrics.confusion import confusion
from distill.metrics.counts import matches, one_hot
from distill.metrics.label_gain import f1_by_label

GOLD = np.array([0, 0, 0, 1, 1, 1, 1, 0, 1, 0])
MODEL = np.array([0, 1, 0, 1, 0, 2, 1, 0, 1, 0])
REFERENCE = np.array([1, 1, 0, 1, 0, 1, 0, 0, 1, 2])


def marks(said, names=("a", "b", "c")):
    return LabelMarks(names, matches(one_hot(said, len(names)), one_hot(GOLD, len(names))))


def f1(said, gold, label):
    right = ((said == label) & (gold == label)).sum()
    whole = (said == label).sum() + (gold == label).sum()
    return 2 * right / whole if whole else 0.0


def test_the_gain_of_a_label_is_that_of_its_f1_with_the_interval_of_the_paired_bootstrap():
    found = f1_by_label(marks(MODEL), marks(REFERENCE), resamples=150, confidence=0.9, seed=3)
    assert list(found) == ["a", "b"], "nothing is c"
    generator = np.random.default_rng(3)
    draws = [generator.integers(len(GOLD), size=len(GOLD)) for _ in range(150)]
    for label, name in enumerate(found):
        gains = [f1(MODEL[rows], GOLD[rows], label) - f1(REFERENCE[rows], GOLD[rows], label) for rows in draws]
        assert found[name].difference == pytest.approx(f1(MODEL, GOLD, label) - f1(REFERENCE, GOLD, label))
        assert (found[name].low, found[name].high) == pytest.approx(tuple(np.quantile(gains, [0.05, 0.95])))
        assert found[name].low < found[name].difference < found[name].high


def test_other_labels_or_examples_are_refused():
    with pytest.raises(ValueError, match="same examples and labels"):
        f1_by_label(marks(MODEL), marks(MODEL, ("a", "b", "d")))


def test_words_are_counted_one_by_one_and_examples_as_wholes():
    assert confusion([0, 0, 1, 1, 1], [0, 1, 1, 1, 0]) == [(1, 1, 2), (0, 0, 1), (0, 1, 1), (1, 0, 1)]
    assert confusion([["B", "O"], ["O"]], [["O", "O"], ["O"]]) == [("O", "O", 2), ("B", "O", 1)]
