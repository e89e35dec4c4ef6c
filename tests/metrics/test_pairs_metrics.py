"""Metrics of pairs of texts against scikit-learn."""

import pytest
import torch
from sklearn.metrics import accuracy_score, f1_score

from distill.metrics import pairs
from distill.types import IGNORE


def split(classes, rows=150):
    generator = torch.Generator().manual_seed(1)
    labels = torch.randint(0, classes, (rows,), generator=generator)
    return torch.randn(rows, classes, generator=generator) + torch.nn.functional.one_hot(labels, classes), labels


def expected(truth, guesses, classes):
    f1 = f1_score(truth, guesses) if classes == 2 else f1_score(truth, guesses, average="macro")
    return {"f1": pytest.approx(f1), "accuracy": pytest.approx(accuracy_score(truth, guesses))}


@pytest.mark.parametrize("classes", [2, 3])
def test_two_labels_score_the_second_and_three_their_mean(classes):
    logits, labels = split(classes)
    guesses, truth = logits.argmax(1).tolist(), labels.tolist()
    found = pairs.score(guesses, truth, ["a", "b", "c"][:classes], [])
    assert found.metrics == expected(truth, guesses, classes)
    assert found.table["b"]["f1"] == pytest.approx(f1_score(truth, guesses, average=None)[1])


@pytest.mark.parametrize("classes", [2, 3])
def test_what_is_watched_is_the_same_over_batches_and_ignored_rows(classes):
    logits, labels = split(classes)
    metrics = pairs.collection(classes)
    for rows in torch.arange(len(labels)).split(64):
        metrics.update(
            torch.cat([logits[rows], torch.randn(5, classes)]), torch.cat([labels[rows], torch.full((5,), IGNORE)])
        )
    found = {name: value.item() for name, value in metrics.compute().items()}
    assert found == expected(labels.tolist(), logits.argmax(1).tolist(), classes)


def test_what_is_watched_starts_anew_after_a_reset():
    metrics = pairs.collection(2)
    metrics.update(torch.tensor([[1.0, 0.0]] * 3), torch.tensor([1, 1, 1]))
    metrics.reset()
    metrics.update(torch.tensor([[0.0, 1.0]]), torch.tensor([1]))
    assert metrics.compute() == {"f1": 1, "accuracy": 1}


def test_the_second_label_scores_zero_where_it_is_neither_there_nor_predicted():
    found = pairs.score([0, 0], [0, 0], ["a", "b"], [])
    assert found.metrics == {"f1": 0, "accuracy": 1}


def test_with_three_labels_one_that_nobody_names_stays_out_of_the_mean():
    assert pairs.score([0, 1], [0, 1], ["a", "b", "c"], []).metrics["f1"] == 1
