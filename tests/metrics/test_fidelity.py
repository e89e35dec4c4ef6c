"""Fidelity of the student to the teacher."""

import numpy as np
import pytest
import torch
from scipy.special import log_softmax

from distill.metrics import fidelity


def pair(classes=4, rows=50):
    generator = torch.Generator().manual_seed(0)
    return torch.randn(rows, classes, generator=generator), torch.randn(rows, classes, generator=generator)


def test_agreement_is_the_share_of_equal_choices():
    student = torch.tensor([[2.0, 1.0], [0.0, 5.0], [3.0, 0.0], [1.0, 2.0]])
    teacher = torch.tensor([[9.0, 1.0], [0.0, 0.1], [3.0, 4.0], [1.0, 2.0]])
    assert fidelity.agreement(student, teacher) == 0.75


@pytest.mark.parametrize("classes", [2, 30])
def test_kl_matches_numpy(classes):
    student, teacher = pair(classes)
    p, q = log_softmax(teacher.double().numpy(), axis=1), log_softmax(student.double().numpy(), axis=1)
    assert fidelity.kl(student, teacher) == pytest.approx((np.exp(p) * (p - q)).sum(axis=1).mean(), rel=1e-5)


def test_kl_is_zero_where_student_equals_teacher_and_finite_where_they_are_worlds_apart():
    student, _ = pair()
    assert fidelity.kl(student, student.clone()) == 0
    assert fidelity.agreement(student, student.clone()) == 1
    assert np.isfinite(fidelity.kl(1e4 * student.bfloat16(), -1e4 * student.bfloat16()))


MEASURES = [
    fidelity.agreement, fidelity.kl, fidelity.agreement_labels, fidelity.kl_labels, fidelity.score_difference,
    fidelity.score_correlation,
]  # fmt: skip


@pytest.mark.parametrize("measure", MEASURES)
def test_shapes_that_would_be_broadcast_are_refused(measure):
    with pytest.raises(ValueError, match="differ in shape"):
        measure(torch.zeros(3, 4), torch.zeros(1, 4))


def test_agreement_of_labels_is_the_share_of_equal_decisions():
    student = torch.tensor([[2.0, -1.0], [0.1, -5.0]])
    teacher = torch.tensor([[0.2, 1.0], [3.0, -0.1]])
    assert fidelity.agreement_labels(student, teacher) == 0.75


def test_kl_of_labels_matches_numpy():
    student, teacher = pair(7)
    p, q = (1 / (1 + np.exp(-logits.double().numpy())) for logits in (teacher, student))
    expected = p * np.log(p / q) + (1 - p) * np.log((1 - p) / (1 - q))
    assert fidelity.kl_labels(student, teacher) == pytest.approx(expected.mean(), rel=1e-5)


def test_kl_of_labels_is_zero_where_student_equals_teacher_and_finite_where_they_are_worlds_apart():
    student, _ = pair()
    assert fidelity.kl_labels(student, student.clone()) == 0
    assert np.isfinite(fidelity.kl_labels(1e4 * student.bfloat16(), -1e4 * student.bfloat16()))


@pytest.mark.parametrize("shape", [(50,), (50, 1)])
def test_scores_are_compared_by_difference_and_correlation(shape):
    generator = np.random.default_rng(0)
    teacher = generator.normal(size=50)
    student = teacher + generator.normal(size=50)
    made = [torch.tensor(scores).reshape(shape) for scores in (student, teacher)]
    assert fidelity.score_difference(*made) == pytest.approx(np.abs(student - teacher).mean())
    assert fidelity.score_correlation(*made) == pytest.approx(np.corrcoef(student, teacher)[0, 1])


def test_the_correlation_with_a_student_that_always_says_the_same_is_nan():
    assert np.isnan(fidelity.score_correlation(torch.full((9, 1), 0.1), torch.arange(9.0)[:, None]))


def test_rows_are_compared_by_what_they_mean():
    student, teacher = pair(3)
    classes = fidelity.compare("class", student, teacher)
    assert classes == {"agreement": fidelity.agreement(student, teacher), "kl": fidelity.kl(student, teacher)}
    labels = fidelity.compare("labels", student, teacher)
    assert labels == {
        "agreement": fidelity.agreement_labels(student, teacher), "kl": fidelity.kl_labels(student, teacher),
    }  # fmt: skip
    scores = fidelity.compare("score", student[:, :1], teacher[:, :1])
    assert list(scores) == ["difference", "correlation"]


def test_scores_are_no_probabilities_and_so_not_calibrated():
    rows = torch.tensor([[4.0, -4.0], [-4.0, 4.0]])
    assert fidelity.calibration("score", rows[:, :1], torch.tensor([1.0, 2.0])) is None
    assert fidelity.calibration("class", rows, torch.tensor([0, 1])) < 0.01
    assert fidelity.calibration("class", rows, torch.tensor([1, 0])) > 0.9
    assert fidelity.calibration("labels", rows, torch.tensor([[1.0, 0.0], [0.0, 1.0]])) < 0.02
