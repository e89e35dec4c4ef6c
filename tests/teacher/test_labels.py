"""What an audit makes of plain labels, against twins that count and add up one by one."""

import numpy as np
import pytest

from distill.teacher.labels import frequencies, logits, noise, posterior, without_noise

MATRIX = np.array([[0.8, 0.15, 0.05], [0.1, 0.7, 0.2], [0.0, 0.1, 0.9]])
BEFORE = np.array([0.5, 0.3, 0.2])


def drawn(rows, seed=0):
    """Right labels, and what a labeller of the matrix says of them."""
    random = np.random.default_rng(seed)
    right = random.choice(3, size=rows, p=BEFORE)
    said = np.array([random.choice(3, p=MATRIX[label]) for label in right])
    return right, said


def test_the_noise_of_many_audited_rows_is_that_of_the_labeller():
    right, said = drawn(20_000)
    assert noise(np.eye(3)[said], right) == pytest.approx(MATRIX, abs=0.02)
    assert frequencies(right, 3) == pytest.approx(BEFORE, abs=0.02)


def test_a_label_that_the_audit_lacks_is_met_as_well_as_the_others():
    right = np.array([0, 0, 0, 1, 1, 1])
    found = noise(np.eye(3)[[0, 0, 1, 1, 1, 1]], right)
    assert found[2] == pytest.approx([1 / 8, 1 / 8, 6 / 8])
    assert found.sum(axis=1) == pytest.approx(np.ones(3))


def test_a_plain_label_becomes_what_bayes_says_of_it():
    found = posterior(np.eye(3), MATRIX, BEFORE)
    for said in range(3):
        joint = [MATRIX[right, said] * BEFORE[right] for right in range(3)]
        assert found[said] == pytest.approx(np.array(joint) / sum(joint))


def test_of_as_many_rows_a_label_is_right_as_often_as_its_probability_says():
    right, said = drawn(20_000)
    likely = posterior(np.eye(3)[said], MATRIX, BEFORE)
    for label in range(3):
        assert likely[:, label].mean() == pytest.approx((right == label).mean(), abs=0.01)


def test_noise_is_taken_out_towards_what_explains_the_prediction():
    right = np.array([0.1, 0.2, 0.7])
    predicted = (right @ MATRIX)[np.newaxis]
    found = without_noise(predicted, MATRIX, BEFORE)[0]
    twin = BEFORE.copy()
    for _ in range(5):
        explained = [sum(twin[label] * MATRIX[label, said] for label in range(3)) for said in range(3)]
        twin = np.array(
            [
                twin[label] * sum(predicted[0, said] * MATRIX[label, said] / explained[said] for said in range(3))
                for label in range(3)
            ]
        )
        twin /= twin.sum()
    assert found == pytest.approx(twin)
    assert abs(found - right).sum() < abs(BEFORE - right).sum() / 2


def test_a_labeller_that_never_errs_is_believed():
    assert posterior(np.eye(2), np.eye(2), np.array([0.5, 0.5])).tolist() == [[1, 0], [0, 1]]


@pytest.mark.parametrize("kind", ["class", "labels"])
def test_logits_have_the_probabilities_and_are_finite_for_certain_labels(kind):
    probabilities = np.array([[1.0, 0.0, 0.0], [0.2, 0.3, 0.5]])
    found = logits(kind, probabilities).astype(np.float64)
    again = 1 / (1 + np.exp(-found)) if kind == "labels" else np.exp(found) / np.exp(found).sum(axis=1, keepdims=True)
    assert np.isfinite(found).all()
    assert again == pytest.approx(probabilities, abs=3e-4)
