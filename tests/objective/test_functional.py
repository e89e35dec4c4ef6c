"""What each loss does beyond its formula: its limits, what it does not see, what it refuses."""

import pytest
import torch
from loss_cases import rows_of as rows
from loss_cases import tensor, value

from distill.objective import losses
from distill.types import IGNORE


def close(number, rel=1e-5, **options):
    return pytest.approx(number, rel=rel, **options)


STUDENT, TEACHER = tensor(rows(1, 7, 5)), tensor(rows(2, 7, 5))
LABELS = torch.tensor([0, 4, IGNORE, 2, IGNORE, 1, 3])

SOFTENED = {
    "soft": losses.soft,
    "reverse_kl": losses.reverse_kl,
    "js": lambda s, t, temperature: losses.js(s, t, temperature, 0.5),
    "skew_kl": lambda s, t, temperature: losses.skew_kl(s, t, temperature, 0.1),
    "skew_reverse_kl": lambda s, t, temperature: losses.skew_reverse_kl(s, t, temperature, 0.1),
    "taid": lambda s, t, temperature: losses.taid(s, t, temperature, 0.7),
    "dkd": lambda s, t, temperature: losses.dkd(s, t, torch.arange(64) % 5, temperature, 1.0, 1.0),
    "standardized": losses.standardized,
    "soft_labels": losses.soft_labels,
}


def gradient_size(loss, temperature):
    student = tensor(rows(7, 64, 5, scale=1.0), requires_grad=True)
    loss(student, tensor(rows(8, 64, 5, scale=1.0)), temperature)[0].backward()
    return student.grad.norm().item()


@pytest.mark.parametrize("name", SOFTENED)
def test_a_softened_gradient_keeps_its_size_at_any_temperature_and_would_not_without_the_square(name):
    at_one = gradient_size(SOFTENED[name], 1.0)
    for temperature in (2.0, 8.0):
        size = gradient_size(SOFTENED[name], temperature)
        assert 0.5 < size / at_one < 2
        assert size / temperature**2 < at_one / 2


def test_a_correlation_keeps_the_size_of_its_gradient_without_a_square():
    at_one = gradient_size(losses.dist, 1.0)
    assert all(0.5 < gradient_size(losses.dist, temperature) / at_one < 2 for temperature in (2.0, 8.0))


def test_soft_targets_become_half_the_squared_distance_of_centred_logits_at_high_temperature():
    student, teacher = rows(9, 5, 4, scale=1.0), rows(10, 5, 4, scale=1.0)
    gap = student - teacher
    expected = 0.5 * (gap - gap.mean(axis=-1, keepdims=True)).__pow__(2).sum() / 4
    assert value(losses.soft(tensor(student), tensor(teacher), 50.0)) == close(expected, rel=0.05)


def test_half_precision_inputs_are_summed_in_full_precision():
    logits = tensor(rows(17, 5000, 3)).bfloat16()
    labels = torch.zeros(5000, dtype=torch.long)
    half, count = losses.soft(logits, logits.flip(0), 1.0)
    assert half.item() == value(losses.soft(logits.float(), logits.flip(0).float(), 1.0))
    assert count.item() == 5000
    assert value(losses.hard(logits, labels)) == value(losses.hard(logits.float(), labels))


def test_class_weights_weigh_rows_but_not_their_number():
    weights = torch.tensor([2.0, 0.0, 1.0, 1.0, 1.0])
    total, count = losses.hard(STUDENT, LABELS, weights)
    each = [value(losses.hard(STUDENT[i : i + 1], LABELS[i : i + 1])) for i in range(7)]
    assert total.item() == close(2 * each[0] + each[1] + each[3] + each[6])
    assert count == 5
    assert value(losses.hard(STUDENT.bfloat16(), LABELS, weights.bfloat16())) == close(total.item(), rel=0.02)


# A target that moves


def test_the_moving_target_goes_from_the_student_to_the_teacher():
    values = [value(losses.taid(STUDENT, TEACHER, 2.0, progress)) for progress in (0.0, 0.3, 0.6, 1.0)]
    assert values == sorted(values)
    assert values[0] == 0
    assert values[-1] == value(losses.soft(STUDENT, TEACHER, 2.0))


def test_no_gradient_flows_through_the_moving_target():
    student = STUDENT.clone().requires_grad_()
    losses.taid(student, TEACHER, 1.0, 0.4)[0].backward()
    target = (0.6 * STUDENT + 0.4 * TEACHER).softmax(dim=-1)
    torch.testing.assert_close(student.grad, STUDENT.softmax(dim=-1) - target)


@pytest.mark.parametrize("bad", [-0.1, 1.1, float("nan")])
def test_a_target_beyond_the_teacher_is_refused(bad):
    with pytest.raises(ValueError, match=rf"^progress must be between 0 and 1, not {bad}$"):
        losses.taid(STUDENT, TEACHER, 1.0, bad)


# Distributions taken apart


def test_the_two_decoupled_parts_make_up_soft_targets():
    for student, teacher, label in zip(STUDENT.split(1), TEACHER.split(1), [0, 4, 1, 2, 3, 1, 3], strict=True):
        left = 1 - (teacher / 2).softmax(dim=-1)[0, label].item()
        parts = losses.dkd(student, teacher, torch.tensor([label]), 2.0, 1.0, left)
        assert value(parts) == close(value(losses.soft(student, teacher, 2.0)), rel=1e-4)


@pytest.mark.parametrize(
    ("loss", "message"),
    [
        (
            lambda s, t: losses.dkd(s, t, torch.tensor([0, 1, 1]), 1.0, 1.0, 8.0),
            "dkd needs three classes or more, not 2: "
            "beside the label there is one other class, which has nothing to be compared with",
        ),
        (
            lambda s, t: losses.dist(s, t, 1.0),
            "dist needs three classes or more, not 2: the correlation of two numbers with two others is 1 or -1",
        ),
        (
            lambda s, t: losses.standardized(s, t, 1.0),
            "standardized needs three classes or more, not 2: standardised, two logits are always 1 and -1",
        ),
    ],
)
def test_two_classes_are_refused_where_they_say_nothing(loss, message):
    with pytest.raises(ValueError, match="three classes") as caught:
        loss(STUDENT[:3, :2], TEACHER[:3, :2])
    assert str(caught.value) == message


def test_correlation_along_columns_needs_a_second_row():
    one = value(losses.dist(STUDENT[:1], TEACHER[:1], 1.0))
    assert one == close(value(losses.dist(STUDENT[:1], TEACHER[:1], 1.0, 1.0, 0.0)))


def test_where_the_teacher_does_not_vary_correlation_says_nothing():
    student = STUDENT.clone().requires_grad_()
    total, count = losses.dist(student, torch.zeros(7, 5), 1.0)
    total.backward()
    assert (total.item(), count.item()) == (0, 7)
    assert (student.grad == 0).all()


def test_a_column_of_probabilities_near_zero_says_nothing():
    buried = torch.cat([STUDENT, tensor(rows(5, 7, 1)) - 30], dim=1)
    assert value(losses.dist(buried, buried.clone(), 1.0)) == pytest.approx(0, abs=1e-5)


def test_standardised_logits_see_neither_scale_nor_shift():
    moved = STUDENT * torch.rand(7, 1).add(0.5) + torch.randn(7, 1)
    assert value(losses.standardized(moved, TEACHER, 2.0)) == close(
        value(losses.standardized(STUDENT, TEACHER, 2.0)), rel=1e-4
    )


# Several labels, and scores


def test_a_row_of_labels_is_averaged_over_those_that_are_known():
    labels = torch.tensor([[1, 0, IGNORE, IGNORE, 1], [IGNORE] * 5])
    total, count = losses.hard_labels(STUDENT[:2], labels)
    known = losses.hard_labels(STUDENT[:1, [0, 1, 4]], torch.tensor([[1, 0, 1]]))
    assert (total.item(), count.item()) == (close(value(known)), 1)


def test_a_bound_lets_go_of_a_student_that_is_ahead_of_the_teacher_by_the_margin():
    gold, teacher = torch.tensor([0.0, 0.0, float("nan")]), torch.tensor([[2.0], [2.0], [2.0]])
    student = torch.tensor([[1.0], [1.8], [1.0]], requires_grad=True)
    total, count = losses.soft_score(student, teacher, gold, bounded=1.0)
    total.backward()
    assert total.item() == close(0.2**2 + 1.0)
    assert count == 3
    torch.testing.assert_close(student.grad, torch.tensor([[0.0], [-0.4], [-2.0]]))
    assert value(losses.soft_score(student, teacher)) == close(1 + 0.2**2 + 1)
    assert value(losses.soft_score(student, teacher, gold, bounded=3.5)) == close(1 + 0.2**2 + 1)


def test_scores_that_are_no_single_number_are_refused():
    with pytest.raises(ValueError, match=r"^a score is one number a row, not logits \[7, 5\] for labels \[7\]$"):
        losses.hard_score(STUDENT, torch.zeros(7))
    with pytest.raises(ValueError, match=r"^a score is one number a row, not \[7, 5\]$"):
        losses.soft_score(STUDENT, TEACHER)
    with pytest.raises(ValueError, match=r"^a bounded soft_score compares with labels, but none were given$"):
        losses.soft_score(STUDENT[:, :1], TEACHER[:, :1], bounded=0.0)
    with pytest.raises(ValueError, match=r"^logits \[7, 5\] and labels \[7\] differ in shape$"):
        losses.hard_labels(STUDENT, torch.zeros(7))


# Shapes


@pytest.mark.parametrize("name", [*SOFTENED, "logit_mse", "dist"])
def test_rows_that_would_be_broadcast_are_refused(name):
    loss = {**SOFTENED, "dist": losses.dist, "logit_mse": lambda s, t, _: losses.logit_mse(s, t)}[name]
    with pytest.raises(ValueError, match=r"^logits of student \[64, 5\] and teacher \[1, 5\] differ in shape$"):
        loss(torch.zeros(64, 5), torch.zeros(1, 5), 1.0)


def test_soft_targets_work_with_two_classes():
    student = STUDENT[:, :2].clone().requires_grad_()
    total, count = losses.soft(student, TEACHER[:, :2], 2.0)
    total.backward()
    assert total > 0
    assert count == 7
    assert student.grad.norm() > 0


def test_logits_that_no_answer_can_have_do_not_count_in_the_mean_of_squares():
    """A window is filled up with tokens that are none of the context, at the lowest number there is."""
    real = losses.logit_mse(STUDENT, TEACHER)
    floor = torch.full((7, 9), losses.common.LOG_ZERO)
    filled = losses.logit_mse(torch.cat([STUDENT, floor], dim=1), torch.cat([TEACHER, floor], dim=1))
    assert value(filled) == close(value(real))
