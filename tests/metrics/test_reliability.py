"""Confidence against frequency, and the temperature between them, against torchmetrics and a grid."""

import numpy as np
import pytest
import torch

from distill.metrics import classification, multilabel
from distill.metrics.reliability import LEAST, MOST, fitted_temperature, reliability, scaled
from distill.types import FLOOR, IGNORE


def drawn(count=2000, classes=4, seed=0):
    """Logits, and labels that are drawn by their probabilities: reliable at temperature 1."""
    chance = np.random.default_rng(seed)
    logits = chance.normal(scale=2.0, size=(count, classes))
    powers = np.exp(logits)
    likely = powers / powers.sum(axis=1, keepdims=True)
    return logits, np.array([chance.choice(classes, p=row) for row in likely])


def nll(logits, labels):
    highest = logits - logits.max(axis=1, keepdims=True)
    return float((np.log(np.exp(highest).sum(axis=1)) - highest[np.arange(len(labels)), labels]).mean())


@pytest.mark.parametrize("temperature", [1.0, 0.3, 4.0])
def test_the_error_is_that_of_torchmetrics(temperature):
    logits, labels = drawn()
    labels[::7] = IGNORE
    twin = classification.calibration_error(torch.tensor(logits / temperature), torch.tensor(labels))
    assert reliability("class", logits, labels, temperature).error == pytest.approx(twin, abs=1e-6)


def test_the_error_of_several_labels_is_that_of_torchmetrics():
    chance = np.random.default_rng(1)
    logits, labels = chance.normal(scale=2, size=(400, 3)), chance.integers(0, 2, size=(400, 3)).astype(float)
    twin = multilabel.calibration_error(torch.tensor(logits), torch.tensor(labels))
    assert reliability("labels", logits, labels).error == pytest.approx(twin, abs=1e-6)


@pytest.mark.parametrize("factor", [0.25, 1.0, 3.0, 8.0])
def test_the_temperature_undoes_what_made_a_model_too_sure(factor):
    logits, labels = drawn()
    own = fitted_temperature("class", logits, labels)
    assert own == pytest.approx(1.0, abs=0.08)
    assert fitted_temperature("class", factor * logits, labels) == pytest.approx(factor * own, rel=1e-4)


def test_no_temperature_of_a_grid_is_better():
    logits, labels = drawn(300, seed=2)
    logits *= 2.5
    fitted = fitted_temperature("class", logits, labels)
    best = nll(logits / fitted, labels)
    assert reliability("class", logits, labels, fitted).nll == pytest.approx(best)
    assert all(nll(logits / other, labels) >= best - 1e-9 for other in np.geomspace(LEAST, MOST, 200))


def test_several_labels_have_one_temperature():
    chance = np.random.default_rng(3)
    logits = chance.normal(scale=1.5, size=(3000, 2))
    labels = (chance.random(logits.shape) < 1 / (1 + np.exp(-logits))).astype(float)
    labels[0, 0] = np.nan
    assert fitted_temperature("labels", 2 * logits, labels) == pytest.approx(2.0, abs=0.15)


@pytest.mark.parametrize(
    ("kind", "logits", "labels"),
    [
        ("class", [[2.0, 1.0], [0.0, 3.0]], [0, 1]),
        ("labels", [[2.0, -1.0]], [[1.0, 0.0]]),
        ("class", [[1.0, 2.0]], [-100]),
    ],
)
def test_what_is_right_throughout_or_has_no_label_has_no_temperature(kind, logits, labels):
    assert fitted_temperature(kind, np.array(logits), np.array(labels)) is None


def test_a_model_that_is_wrong_where_it_is_sure_gets_the_highest_temperature():
    logits, labels = np.array([[5.0, 0.0], [0.0, 5.0], [1.0, 0.0]]), np.array([1, 0, 0])
    assert fitted_temperature("class", logits, labels) == pytest.approx(MOST, rel=1e-3)


def test_a_class_that_cannot_be_stays_impossible():
    rows = scaled(np.array([[3.0, 1.0, FLOOR]]), 20.0)
    assert rows.tolist() == [[0.15, 0.05, FLOOR]]
    assert reliability("class", np.array([[3.0, FLOOR]]), np.array([0]), 20.0).nll == 0


def test_each_case_is_in_one_bin():
    logits, labels = drawn(500)
    bins = reliability("class", logits, labels).bins
    assert sum(each.cases for each in bins) == 500
    assert all(0 <= each.frequency <= 1 and 0.25 <= each.confidence <= 1 for each in bins)
    assert [each.confidence for each in bins] == sorted(each.confidence for each in bins)


def test_without_a_label_there_is_nothing_to_say():
    assert reliability("class", np.zeros((3, 2)), np.full(3, IGNORE)) is None
