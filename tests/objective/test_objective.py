"""The objective: the same value however the batch is split, and no term that never counts."""

import pytest
import torch
from torch import nn

from distill.objective import Objective, inactive_terms
from distill.objective.terms.decoupled import Dist
from distill.objective.terms.divergences import Soft
from distill.objective.terms.examples import RkdAngle, RkdDistance
from distill.objective.terms.gold import Hard
from distill.objective.terms.states import Cka, Hidden, Pkd
from distill.training.step_gather import Step, detached
from distill.types import IGNORE, Outputs

WEIGHTS = {"hard": 0.3, "soft": 0.7, "hidden": 2.0}


class Student(nn.Module):
    """Embeds tokens, averages those that are no padding, and classifies."""

    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(50, 6)
        self.head = nn.Linear(6, 3)

    def forward(self, tokens):
        mask = tokens != 0
        states = self.embed(tokens)
        pooled = (states * mask.unsqueeze(-1)).sum(dim=1) / mask.sum(dim=1, keepdim=True).clamp(min=1)
        return Outputs(self.head(pooled), (states,), mask)


@pytest.fixture
def parts():
    torch.manual_seed(0)
    objective = Objective({"hard": Hard(), "soft": Soft(2.0), "hidden": Hidden([(0, 0)], 6, 8)}, WEIGHTS)
    lengths = torch.randint(1, 10, (32, 1))
    tokens = torch.randint(1, 50, (32, 10)).masked_fill(torch.arange(10) >= lengths, 0)
    labels = torch.randint(0, 3, (32,)).masked_fill(torch.rand(32) < 0.3, IGNORE)
    return Student(), objective, tokens, labels, torch.randn(32, 3), torch.randn(32, 10, 8)


def score(parts, rows, totals=None, step_views=None):
    student, objective, tokens, labels, logits, states = parts
    return objective(student(tokens[rows]), Outputs(logits[rows], (states[rows],)), labels[rows], totals, step_views)


def gradients(parts):
    modules = nn.ModuleList(parts[:2])
    found = {name: parameter.grad.clone() for name, parameter in modules.named_parameters()}
    modules.zero_grad()
    return found


COMPARING = {
    "dist": Dist(2.0), "cka": Cka([(0, 0)]), "distance": RkdDistance(limit=20), "angle": RkdAngle(limit=9),
}  # fmt: skip
"""What is defined on the batch as a whole."""


def brought(parts, rows):
    """What a part of the batch brings to the terms that compare all its examples."""
    student, objective, tokens, _, logits, states = parts
    return objective.batch_features(student(tokens[rows]), Outputs(logits[rows], (states[rows],)))


@pytest.mark.parametrize("sizes", [[16] * 2, [8] * 4, [1] * 32, [20, 9, 3], [31, 1], [30, 0, 2]], ids=str)
def test_what_compares_examples_has_the_value_of_the_whole_batch_in_every_part_and_gradients_add_up(parts, sizes):
    student, _, *rest, states = parts
    states = states.round(decimals=0)  # as coarse as half precision: first numbers that many states have in common
    states[7, :, :] = states[3, :, :]
    parts = student, Objective(COMPARING, dict.fromkeys(COMPARING, 0.5)), *rest, states
    order = torch.randperm(32)
    whole = score(parts, order)
    whole.total.backward()
    expected = gradients(parts)
    cut = order.split(sizes)
    together = Step(COMPARING, [detached(brought(parts, rows)) for rows in cut], world=1, rank=0)
    for place, rows in enumerate(cut):
        found = score(parts, rows, step_views=together.view(brought(parts, rows), place))
        torch.testing.assert_close(found.parts, whole.parts, rtol=1e-4, atol=1e-6)
        (found.total / len(sizes)).backward()
    torch.testing.assert_close(gradients(parts), expected, rtol=1e-3, atol=1e-6)
    alone = {name: score(parts, cut[-1]).parts[name] - whole.parts[name] for name in COMPARING}
    assert all(abs(gap) > 1e-3 for gap in alone.values()), "a part by itself has another value"


def test_parts_are_compared_in_full_precision_whatever_is_around_them():
    """The means of parts differ, so that bringing them together multiplies matrices, too."""
    term = Cka([(0, 0)])
    states = [torch.randn(4, 10, 6) + 3 * place for place in (-1, 1)]
    taught = [torch.randn(4, 10, 8) - 2 * place for place in (-1, 1)]
    mask = torch.ones(4, 10, dtype=torch.bool)

    def value():
        said = [Outputs(torch.zeros(4, 3), (each,), mask) for each in states]
        parts = [term.features(mine, Outputs(mine.logits, (its,))) for mine, its in zip(said, taught, strict=True)]
        return term.loss(parts[0], term.merge(parts)).item()

    outside = value()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert value() == outside


def averaged(parts, sizes):
    """What accumulation and DDP do: the mean of the parts' losses, values and gradients."""
    _, _, tokens, labels, *_ = parts
    counts = {"labels": (labels != IGNORE).sum(), "rows": len(labels), "tokens": (tokens != 0).sum()}
    totals = {name: torch.as_tensor(count) for name, count in {**counts, "parts": len(sizes)}.items()}
    reports = [score(parts, rows, totals) for rows in torch.arange(32).split(sizes)]
    mean = torch.stack([report.total for report in reports]).mean()
    mean.backward()
    names = {name: torch.stack([report.parts[name] for report in reports]).mean() for name in WEIGHTS}
    return {"total": mean.detach(), **names}, gradients(parts)


@pytest.mark.parametrize("sizes", [[16] * 2, [8] * 4, [1] * 32, [20, 9, 3], [31, 1]], ids=str)
def test_a_batch_has_the_same_loss_and_gradient_however_it_is_split(parts, sizes):
    whole = score(parts, torch.arange(32))
    whole.total.backward()
    expected = gradients(parts)
    values, found = averaged(parts, sizes)
    torch.testing.assert_close(values, {"total": whole.total.detach(), **whole.parts})
    torch.testing.assert_close(found, expected)


def test_a_mean_of_means_would_not_be_the_same(parts):
    naive = torch.stack([score(parts, rows).total for rows in torch.arange(32).split([20, 9, 3])]).mean()
    assert abs(naive - score(parts, torch.arange(32)).total) > 1e-3


def test_the_total_is_the_weighted_sum_of_its_parts(parts):
    report = score(parts, torch.arange(32))
    assert report.total.item() == pytest.approx(sum(WEIGHTS[name] * report.parts[name].item() for name in WEIGHTS))
    assert report.total.requires_grad
    assert not any(value.requires_grad for value in report.parts.values())


def test_shares_of_the_loss_are_those_of_the_weighted_values_whatever_their_sign():
    objective = Objective({"hard": Hard(), "soft": Soft(2.0)}, {"hard": 2.0, "soft": 0.5})
    shares = objective.loss_shares({"hard": torch.tensor(1.5), "soft": torch.tensor(-2.0)})
    assert {name: float(share) for name, share in shares.items()} == pytest.approx({"hard": 0.75, "soft": 0.25})
    nothing = objective.loss_shares({"hard": torch.tensor(0.0), "soft": torch.tensor(0.0)})
    assert {name: float(share) for name, share in nothing.items()} == {"hard": 0.0, "soft": 0.0}


def test_the_objective_needs_what_its_terms_need_and_holds_what_they_learn(parts):
    objective = parts[1]
    assert objective.needs == {"labels", "teacher_logits", "student_hidden", "teacher_hidden"}
    assert Objective({"hard": Hard()}, {"hard": 1.0}).needs == {"labels"}
    assert set(objective.state_dict()) == {"terms.hidden.projections.0.weight", "terms.hidden.projections.0.bias"}


def test_an_empty_batch_gives_zero_with_a_graph(parts):
    report = score(parts, torch.arange(0))
    report.total.backward()
    assert report.total.item() == 0
    assert all(value.item() == 0 for value in report.parts.values())


def test_hard_labels_alone_need_no_teacher():
    student = Outputs(torch.randn(4, 3, requires_grad=True))
    report = Objective({"hard": Hard()}, {"hard": 0.5})(student, None, torch.tensor([0, 1, 2, 0]))
    expected = nn.functional.cross_entropy(student.logits, torch.tensor([0, 1, 2, 0]))
    assert report.total.item() == pytest.approx(0.5 * expected.item())


@pytest.mark.parametrize(
    ("terms", "weights", "message"),
    [
        ({}, {}, "needs a term"),
        ({"hard": Hard()}, {"hard": 0.0}, "weight of hard must be above 0"),
        ({"hard": Hard()}, {"hard": -1.0}, "weight of hard"),
        ({"hard": Hard()}, {"hard": float("nan")}, "weight of hard"),
        ({"hard": Hard()}, {"soft": 1.0}, "different names"),
    ],
)
def test_an_objective_of_which_a_part_could_never_count_is_refused(terms, weights, message):
    with pytest.raises(ValueError, match=message):
        Objective(terms, weights)


def test_examples_are_counted_once_each_however_a_batch_is_split(parts):
    student, _, tokens, labels, logits, states = parts
    objective = Objective({"pkd": Pkd([(0, 0)], 6, 8)}, {"pkd": 1.0})
    whole = objective(student(tokens), Outputs(logits, (states,)), labels)
    totals = {"examples": torch.tensor(32), "parts": torch.tensor(3)}
    pieces = [
        objective(student(tokens[rows]), Outputs(logits[rows], (states[rows],)), labels[rows], totals).total
        for rows in torch.arange(32).split([20, 9, 3])
    ]
    torch.testing.assert_close(torch.stack(pieces).mean(), whole.total)


def silent(parts, labels=None, teacher=None, parameters=None):
    student, objective, tokens, own, logits, states = parts
    said = student(tokens)
    teacher = teacher(said) if teacher else Outputs(logits, (states,))
    parameters = student.parameters() if parameters is None else parameters
    return inactive_terms(objective, said, teacher, own if labels is None else labels, parameters)


def test_no_term_is_called_silent_where_all_count_and_gradients_are_left_alone(parts):
    assert silent(parts) == {}
    assert all(parameter.grad is None for parameter in parts[0].parameters())


def test_labels_that_are_all_ignored_are_found(parts):
    assert silent(parts, labels=torch.full((32,), IGNORE)) == {"hard": "is exactly 0"}


def test_a_teacher_that_is_the_student_is_found(parts):
    found = silent(parts, teacher=lambda said: Outputs(said.logits.detach(), (torch.randn(32, 10, 8),)))
    assert found == {"soft": "is exactly 0"}


def test_a_term_that_reaches_no_trained_parameter_is_found(parts):
    student = parts[0]
    assert silent(parts, parameters=student.head.parameters()) == {"hidden": "gives no gradient"}
    student.requires_grad_(False)
    assert silent(parts) == dict.fromkeys(WEIGHTS, "gives no gradient")


def test_a_term_that_is_not_finite_is_found(parts):
    found = silent(parts, teacher=lambda said: Outputs(torch.full((32, 3), float("nan")), (torch.randn(32, 10, 8),)))
    assert found == {"soft": "is not finite"}
