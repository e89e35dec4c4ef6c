"""What losses on states, attention and whole batches see, what they do not see, and what they refuse."""

import loss_twins as twins
import numpy as np
import pytest
import torch

from distill.objective import losses


def normal(seed, *shape):
    return torch.tensor(np.random.default_rng(seed).normal(size=shape), dtype=torch.float32)


def rotation(seed, width):
    return torch.linalg.qr(normal(seed, width, width))[0]


MASK = torch.arange(6) < torch.tensor([[6], [3], [1], [5]])
STATES, OTHERS = normal(1, 4, 6, 8), normal(2, 4, 6, 8)


def value(result):
    return result[0].item()


def zero(result):
    return value(result) == pytest.approx(0, abs=1e-4)


# States


def test_cosines_see_no_size():
    assert zero(losses.hidden_cosine(STATES * 3, STATES, MASK))
    assert value(losses.hidden_cosine(-STATES, STATES, MASK)) == pytest.approx(2 * 15)


def test_a_state_of_zeros_has_no_direction_and_no_gradient():
    states = torch.zeros(4, 6, 8, requires_grad=True)
    total, _ = losses.hidden_cosine(states, OTHERS, MASK)
    total.backward()
    assert total.item() == 15
    assert (states.grad == 0).all()


def test_patient_distillation_sees_no_size():
    assert zero(losses.pkd(STATES[:, 0] * 3, STATES[:, 0]))
    assert value(losses.pkd(-STATES[:, 0], STATES[:, 0])) == pytest.approx(4 * 4 / 8)


def test_alignment_sees_no_rotation_scale_or_shift_and_no_width():
    turned = STATES @ rotation(3, 8) * 2 + normal(4, 8)
    assert zero(losses.cka(STATES, turned, MASK))
    assert zero(losses.cka(torch.cat([STATES, torch.zeros(4, 6, 5)], dim=-1), STATES, MASK))
    assert 0.1 < value(losses.cka(STATES, OTHERS, MASK)) / 15 < 1


def test_a_single_token_has_nothing_to_be_aligned_with():
    one = torch.zeros(4, 6, dtype=torch.bool)
    one[2, 0] = True
    states = STATES.clone().requires_grad_()
    total, count = losses.cka(states, OTHERS, one)
    total.backward()
    assert (total.item(), count.item()) == (0, 1)
    assert (states.grad == 0).all()


def test_the_first_token_is_the_first_that_is_no_padding():
    left = MASK.flip(1)
    left[2] = False
    found = losses.first_tokens(STATES, left)
    torch.testing.assert_close(found, STATES[[0, 1, 3], [0, 3, 1]])


def test_states_of_other_shapes_are_refused():
    with pytest.raises(ValueError, match=r"^hidden states of student \[2, 3, 4\] and teacher \[2, 3, 1\] differ"):
        losses.hidden(torch.zeros(2, 3, 4), torch.zeros(2, 3, 1), torch.ones(2, 3))
    with pytest.raises(ValueError, match=r"^hidden states of student \[2, 3, 4\] and teacher \[2, 3, 1\] differ"):
        losses.hidden_cosine(torch.zeros(2, 3, 4), torch.zeros(2, 3, 1), torch.ones(2, 3))
    with pytest.raises(ValueError, match=r"^first tokens of student \[2, 4\] and teacher \[2, 5\] differ in shape$"):
        losses.pkd(torch.zeros(2, 4), torch.zeros(2, 5))
    with pytest.raises(ValueError, match=r"^tokens of student \[2, 3\] and teacher \[2, 1\] differ in shape$"):
        losses.cka(torch.zeros(2, 3, 4), torch.zeros(2, 1, 4), torch.ones(2, 3))


# Attention


def test_heads_are_compared_one_by_one_where_there_are_as_many_and_averaged_where_not():
    scores, three = normal(5, 4, 2, 6, 6), normal(6, 4, 3, 6, 6)
    swapped = scores.flip(1)
    assert value(losses.attention(scores, swapped, MASK)) > 1
    same_mean = torch.stack([scores.mean(dim=1)] * 3, dim=1) + three - three.mean(dim=1, keepdim=True)
    assert zero(losses.attention(scores, same_mean, MASK))


def test_a_causal_loss_does_not_look_at_later_tokens():
    scores, others = normal(5, 4, 2, 6, 6), normal(6, 4, 2, 6, 6)
    later = torch.ones(6, 6, dtype=torch.bool).triu(1)
    hidden = others.masked_fill(later, -torch.inf)
    expected = value(losses.attention(scores, others, MASK, causal=True))
    assert value(losses.attention(scores, hidden, MASK, causal=True)) == expected
    assert value(losses.attention(scores, others, MASK)) != pytest.approx(expected)


@pytest.mark.parametrize("heads", [1, 2, 4])
def test_relations_see_no_rotation_within_a_head(heads):
    width = 8 // heads
    blocks = torch.block_diag(*(rotation(seed, width) for seed in range(heads)))
    assert zero(losses.relations((STATES,) * 3, (STATES @ blocks,) * 3, MASK, heads))


def test_the_number_of_relation_heads_matters_and_not_that_of_the_models():
    student, teacher = (STATES,) * 3, (normal(7, 4, 6, 12),) * 3
    values = [value(losses.relations(student, teacher, MASK, heads)) for heads in (1, 2, 4)]
    assert len({round(number, 3) for number in values}) == 3


def test_queries_keys_and_values_may_have_widths_of_their_own():
    grouped = STATES, STATES[..., :4], STATES[..., 4:]
    assert value(losses.relations(grouped, (OTHERS, OTHERS, OTHERS), MASK, 2)) > 0
    assert zero(losses.relations(grouped, grouped, MASK, 2))


def test_attention_that_does_not_fit_is_refused():
    with pytest.raises(ValueError, match=r"^3 relation heads do not divide the student's width 8$"):
        losses.relations((STATES,) * 3, (STATES,) * 3, MASK, 3)
    with pytest.raises(ValueError, match=r"^4 relation heads do not divide the teacher's width 6$"):
        losses.relations((STATES,) * 3, (STATES[..., :6],) * 3, MASK, 4)
    with pytest.raises(ValueError, match=r"^0 relation heads do not divide the student's width 8$"):
        losses.relations((STATES,) * 3, (STATES,) * 3, MASK, 0)
    with pytest.raises(ValueError, match=r"^tokens of student \[4, 6\] and teacher \[4, 5\] differ in shape$"):
        losses.relations((STATES,) * 3, (STATES[:, :5],) * 3, MASK, 2)
    with pytest.raises(ValueError, match=r"^attention scores of student \[4, 2, 6, 6\] and teacher \[4, 2, 5, 5\] "):
        losses.attention(torch.zeros(4, 2, 6, 6), torch.zeros(4, 2, 5, 5), MASK)


# Between the examples of a batch


POINTS, WIDER = normal(8, 9, 8), normal(9, 9, 12)
LOSSES = {
    "distance": lambda s, t, limit=64: losses.rkd_distance(s, t, limit),
    "angle": lambda s, t, limit=64: losses.rkd_angle(s, t, limit),
}
both = pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)


@both
def test_relations_between_examples_see_no_rotation_scale_or_shift_and_no_width(loss):
    turned = POINTS @ rotation(3, 8) * 5 + normal(4, 8)
    assert zero(loss(POINTS, turned))
    assert zero(loss(torch.cat([POINTS, torch.zeros(9, 3)], dim=1), POINTS))
    assert value(loss(POINTS, WIDER)) > 1e-2


@both
def test_too_few_examples_have_no_relation(loss):
    for number in (0, 1):
        points = POINTS[:number].clone().requires_grad_()
        total, count = loss(points, WIDER[:number])
        total.backward()
        assert (total.item(), count.item()) == (0, number)
        assert (points.grad == 0).all()


def test_two_examples_have_a_distance_but_no_angle():
    points = POINTS[:2].clone().requires_grad_()
    total, count = losses.rkd_angle(points, WIDER[:2], 64)
    total.backward()
    assert (total.item(), count.item()) == (0, 2)


@both
@pytest.mark.filterwarnings("ignore:Anomaly Detection has been enabled")
@pytest.mark.parametrize("apart", [0.0, 1e-7])
def test_examples_that_coincide_do_not_blow_up_the_gradient(loss, apart):
    points = POINTS.clone()
    points[3] = points[4] + apart
    points.requires_grad_()
    with torch.autograd.detect_anomaly():
        loss(points, WIDER)[0].backward()
    assert points.grad.isfinite().all()
    assert 0 < points.grad.abs().max() < 10


def test_the_angles_on_a_line_without_length_count_as_right_ones():
    points = POINTS.clone()
    points[3] = points[4]
    expected, _ = twins.rkd_angle(points.double().numpy(), WIDER.double().numpy())
    assert value(losses.rkd_angle(points, WIDER, 64)) == pytest.approx(expected, rel=1e-5)


@both
def test_of_a_large_batch_the_same_examples_are_looked_at_in_whatever_order_they_come(loss):
    teacher = WIDER.round(decimals=1)
    teacher[:, 0] = 1.0
    points = POINTS.clone().requires_grad_()
    total, count = loss(points, teacher, 5)
    total.backward()
    looked = (points.grad != 0).any(dim=1)
    assert (count, looked.sum()) == (9, 5)
    assert total.item() / 9 == pytest.approx(value(loss(POINTS[looked], teacher[looked])) / 5)
    for turned in (torch.arange(9).flip(0), torch.tensor([4, 8, 1, 0, 7, 3, 2, 6, 5])):
        assert value(loss(POINTS[turned], teacher[turned], 5)) == pytest.approx(total.item())


@both
def test_other_numbers_of_examples_are_refused(loss):
    with pytest.raises(ValueError, match=r"^the student has 9 examples, the teacher 8$"):
        loss(POINTS, WIDER[:8])
