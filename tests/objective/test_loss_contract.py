"""What every loss promises, whatever it compares."""

import dataclasses

import numpy as np
import pytest
import torch
from loss_cases import CASES

from distill.objective import losses
from distill.objective.specs import TERM_SPECS
from distill.types import IGNORE

every = pytest.mark.parametrize("case", [pytest.param(case, id=name) for name, case in CASES.items()])


def some(chosen):
    return pytest.mark.parametrize(
        "case", [pytest.param(case, id=name) for name, case in CASES.items() if chosen(name, case)]
    )


def pull(case, student, teacher, third):
    """The value, the count, and the gradient of the student."""
    student = student.clone().requires_grad_()
    total, count = case.loss(student, teacher, third)
    (gradient,) = torch.autograd.grad(total, student)
    return total, count, gradient


@every
@pytest.mark.parametrize("seed", [0, 1])
def test_a_loss_is_what_its_formula_says(case, seed):
    total, count = case.loss(*case.tensors(seed))
    expected = case.twin(*case.arrays(seed))
    assert total.item() == pytest.approx(expected[0], rel=1e-5)
    assert count.item() == expected[1]
    assert total.dtype == count.dtype == torch.float32
    assert total.shape == count.shape == ()


@some(lambda name, _: name != "taid")
def test_its_gradient_is_the_slope_of_its_formula(case):
    mine, theirs, third = case.arrays()
    _, _, gradient = pull(case, *case.tensors())
    way = np.random.default_rng(9).normal(size=mine.shape)
    up, down = (case.twin(mine + sign * 1e-6 * way, theirs, third)[0] for sign in (1, -1))
    assert (gradient.double() * torch.tensor(way)).sum().item() == pytest.approx((up - down) / 2e-6, rel=1e-3, abs=1e-4)


@some(lambda _, case: case.compares)
def test_a_loss_that_compares_is_zero_where_both_are_the_same(case):
    case = dataclasses.replace(case, teacher=case.student)
    mine, _, third = case.tensors()
    total, _, gradient = pull(case, mine, mine.clone(), third)
    assert total.item() == pytest.approx(0, abs=1e-5)
    assert gradient.abs().max() < 1e-3
    assert case.loss(*case.tensors())[0].item() > 1e-3


@every
def test_the_gradient_goes_to_the_student_alone(case):
    mine, theirs, third = case.tensors()
    mine.requires_grad_()
    theirs.requires_grad_()
    case.loss(mine, theirs, third)[0].backward()
    assert theirs.grad is None
    assert mine.grad.norm() > 0


def part(tensors, start, end):
    return [None if tensor is None else tensor[start:end] for tensor in tensors]


@some(lambda _, case: case.split)
@pytest.mark.parametrize("cuts", [(0, 2), (0, 1, 3), (0, 0, 1, 2, 3)], ids=str)
def test_a_sum_does_not_depend_on_how_the_batch_is_split(case, cuts):
    tensors = case.tensors()
    total, count = case.loss(*tensors)
    ends = [*cuts[1:], len(tensors[0])]
    parts = [case.loss(*part(tensors, start, end)) for start, end in zip(cuts, ends, strict=True)]
    assert sum(each.item() for each, _ in parts) == pytest.approx(total.item(), rel=1e-5)
    assert sum(number.item() for _, number in parts) == count.item()


@some(lambda _, case: not case.split)
def test_a_loss_that_is_defined_on_a_batch_heeds_no_order_in_it_and_gives_other_values_for_its_parts(case):
    tensors = case.tensors()
    total, count = case.loss(*tensors)
    turned, again = case.loss(*[None if tensor is None else tensor.flip(0) for tensor in tensors])
    assert turned.item() == pytest.approx(total.item(), rel=1e-4)
    halves = [case.loss(*part(tensors, start, end)) for start, end in ((0, 3), (3, len(tensors[0])))]
    assert again.item() == sum(number.item() for _, number in halves) == count.item()
    assert abs(sum(each.item() for each, _ in halves) - total.item()) > 0.01 * total.item()


@every
def test_a_batch_of_nothing_gives_zero_with_a_graph(case):
    total, count, gradient = pull(case, *part(case.tensors(), 0, 0))
    assert (total.item(), count.item(), gradient.numel()) == (0, 0, 0)


@some(lambda _, case: case.third in {"labels", "many", "mask"} or not case.compares)
def test_a_batch_of_which_nothing_is_scored_gives_zero_with_a_graph(case):
    mine, theirs, third = case.tensors()
    nothing = {torch.bool: False, torch.float64: float("nan"), torch.int64: IGNORE}[third.dtype]
    total, count, gradient = pull(case, mine, theirs, torch.full_like(third, nothing))
    assert (total.item(), count.item()) == (0, 0)
    assert (gradient == 0).all()


def unread(case, third):
    """Where what a model says is padding or has no label, in the shape of what it says."""
    if case.third == "mask" and len(case.student) == 4:
        return ~(third[:, None, :, None] & third[:, None, None, :])
    off = ~third if case.third == "mask" else third.isnan() if case.third == "scores" else third == IGNORE
    return off if case.third == "many" else off.unsqueeze(-1)


@some(lambda _, case: case.third in {"labels", "many", "mask"} or not case.compares)
@pytest.mark.filterwarnings("ignore:Anomaly Detection has been enabled")
def test_what_is_not_read_reaches_neither_value_nor_gradient(case):
    mine, theirs, third = case.tensors()
    off = unread(case, third)
    clean = pull(case, mine.masked_fill(off, 0), theirs.masked_fill(off, 0), third)
    for poison in (float("nan"), float("inf"), -float("inf"), 1e30):
        with torch.autograd.detect_anomaly():
            dirty = pull(case, mine.masked_fill(off, poison), theirs.masked_fill(off, poison), third)
        assert dirty[0].item() == pytest.approx(clean[0].item(), rel=1e-5)
        torch.testing.assert_close(dirty[2], clean[2])
        assert (dirty[2][off.expand_as(mine)] == 0).all()


@some(lambda _, case: case.third == "mask")
def test_padding_a_batch_further_changes_nothing(case):
    mine, theirs, mask = case.tensors()
    wider = torch.nn.functional.pad
    both = (0, 3, 0, 3) if mine.dim() == 4 else (0, 0, 0, 3)
    longer = case.loss(wider(mine, both, value=7.0), wider(theirs, both, value=-7.0), wider(mask, (0, 3)))
    plain = case.loss(mine, theirs, mask)
    assert longer[0].item() == pytest.approx(plain[0].item(), rel=1e-5)
    assert longer[1].item() == plain[1].item()


@every
@pytest.mark.filterwarnings("ignore:Anomaly Detection has been enabled")
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32], ids=str)
def test_extreme_values_stay_finite(case, dtype):
    mine, theirs, third = case.tensors()
    mine, theirs = (torch.where(x > 0, 1e4, -1e4).to(dtype) for x in (mine, theirs))
    pairs = [(mine, theirs), (mine[:1].expand_as(mine), theirs[:1].expand_as(theirs))]
    if mine.shape == theirs.shape:
        pairs += [(mine, mine), (mine, -mine)]
    for student, teacher in pairs:
        with torch.autograd.detect_anomaly():
            total, _, gradient = pull(case, student, teacher, third)
        assert total.isfinite()
        assert gradient.isfinite().all()
        assert gradient.dtype == dtype


@every
@pytest.mark.filterwarnings("ignore:Anomaly Detection has been enabled")
def test_a_student_that_says_nothing_yet_has_a_finite_gradient(case):
    mine, theirs, third = case.tensors()
    with torch.autograd.detect_anomaly():
        total, _, gradient = pull(case, torch.zeros_like(mine), theirs, third)
    assert total.isfinite()
    assert gradient.isfinite().all()
    assert gradient.abs().max() < 1e6


@every
def test_half_precision_comes_in_and_full_precision_is_computed(case):
    mine, theirs, third = case.tensors(dtype=torch.bfloat16)
    total, _ = case.loss(mine, theirs, third)
    assert total.dtype == torch.float32
    assert total.item() == case.loss(mine.float(), theirs.float(), third)[0].item()


@every
def test_mixed_precision_around_it_changes_nothing(case):
    tensors = case.tensors()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        inside, _ = case.loss(*tensors)
    assert inside.item() == case.loss(*tensors)[0].item()


def test_every_declared_term_has_a_twin():
    covered = {word for name in CASES for word in name.split()}
    assert set(TERM_SPECS) - covered == {"embedding"}, "which is hidden, of one pair"


def test_every_loss_has_a_case():
    covered = {word for name in CASES for word in name.split()}
    assert set(losses.__all__) - covered == {
        "first_tokens", "cka_features", "cka_merge", "cka_loss", "dist_features", "dist_merge", "dist_loss",
    }  # fmt: skip
