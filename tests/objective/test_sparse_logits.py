"""Logits of which some were kept hold for one temperature; a term that softens otherwise refuses them."""

import pytest
import torch

from distill.objective import Objective, Schedule, make_term
from distill.objective.specs import TERM_SPECS
from distill.types import Outputs, SparseLogits

LABELS = torch.tensor([0, 2, 1, 4])
NAMES = [name for name, spec in TERM_SPECS.items() if spec.reads == "logits" or spec.reads_by]
WHOLE = [name for name in NAMES if TERM_SPECS[name].all_logits or TERM_SPECS[name].reads_by]
KEPT = [name for name in NAMES if name not in WHOLE]


def term(name, temperature=2.0):
    spec = TERM_SPECS[name]
    by = {spec.reads_by: "logits"} if spec.reads_by else {}
    return make_term(spec.implemented_by("class"), {"temperature": temperature, **by})


def student():
    return Outputs(torch.randn(4, 6, generator=torch.Generator().manual_seed(0), requires_grad=True))


def kept(temperature, k=6):
    logits = torch.randn(4, 6, generator=torch.Generator().manual_seed(1))
    values, indices = logits.topk(k)
    others = logits.scatter(1, indices, -torch.inf)
    sparse = SparseLogits(values, indices, (others / temperature).logsumexp(dim=1), temperature)
    return Outputs(values, sparse=sparse), Outputs(logits)


def test_some_terms_take_them_and_some_do_not():
    assert KEPT == ["soft", "reverse_kl", "js", "skew_kl", "skew_reverse_kl"]
    assert WHOLE == ["taid", "dkd", "dist", "standardized", "logit_mse", "rkd_distance", "rkd_angle"]


@pytest.mark.parametrize("name", KEPT)
def test_all_kept_is_as_if_nothing_was_left_out(name):
    sparse, whole = kept(2.0)
    total, count = term(name)(student(), sparse, LABELS)
    expected, number = term(name)(student(), whole, LABELS)
    assert total.item() == pytest.approx(expected.item(), rel=1e-5)
    assert count == number


@pytest.mark.parametrize("name", KEPT)
def test_some_kept_give_less_and_a_gradient(name):
    answer = student()
    total, _ = term(name)(answer, kept(2.0, k=3)[0], LABELS)
    (gradient,) = torch.autograd.grad(total, answer.logits)
    assert 0 < total.item() <= term(name)(student(), kept(2.0)[1], LABELS)[0].item() + 1e-5
    assert gradient.norm() > 0


@pytest.mark.parametrize("name", KEPT)
@pytest.mark.parametrize("temperature", [1.0, 1.9999, 4.0])
def test_another_temperature_is_refused(name, temperature):
    refusal = f"^kept logits of the teacher hold for the temperature 2.0, but are softened by {temperature}$"
    with pytest.raises(ValueError, match=refusal):
        term(name, temperature)(student(), kept(2.0)[0], LABELS)


@pytest.mark.parametrize("name", KEPT)
def test_a_temperature_that_moves_away_is_refused_when_it_does(name):
    moving = Objective({name: term(name)}, {name: 1.0}, {name: {"temperature": Schedule("linear", 2.0, 1.0)}})
    assert moving(student(), kept(2.0)[0], LABELS).total > 0
    moving.at(5, 10)
    with pytest.raises(ValueError, match=r"hold for the temperature 2\.0, but are softened by"):
        moving(student(), kept(2.0)[0], LABELS)


@pytest.mark.parametrize("name", WHOLE)
def test_a_term_that_needs_all_logits_refuses_them_at_any_temperature(name):
    for temperature in (1.0, 2.0):
        with pytest.raises(ValueError, match=r"but only the largest were kept$"):
            term(name, temperature)(student(), kept(temperature, k=3)[0], LABELS)
