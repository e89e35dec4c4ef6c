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


@pytest.mark.parametrize("measure", [fidelity.agreement, fidelity.kl])
def test_shapes_that_would_be_broadcast_are_refused(measure):
    with pytest.raises(ValueError, match="differ in shape"):
        measure(torch.zeros(3, 4), torch.zeros(1, 4))
