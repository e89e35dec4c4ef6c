"""Each loss against an independent twin in NumPy, and at its edges."""

import numpy as np
import pytest
import torch

from distill.losses import functional
from distill.types import IGNORE


def log_softmax(logits):
    shifted = logits - logits.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def numpy_hard(logits, labels):
    scored = [(row, label) for row, label in zip(log_softmax(logits), labels, strict=True) if label != IGNORE]
    return -sum(row[label] for row, label in scored), len(scored)


def numpy_soft(student, teacher, temperature):
    p, q = log_softmax(teacher / temperature), log_softmax(student / temperature)
    return temperature**2 * (np.exp(p) * (p - q)).sum(), len(student)


def numpy_hidden(student, teacher, mask):
    return (((student - teacher) ** 2).mean(axis=-1) * mask).sum(), mask.sum()


def rows(seed, *shape, scale=3.0):
    return np.random.default_rng(seed).normal(scale=scale, size=shape)


def tensor(array, **options):
    return torch.tensor(array, dtype=torch.float32, **options)


def assert_same(result, expected):
    total, count = result
    assert total.item() == pytest.approx(expected[0], rel=1e-5)
    assert count.item() == expected[1]


def test_hard_labels_match_numpy_and_leave_ignored_rows_out():
    labels = np.array([0, 4, IGNORE, 2, IGNORE, 1])
    assert_same(functional.hard(tensor(rows(0, 6, 5)), torch.tensor(labels)), numpy_hard(rows(0, 6, 5), labels))


@pytest.mark.parametrize("classes", [2, 5, 300])
@pytest.mark.parametrize("temperature", [0.5, 1.0, 4.0])
def test_soft_targets_match_numpy(classes, temperature):
    student, teacher = rows(1, 7, classes), rows(2, 7, classes)
    result = functional.soft(tensor(student), tensor(teacher), temperature)
    assert_same(result, numpy_soft(student, teacher, temperature))


def test_hidden_states_match_numpy():
    student, teacher = rows(3, 4, 6, 8), rows(4, 4, 6, 8)
    mask = np.arange(6) < np.array([[6], [3], [1], [0]])
    result = functional.hidden(tensor(student), tensor(teacher), torch.tensor(mask))
    assert_same(result, numpy_hidden(student, teacher, mask))


@pytest.mark.parametrize("temperature", [1.0, 2.0, 8.0])
def test_soft_targets_are_zero_where_student_equals_teacher(temperature):
    logits = tensor(rows(5, 9, 4), requires_grad=True)
    total, _ = functional.soft(logits, logits.detach().clone(), temperature)
    total.backward()
    assert total.item() == 0
    assert logits.grad.abs().max() < 1e-5


def test_hidden_states_are_zero_where_student_equals_teacher():
    states = tensor(rows(6, 2, 3, 4))
    assert functional.hidden(states, states.clone(), torch.ones(2, 3))[0].item() == 0


def gradient_size(temperature):
    student = tensor(rows(7, 64, 5, scale=1.0), requires_grad=True)
    functional.soft(student, tensor(rows(8, 64, 5, scale=1.0)), temperature)[0].backward()
    return student.grad.norm().item()


def test_the_soft_gradient_keeps_its_size_at_any_temperature_and_would_not_without_the_square():
    at_one = gradient_size(1.0)
    for temperature in (2.0, 8.0):
        size = gradient_size(temperature)
        assert 0.5 < size / at_one < 2
        assert size / temperature**2 < at_one / 2


def test_soft_targets_become_half_the_squared_distance_of_centred_logits_at_high_temperature():
    student, teacher = rows(9, 5, 4, scale=1.0), rows(10, 5, 4, scale=1.0)
    gap = student - teacher
    expected = 0.5 * (gap - gap.mean(axis=-1, keepdims=True)).__pow__(2).sum() / 4
    total, _ = functional.soft(tensor(student), tensor(teacher), 50.0)
    assert total.item() == pytest.approx(expected, rel=0.05)


def test_padding_counts_in_nothing_whatever_it_holds():
    student, teacher = tensor(rows(11, 2, 5, 4)), tensor(rows(12, 2, 5, 4))
    mask = torch.tensor([[1, 1, 1, 0, 0], [1, 0, 0, 0, 0]])
    cut, _ = functional.hidden(student[:, :3], teacher[:, :3], mask[:, :3])
    student[mask == 0], teacher[mask == 0] = float("inf"), 1e9
    student.requires_grad_()
    total, count = functional.hidden(student, teacher, mask)
    total.backward()
    assert (total.item(), count.item()) == (pytest.approx(cut.item()), 4)
    assert (student.grad[mask == 0] == 0).all()


def test_the_teacher_gets_no_gradient():
    logits, states = tensor(rows(13, 3, 4), requires_grad=True), tensor(rows(14, 1, 3, 4), requires_grad=True)
    mine, hidden = tensor(rows(15, 3, 4), requires_grad=True), tensor(rows(16, 1, 3, 4), requires_grad=True)
    (functional.soft(mine, logits, 2.0)[0] + functional.hidden(hidden, states, torch.ones(1, 3))[0]).backward()
    assert logits.grad is None
    assert states.grad is None
    assert mine.grad.norm() > 0
    assert hidden.grad.norm() > 0


@pytest.mark.filterwarnings("ignore:Anomaly Detection has been enabled")
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32])
def test_extreme_logits_stay_finite(dtype):
    wild = torch.tensor([[1e4, -1e4], [-1e4, 1e4], [1e4, 1e4], [0.0, 1e4]]).to(dtype)
    student = wild.clone().requires_grad_()
    with torch.autograd.detect_anomaly(check_nan=True):
        hard, _ = functional.hard(student, torch.tensor([1, 0, 1, 0]))
        soft, _ = functional.soft(student, wild.flip(0), 1.0)
        hidden, _ = functional.hidden(student[None], wild.flip(0)[None], torch.ones(1, 4))
        for total in (hard, soft, hidden):
            (gradient,) = torch.autograd.grad(total, student, retain_graph=True)
            assert total.dtype == torch.float32
            assert total.isfinite()
            assert gradient.isfinite().all()


def test_half_precision_inputs_are_summed_in_full_precision():
    logits = tensor(rows(17, 5000, 3)).bfloat16()
    labels = torch.zeros(5000, dtype=torch.long)
    half, count = functional.soft(logits, logits.flip(0), 1.0)
    full, _ = functional.soft(logits.float(), logits.flip(0).float(), 1.0)
    assert half.item() == full.item()
    assert count.item() == 5000
    assert functional.hard(logits, labels)[0].item() == functional.hard(logits.float(), labels)[0].item()


def assert_zero_with_a_graph(result, leaf):
    total, count = result
    (gradient,) = torch.autograd.grad(total, leaf)
    assert (total.item(), count.item()) == (0, 0)
    assert (gradient == 0).all()


@pytest.mark.parametrize("batch", [0, 3])
def test_a_batch_with_nothing_to_score_gives_zero_with_a_graph(batch):
    logits, states = torch.randn(batch, 4, requires_grad=True), torch.randn(batch, 2, 4, requires_grad=True)
    assert_zero_with_a_graph(functional.hard(logits, torch.full((batch,), IGNORE)), logits)
    assert_zero_with_a_graph(functional.hidden(states, states + 1, torch.zeros(batch, 2)), states)
    assert_zero_with_a_graph(functional.soft(logits[:0], logits[:0] + 1, 2.0), logits)


def test_shapes_that_would_be_broadcast_are_refused():
    with pytest.raises(ValueError, match=r"student \[3, 4\] and teacher \[1, 4\]"):
        functional.soft(torch.zeros(3, 4), torch.zeros(1, 4), 1.0)
    with pytest.raises(ValueError, match="hidden states"):
        functional.hidden(torch.zeros(2, 3, 4), torch.zeros(2, 3, 1), torch.ones(2, 3))
