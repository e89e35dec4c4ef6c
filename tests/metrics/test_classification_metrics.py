"""Classification metrics against scikit-learn and a twin in NumPy."""

import warnings

import numpy as np
import pytest
import torch
from sklearn.metrics import accuracy_score, f1_score, matthews_corrcoef, precision_recall_fscore_support

from distill.metrics import classification
from distill.types import IGNORE


def split(classes, rows=200, seed=0):
    generator = torch.Generator().manual_seed(seed)
    labels = torch.randint(0, classes, (rows,), generator=generator)
    logits = torch.randn(rows, classes, generator=generator) + 1.5 * torch.nn.functional.one_hot(labels, classes)
    return logits, labels


@pytest.mark.parametrize("classes", [2, 3, 7])
def test_the_collection_agrees_with_scikit_learn_over_batches(classes):
    logits, labels = split(classes)
    metrics = classification.collection(classes)
    for rows in torch.arange(200).split(64):
        metrics.update(logits[rows], labels[rows])
    truth, guesses = labels.numpy(), logits.argmax(1).numpy()
    found = {name: value.item() for name, value in metrics.compute().items()}
    assert found == {
        "accuracy": pytest.approx(accuracy_score(truth, guesses)),
        "f1": pytest.approx(f1_score(truth, guesses, average="macro")),
        "matthews": pytest.approx(matthews_corrcoef(truth, guesses)),
    }


def test_the_headline_is_the_first_metric():
    metrics = classification.collection(3)
    metrics.update(*split(3))
    assert next(iter(metrics.compute())) == classification.HEADLINE.name == "accuracy"
    assert classification.HEADLINE.mode == "max"


def test_ignored_rows_count_in_no_metric():
    logits, labels = split(3)
    padded = torch.cat([logits, torch.randn(50, 3)]), torch.cat([labels, torch.full((50,), IGNORE)])
    bare, full = classification.collection(3), classification.collection(3)
    bare.update(logits, labels)
    full.update(*padded)
    assert bare.compute() == full.compute()
    assert classification.calibration_error(*padded) == pytest.approx(classification.calibration_error(logits, labels))


def by_label(logits, labels, names):
    """The table that the decoded rows score."""
    return classification.score(logits.argmax(1).tolist(), labels.tolist(), names, []).table


@pytest.mark.parametrize("sync", [True, False])
def test_ranks_are_joined_only_when_asked(sync):
    assert all(metric.sync_on_compute is sync for metric in classification.collection(2, sync=sync).values())


@pytest.mark.parametrize("classes", [2, 5])
def test_per_label_scores_agree_with_scikit_learn(classes):
    logits, labels = split(classes)
    names = [f"label {index}" for index in range(classes)]
    table = by_label(logits, labels, names)
    truth, guesses = labels.numpy(), logits.argmax(1).numpy()
    columns = ("precision", "recall", "f1", "support")
    each = np.array(precision_recall_fscore_support(truth, guesses)).T
    for name, expected in zip(names, each, strict=True):
        assert [table[name][column] for column in columns] == pytest.approx(list(expected))
    for average in ("micro", "macro", "weighted"):
        expected = precision_recall_fscore_support(truth, guesses, average=average)[:3]
        assert [table[average][column] for column in columns[:3]] == pytest.approx(expected)
        assert table[average]["support"] == 200
    assert {type(row["support"]) for row in table.values()} == {int}
    assert {type(row["f1"]) for row in table.values()} == {float}


def test_a_label_that_is_absent_scores_zero_without_a_warning():
    logits, labels = split(3)
    logits = torch.cat([logits, torch.full((200, 1), -100.0)], dim=1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        table = by_label(logits, labels, ["a", "b", "c", "never"])
        metrics = classification.collection(4)
        metrics.update(logits, labels)
        found = metrics.compute()
    assert table["never"] == {"precision": 0.0, "recall": 0.0, "f1": 0.0, "support": 0}
    assert table["macro"]["f1"] == pytest.approx(f1_score(labels, logits.argmax(1), average="macro"))
    assert found["f1"].item() == pytest.approx(table["macro"]["f1"])


def test_a_single_false_alarm_for_a_label_without_examples_moves_macro_alone():
    truth, guesses, names = [0, 0, 1, 1], [0, 0, 1, 1], ["a", "b", "never"]
    right = classification.score(guesses, truth, names, []).table
    alarm = classification.score([0, 0, 1, 2], truth, names, []).table
    assert right["macro"]["f1"] == right["macro of supported"]["f1"] == 1
    assert alarm["macro"]["f1"] == pytest.approx((1 + 2 / 3 + 0) / 3)
    assert alarm["macro of supported"]["f1"] == pytest.approx((1 + 2 / 3) / 2)
    assert "macro of supported" not in classification.score([0, 1], [0, 1], ["a", "b"], []).table


@pytest.mark.parametrize("names", [["a", "b"], ["a", "b", "b"], ["a", "b", "macro"], ["a", "b", "macro of supported"]])
def test_names_that_would_lose_a_row_are_refused(names):
    with pytest.raises(ValueError, match=r"2 is the position of none of the 2 labels|labels must differ"):
        by_label(*split(3), names)


def numpy_calibration_error(logits, labels):
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    probabilities = powers / powers.sum(axis=1, keepdims=True)
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    bins = np.minimum((confidence * 15).astype(int), 14)
    gaps = [abs(confidence[bins == b].sum() - right[bins == b].sum()) for b in range(15)]
    return sum(gaps) / len(labels)


@pytest.mark.parametrize("scale", [0.1, 1.0, 10.0])
def test_the_calibration_error_matches_numpy(scale):
    logits, labels = split(4, rows=500)
    expected = numpy_calibration_error((scale * logits).double().numpy(), labels.numpy())
    assert classification.calibration_error(scale * logits, labels) == pytest.approx(expected, abs=1e-5)


def test_logits_between_zero_and_one_are_not_taken_for_probabilities():
    _, labels = split(4, rows=500)
    logits = torch.rand(500, 4)
    expected = numpy_calibration_error(logits.double().numpy(), labels.numpy())
    assert classification.calibration_error(logits, labels) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("classes", [2, 3, 7])
def test_decoded_labels_score_what_scikit_learn_says(classes):
    logits, labels = split(classes)
    truth, guesses = labels.tolist(), logits.argmax(1).tolist()
    names = [f"label {index}" for index in range(classes)]
    found = classification.score(guesses, truth, names, [])
    assert found.metrics == {
        "accuracy": pytest.approx(accuracy_score(truth, guesses), abs=1e-12),
        "f1": pytest.approx(f1_score(truth, guesses, average="macro"), abs=1e-12),
        "matthews": pytest.approx(matthews_corrcoef(truth, guesses), abs=1e-12),
    }


@pytest.mark.parametrize(("guesses", "truth"), [([0, 0, 0], [0, 1, 0]), ([0, 1, 0], [1, 1, 1]), ([0, 0], [0, 0])])
def test_a_correlation_with_what_is_always_the_same_is_zero(guesses, truth):
    assert classification.score(guesses, truth, ["a", "b"], []).metrics["matthews"] == 0
