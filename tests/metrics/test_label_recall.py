"""The recall of each label by two models on the same examples, and its paired interval."""

import numpy as np
import pytest

from distill.metrics import LabelMarks
from distill.metrics.bootstrap import paired_bootstrap
from distill.metrics.counts import matches, one_hot
from distill.metrics.label_recall import recall_by_label

NAMES = ("ham", "spam", "other")


def marks(predicted, gold):
    return LabelMarks(NAMES, matches(one_hot(predicted, 3), one_hot(gold, 3)))


@pytest.fixture
def two():
    """Two models' marks of 300 examples, of which none has the third label; the second finds fewer of the second."""
    draw = np.random.default_rng(3)
    gold = draw.integers(2, size=300)
    first = np.where(draw.random(300) < 0.9, gold, 1 - gold)
    second = np.where((gold == 1) & (draw.random(300) < 0.3), 0, first)
    return marks(first, gold), marks(second, gold), gold, first, second


def test_recall_is_the_share_of_a_labels_examples_that_are_found(two):
    reference, other, gold, first, second = two
    found = recall_by_label(reference, other, resamples=100)
    assert list(found) == ["ham", "spam"], "a label without examples has no recall"
    for label in (0, 1):
        recall, there = found[NAMES[label]], gold == label
        assert recall.reference == pytest.approx((first[there] == label).mean())
        assert recall.other == pytest.approx((second[there] == label).mean())


def test_its_interval_is_that_of_the_paired_bootstrap(two):
    reference, other, *_ = two
    found = recall_by_label(reference, other, resamples=130, confidence=0.9, seed=5)
    for label, name in enumerate(NAMES[:2]):

        def recall(rows, label=label):
            return rows[:, label].sum() / rows[:, 6 + label].sum()

        expected = paired_bootstrap(
            recall, other.statistics, reference.statistics, resamples=130, confidence=0.9, seed=5
        )
        assert found[name][2:] == pytest.approx(expected[1:])
    assert found["spam"].high < 0 == found["ham"].high


def test_a_label_of_one_example_has_an_interval_of_the_resamples_that_hold_it():
    gold = [0] * 9 + [1]
    found = recall_by_label(marks(gold, gold), marks([0] * 10, gold))
    assert found["spam"] == (1.0, 0.0, -1.0, -1.0)


def test_other_examples_or_labels_are_not_compared(two):
    reference, _, gold, *_ = two
    with pytest.raises(ValueError, match="recall is compared of the same examples"):
        recall_by_label(reference, marks(gold, 1 - gold))
    with pytest.raises(ValueError, match="recall is compared of the same examples and labels"):
        recall_by_label(reference, LabelMarks(("a", "b", "c"), reference.statistics))


@pytest.mark.parametrize("task", ["classification", "pairs", "multilabel", "entities", "tokens", "relations"])
def test_every_metric_of_labels_gives_marks_whose_recall_is_that_of_its_table(task):
    from distill.metrics import metric_module

    tags = [["B-X", "O", "B-Y"], ["O", "B-Y", "I-Y"]]
    right = {"multilabel": [[1, 0, 1], [0, 1, 0]], "entities": tags, "tokens": tags}.get(task, [0, 1, 2, 2])
    found = {"multilabel": [[1, 1, 0], [0, 0, 0]], "entities": [tags[0], ["O"] * 3], "tokens": [tags[0], ["O"] * 3]}
    names = {"entities": ["O", "B-X", "I-X", "B-Y", "I-Y"], "relations": ["r(e1,e2)", "r(e2,e1)", "Other"]}
    names["tokens"] = names["entities"]
    scored = metric_module(task).score(
        found.get(task, [0, 2, 2, 1]), right, names.get(task, list("abc")), [""] * len(right)
    )
    assert len(scored.marks.statistics) == len(right)
    recalls = recall_by_label(scored.marks, scored.marks, resamples=10)
    assert recalls
    for name, recall in recalls.items():
        assert recall.reference == pytest.approx(scored.table[name]["recall"])
        assert (recall.low, recall.high) == (0.0, 0.0)
