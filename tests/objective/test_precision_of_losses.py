"""Doubles are computed with as doubles, to their own rounding, and halves in float32, by every loss and every term."""

from dataclasses import fields, replace

import numpy as np
import pytest
import torch
from loss_cases import CASES, outputs

from distill.objective import GradientBalancer, Objective, make_term
from distill.objective.specs import TERM_SPECS
from distill.types import Outputs

every = pytest.mark.parametrize("case", [pytest.param(case, id=name) for name, case in CASES.items()])
OFFERED = {
    "temperature": 2.0, "student_width": 6, "teacher_width": 8, "teacher_heads": 2, "projected_widths": (6, 8),
    "heads": None, "causal": False,
}  # fmt: skip
LABELS = {
    "class": torch.tensor([0, 2, 1, 2]), "labels": torch.eye(4, 3), "score": torch.tensor([0.5, -1.0, 2.0, 0.0]),
}  # fmt: skip


@every
def test_a_loss_of_doubles_is_what_its_formula_says_to_their_own_rounding(case):
    total, count = case.loss(*case.tensors(dtype=torch.float64))
    expected = case.twin(*case.arrays())
    assert total.dtype == count.dtype == torch.float64
    assert total.item() == pytest.approx(expected[0], rel=1e-13)
    assert count.item() == expected[1]


@pytest.mark.parametrize("case", [pytest.param(case, id=name) for name, case in CASES.items() if name != "taid"])
def test_the_gradient_of_doubles_is_the_slope_of_the_formula_and_comes_in_doubles(case):
    mine, theirs, third = case.arrays()
    student, teacher, other = case.tensors(dtype=torch.float64)
    (gradient,) = torch.autograd.grad(case.loss(student.requires_grad_(), teacher, other)[0], student)
    way = np.random.default_rng(9).normal(size=mine.shape)
    up, down = (case.twin(mine + sign * 1e-6 * way, theirs, third)[0] for sign in (1, -1))
    assert gradient.dtype == torch.float64
    # What a difference over 2e-6 can tell: a float32 gradient is 50 times further off.
    assert (gradient * torch.tensor(way)).sum().item() == pytest.approx((up - down) / 2e-6, rel=1e-6, abs=1e-9)


@every
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=str)
def test_a_loss_of_halves_is_computed_in_float32(case, dtype):
    mine, theirs, third = case.tensors(dtype=dtype)
    total, count = case.loss(mine, theirs, third)
    assert total.dtype == count.dtype == torch.float32
    assert total.item() == case.loss(mine.float(), theirs.float(), third)[0].item()


@every
def test_where_one_of_both_is_double_the_loss_is(case):
    mine, theirs, third = case.tensors(dtype=torch.float64)
    for student, teacher in ((mine, theirs.float()), (mine.float(), theirs)):
        assert case.loss(student, teacher, third)[0].dtype == torch.float64 or not case.compares


def said(answer: Outputs, dtype: torch.dtype) -> Outputs:
    """The same outputs in another precision."""

    def cast(value):
        if isinstance(value, tuple):
            return tuple(map(cast, value))
        return value.to(dtype) if isinstance(value, torch.Tensor) and value.is_floating_point() else value

    return replace(answer, **{field.name: cast(getattr(answer, field.name)) for field in fields(answer)})


def made(kind):
    """An objective of all terms of a kind of rows, and what student and teacher say."""
    torch.manual_seed(0)
    specs = {name: spec for name, spec in TERM_SPECS.items() if kind in spec.kinds}
    pairs = {name: [(0, 0), (1, 1)] if spec.reads == "states" else [(0, 0)] for name, spec in specs.items()}
    terms = {
        name: make_term(spec.implemented_by(kind), {**OFFERED, "pairs": pairs[name]}) for name, spec in specs.items()
    }
    width = 1 if kind == "score" else 3
    student, teacher = outputs(1, 6, classes=width), outputs(2, 8, classes=width)
    return Objective(terms, dict.fromkeys(terms, 0.5)), student, teacher


@pytest.mark.parametrize("kind", LABELS)
def test_every_term_of_an_objective_keeps_doubles_and_gives_them_to_student_and_projections(kind):
    objective, student, teacher = made(kind)
    rough = objective(student, teacher, LABELS[kind]).parts
    student, teacher = said(student, torch.float64), said(teacher, torch.float64)
    learnt = [student.logits, *student.hidden, *student.attentions, *(each for qkv in student.qkv for each in qkv)]
    learnt = [*(each.requires_grad_() for each in learnt), *objective.double().parameters()]
    for name, value in objective.values(student, teacher, LABELS[kind]).items():
        assert value.dtype == torch.float64, name
        assert value.item() == pytest.approx(rough[name].item(), rel=1e-4), name
        gradients = torch.autograd.grad(value, learnt, allow_unused=True)
        assert {each.dtype for each in gradients if each is not None} == {torch.float64}, name
    assert objective(student, teacher, LABELS[kind]).total.dtype == torch.float64


@pytest.mark.parametrize("kind", LABELS)
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=str)
def test_every_term_of_an_objective_takes_halves_up_to_float32(kind, dtype):
    objective, *both = made(kind)
    with torch.autocast("cpu", dtype=dtype):
        report = objective(*(said(each, dtype) for each in both), LABELS[kind])
    assert {value.dtype for value in (report.total, *report.parts.values())} == {torch.float32}


def test_shares_are_measured_in_doubles_where_the_objective_is_in_doubles():
    shares = GradientBalancer({"one": 1.0, "two": 3.0}).double()
    weight = torch.tensor([1.0, 2.0], dtype=torch.float64, requires_grad=True)
    shares.measure({"one": weight.sum() / 3, "two": weight.square().sum()}, [weight])
    assert shares.norms.dtype == torch.float64
    assert shares.norms.tolist() == pytest.approx([2**0.5 / 3, 20**0.5], rel=1e-15)
