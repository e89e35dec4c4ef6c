"""Multi-label metrics against scikit-learn and a twin in NumPy."""

import numpy as np
import pytest
import torch
from sklearn.metrics import accuracy_score, f1_score, precision_recall_fscore_support

from distill.metrics import multilabel
from distill.types import IGNORE

NAMES = ["joy", "fear", "anger", "grief"]


def split(rows=120):
    generator = torch.Generator().manual_seed(2)
    labels = (torch.rand(rows, 4, generator=generator) < torch.tensor([0.5, 0.3, 0.1, 0.0])).float()
    return torch.randn(rows, 4, generator=generator) + 2 * labels - torch.tensor([1.0, 1.0, 1.0, 9.0]), labels


def decoded():
    logits, labels = split()
    return (logits.sigmoid() > 0.5).long().tolist(), labels.long().tolist()


def test_decisions_score_what_scikit_learn_says():
    guesses, truth = decoded()
    assert multilabel.score(guesses, truth, NAMES, []).metrics == {
        "f1_micro": pytest.approx(f1_score(truth, guesses, average="micro")),
        "f1_macro": pytest.approx(f1_score(truth, guesses, average="macro", zero_division=0)),
        "exact_match": pytest.approx(accuracy_score(truth, guesses)),
    }


def test_the_table_is_that_of_scikit_learn_with_a_label_that_never_occurs():
    guesses, truth = decoded()
    table = multilabel.score(guesses, truth, NAMES, []).table
    each = np.array(precision_recall_fscore_support(truth, guesses, zero_division=0)).T
    assert [list(table[name].values()) for name in NAMES] == pytest.approx(each)
    assert table["grief"] == {"precision": 0, "recall": 0, "f1": 0, "support": 0}
    for average in ("micro", "macro", "weighted"):
        expected = precision_recall_fscore_support(truth, guesses, average=average, zero_division=0)[:3]
        assert list(table[average].values()) == pytest.approx([*expected, np.sum(truth)])


@pytest.mark.parametrize("kind", [torch.float, torch.long])
def test_what_is_watched_agrees_with_what_is_decoded(kind):
    logits, labels = split()
    metrics = multilabel.collection(4)
    for rows in torch.arange(120).split(50):
        metrics.update(logits[rows], labels[rows].to(kind))
    expected = multilabel.score(*decoded(), NAMES, []).metrics
    found = {name: value.item() for name, value in metrics.compute().items()}
    assert found == pytest.approx({name: expected[name] for name in ("f1_micro", "f1_macro")})


def test_logits_between_zero_and_one_are_not_taken_for_probabilities():
    metrics = multilabel.collection(2)
    metrics.update(torch.tensor([[0.2, 0.3], [0.1, 0.4]]), torch.ones(2, 2))
    assert metrics.compute() == {"f1_micro": 1, "f1_macro": 1}


def test_ignored_decisions_count_in_nothing():
    logits, labels = split()
    padded = torch.cat([logits, torch.randn(9, 4)]), torch.cat([labels, torch.full((9, 4), float(IGNORE))])
    bare, full = multilabel.collection(4), multilabel.collection(4)
    bare.update(logits, labels)
    full.update(*padded)
    assert bare.compute() == full.compute()
    assert multilabel.calibration_error(*padded) == pytest.approx(multilabel.calibration_error(logits, labels))


@pytest.mark.parametrize("scale", [0.1, 1.0, 10.0])
def test_the_calibration_error_matches_numpy(scale):
    logits, labels = split()
    chances, truth = 1 / (1 + np.exp(-scale * logits.double().numpy().ravel())), labels.numpy().ravel()
    bins = np.minimum((chances * 15).astype(int), 14)
    expected = sum(abs(chances[bins == b].sum() - truth[bins == b].sum()) for b in range(15)) / len(truth)
    assert multilabel.calibration_error(scale * logits, labels) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize(
    ("predictions", "message"),
    [([[1, 0], [1]], "^example 1 has 1 decisions for 2 labels$"), ([[1, 0], [2, 0]], "^a decision must be 0 or 1$")],
)
def test_what_is_no_decision_is_refused(predictions, message):
    with pytest.raises(ValueError, match=message):
        multilabel.score(predictions, [[0, 0], [1, 1]], ["a", "b"], [])
