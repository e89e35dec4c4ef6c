"""Divergences from a mixture, and from sparse rows of a teacher."""

import itertools
import math

import loss_twins as twins
import pytest
import torch
from loss_cases import rows_of as rows
from loss_cases import tensor, value

from distill.objective import losses


def close(number, rel=1e-5, **options):
    return pytest.approx(number, rel=rel, **options)


STUDENT, TEACHER = tensor(rows(1, 7, 5)), tensor(rows(2, 7, 5))


# Jensen-Shannon and skewed divergences


def test_jensen_shannon_nears_both_divergences_at_its_ends():
    near_teacher = value(losses.js(STUDENT, TEACHER, 2.0, 1e-3)) / 1e-3
    near_student = value(losses.js(STUDENT, TEACHER, 2.0, 1 - 1e-3)) / 1e-3
    assert near_teacher == close(value(losses.soft(STUDENT, TEACHER, 2.0)), rel=0.02)
    assert near_student == close(value(losses.reverse_kl(STUDENT, TEACHER, 2.0)), rel=0.02)


def test_jensen_shannon_is_symmetric_in_the_middle():
    assert value(losses.js(STUDENT, TEACHER, 2.0, 0.5)) == close(value(losses.js(TEACHER, STUDENT, 2.0, 0.5)))


def test_divergences_from_a_mixture_are_bounded_where_the_two_share_nothing():
    student, teacher = torch.tensor([[1e4, -1e4, 0.0]]), torch.tensor([[-1e4, 1e4, 0.0]])
    assert value(losses.js(student, teacher, 2.0, 0.5)) == close(4 * math.log(2))
    assert value(losses.skew_kl(student, teacher, 2.0, 0.1)) == close(-4 * math.log(0.1))
    assert value(losses.skew_reverse_kl(student, teacher, 2.0, 0.1)) == close(-4 * math.log(0.1))


@pytest.mark.parametrize("bad", [0.0, 1.0, -0.1, 2.0, float("nan")])
def test_a_mixture_of_one_alone_is_refused(bad):
    with pytest.raises(ValueError, match=rf"^beta must lie between 0 and 1, not {bad}$"):
        losses.js(STUDENT, TEACHER, 1.0, bad)
    for loss in (losses.skew_kl, losses.skew_reverse_kl):
        with pytest.raises(ValueError, match=rf"^alpha must lie between 0 and 1, not {bad}$"):
            loss(STUDENT, TEACHER, 1.0, bad)


# Sparse rows of a teacher


SPARSE = {
    "soft": losses.soft,
    "reverse_kl": losses.reverse_kl,
    "js": lambda s, t, temperature, *sparse: losses.js(s, t, temperature, 0.3, *sparse),
    "skew_kl": lambda s, t, temperature, *sparse: losses.skew_kl(s, t, temperature, 0.1, *sparse),
    "skew_reverse_kl": lambda s, t, temperature, *sparse: losses.skew_reverse_kl(s, t, temperature, 0.1, *sparse),
}


def kept(teacher, k, temperature):
    """The k largest logits, their classes, and what is left of the rest."""
    logits, indices = teacher.topk(k)
    rest = (teacher / temperature).scatter(-1, indices, -torch.inf).logsumexp(dim=-1)
    return logits, temperature, indices, rest


@pytest.mark.parametrize("k", [1, 2, 4])
@pytest.mark.parametrize("temperature", [0.5, 1.0, 4.0])
def test_sparse_soft_targets_are_what_their_formula_says(k, temperature):
    teacher = kept(TEACHER, k, temperature)
    expected, _ = twins.sparse_soft(rows(1, 7, 5), rows(2, 7, 5), temperature, teacher[2].numpy())
    total, count = losses.soft(STUDENT, *teacher)
    assert total.item() == close(expected)
    assert count == 7


@pytest.mark.parametrize("name", SPARSE)
@pytest.mark.filterwarnings("ignore:Anomaly Detection has been enabled")
def test_sparse_rows_that_keep_every_class_are_whole_rows(name):
    sparse, dense = STUDENT.clone().requires_grad_(), STUDENT.clone().requires_grad_()
    with torch.autograd.detect_anomaly():
        kept_all = SPARSE[name](sparse, *kept(TEACHER, 5, 2.0))[0]
        kept_all.backward()
    whole = SPARSE[name](dense, TEACHER, 2.0)[0]
    whole.backward()
    assert kept_all.item() == close(whole.item())
    torch.testing.assert_close(sparse.grad, dense.grad)


@pytest.mark.parametrize("name", SPARSE)
def test_the_fewer_classes_are_kept_the_less_is_seen_of_a_difference(name):
    student, teacher = tensor(rows(3, 40, 30)), tensor(rows(4, 40, 30))
    seen = [value(SPARSE[name](student, *kept(teacher, k, 2.0))) for k in (1, 2, 5, 15, 29)]
    whole = value(SPARSE[name](student, teacher, 2.0))
    assert all(fewer <= more * (1 + 1e-6) for fewer, more in itertools.pairwise([*seen, whole]))
    assert seen[0] < 0.9 * whole


def test_sparse_rows_pull_at_every_class_and_at_none_where_both_are_the_same():
    student = STUDENT.clone().requires_grad_()
    losses.soft(student, *kept(TEACHER, 2, 1.0))[0].backward()
    assert (student.grad != 0).all()
    same = TEACHER.clone().requires_grad_()
    total, _ = losses.soft(same, *kept(TEACHER, 2, 1.0))
    total.backward()
    assert total.item() == pytest.approx(0, abs=1e-6)
    assert same.grad.abs().max() < 1e-6


def test_the_order_in_which_classes_are_kept_does_not_matter():
    logits, temperature, indices, rest = kept(TEACHER, 3, 2.0)
    turned = losses.soft(STUDENT, logits.flip(1), temperature, indices.flip(1), rest)
    assert value(turned) == close(value(losses.soft(STUDENT, logits, temperature, indices, rest)))


@pytest.mark.filterwarnings("ignore:Anomaly Detection has been enabled")
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32], ids=str)
@pytest.mark.parametrize("name", SPARSE)
def test_extreme_sparse_rows_stay_finite(name, dtype):
    wild = torch.where(TEACHER > 0, 1e4, -1e4).to(dtype)
    for other in (wild, -wild, wild.flip(0)):
        student = other.clone().requires_grad_()
        with torch.autograd.detect_anomaly():
            total, _ = SPARSE[name](student, *kept(wild, 2, 1.0))
            total.backward()
        assert total.isfinite()
        assert student.grad.isfinite().all()


def test_sparse_rows_send_no_gradient_to_the_teacher_and_may_be_none():
    logits, temperature, indices, rest = kept(TEACHER, 3, 2.0)
    student, logits, rest = (part.clone().requires_grad_() for part in (STUDENT, logits, rest))
    losses.soft(student, logits, temperature, indices, rest)[0].backward()
    assert logits.grad is None
    assert rest.grad is None
    total, count = losses.soft(student[:0], logits[:0], temperature, indices[:0], rest[:0])
    total.backward()
    assert (total.item(), count.item()) == (0, 0)


def test_sparse_rows_that_do_not_fit_are_refused():
    logits, temperature, indices, rest = kept(TEACHER, 3, 2.0)
    with pytest.raises(ValueError, match=r"^sparse rows of a teacher need both indices and rest$"):
        losses.soft(STUDENT, logits, temperature, indices)
    with pytest.raises(ValueError, match=r"^sparse rows of a teacher need both indices and rest$"):
        losses.soft(STUDENT, TEACHER, temperature, rest=rest)
    said = r"^sparse rows do not fit: student \[7, 5\], teacher \[7, 3\], indices \[7, 2\], rest \[7\]$"
    with pytest.raises(ValueError, match=said):
        losses.soft(STUDENT, logits, temperature, indices[:, :2], rest)
    with pytest.raises(ValueError, match=r"^sparse rows do not fit: student \[6, 5\]"):
        losses.soft(STUDENT[:6], logits, temperature, indices, rest)
