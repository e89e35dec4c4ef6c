"""Shares: each term gets its part of the gradient, measured, bounded, and resumed bit for bit."""

import math

import pytest
import torch
from torch import nn

from distill.objective import GradientBalancer, Objective
from distill.objective.gradients import gradient_norm
from distill.objective.terms.divergences import Soft
from distill.objective.terms.gold import Hard
from distill.objective.terms.scores import LogitMse
from distill.types import Outputs

SHARES = {"soft": 60, "logit_mse": 30, "hard": 10}


def setup(**options):
    torch.manual_seed(0)
    model = nn.Linear(6, 4)
    terms = {"soft": Soft(2.0), "logit_mse": LogitMse(), "hard": Hard()}
    return model, Objective(terms, GradientBalancer(SHARES, **options))


def batch(step):
    generator = torch.Generator().manual_seed(step)
    logits = 30 * torch.randn(16, 4, generator=generator)
    return torch.randn(16, 6, generator=generator), Outputs(logits), torch.randint(0, 4, (16,), generator=generator)


def train(model, objective, steps):
    """As a training loop would; the sum of what was seen, and the gradient of each term at the end."""
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    losses = []
    for step in steps:
        objective.at(step, 100)
        inputs, teacher, labels = batch(step)
        student = Outputs(model(inputs))
        if objective.shares.due(step):
            objective.shares.measure(objective.values(student, teacher, labels), model.parameters())
        report = objective(student, teacher, labels)
        optimizer.zero_grad()
        report.total.backward()
        optimizer.step()
        losses.append(report.total.item())
    return losses


def pulls(model, objective, step):
    """weight · gradient norm of each term on a batch."""
    inputs, teacher, labels = batch(step)
    values = objective.values(Outputs(model(inputs)), teacher, labels)
    weights = objective.weights
    return {name: float(weights[name] * gradient_norm(values[name], list(model.parameters()))) for name in values}


def test_before_the_first_measurement_the_weights_are_the_shares():
    _, objective = setup()
    weights = {name: weight.item() for name, weight in objective.weights.items()}
    assert weights == pytest.approx({"soft": 0.6, "logit_mse": 0.3, "hard": 0.1})
    assert objective.shares.measured() == {"soft": 0, "logit_mse": 0, "hard": 0}


def test_after_a_measurement_each_term_pulls_with_its_share():
    model, objective = setup()
    untamed = pulls(model, objective, 0)
    assert untamed["logit_mse"] > 20 * untamed["hard"] * 3
    inputs, teacher, labels = batch(0)
    objective.shares.measure(objective.values(Outputs(model(inputs)), teacher, labels), model.parameters())
    found = pulls(model, objective, 0)
    total = sum(found.values())
    assert {name: pull / total for name, pull in found.items()} == pytest.approx(
        {"soft": 0.6, "logit_mse": 0.3, "hard": 0.1}, rel=1e-4
    )
    measured = objective.shares.measured()
    assert measured == pytest.approx({name: pull / sum(untamed.values()) for name, pull in untamed.items()}, rel=1e-4)


def test_measuring_leaves_gradients_and_graph_alone():
    model, objective = setup()
    inputs, teacher, labels = batch(0)
    values = objective.values(Outputs(model(inputs)), teacher, labels)
    objective.shares.measure(values, model.parameters())
    assert all(parameter.grad is None for parameter in model.parameters())
    sum(values.values()).backward()
    assert model.weight.grad.norm() > 0


def test_equal_norms_give_the_shares_as_weights_whatever_their_size():
    shares = GradientBalancer({"a": 3.0, "b": 1.0})
    shares.update(torch.tensor([1e-3, 1e-3]))
    assert [weight.item() for weight in shares.weights().values()] == pytest.approx([0.75, 0.25])


def test_norms_are_smoothed():
    shares = GradientBalancer({"a": 1.0, "b": 1.0}, smoothing=0.75)
    shares.update(torch.tensor([1.0, 1.0]))
    shares.update(torch.tensor([5.0, 1.0]))
    torch.testing.assert_close(shares.norms, torch.tensor([2.0, 1.0]))


def test_a_weight_keeps_within_its_bound():
    shares = GradientBalancer({"a": 1.0, "b": 1.0}, bound=10.0)
    shares.update(torch.tensor([1e-6, 1e6]))
    assert [weight.item() for weight in shares.weights().values()] == pytest.approx([5.0, 0.05])


@pytest.mark.parametrize("bad", [0.0, math.nan, math.inf])
def test_a_norm_that_says_nothing_leaves_the_last_one(bad):
    shares = GradientBalancer({"a": 1.0, "b": 1.0}, smoothing=0.0)
    shares.update(torch.tensor([bad, 4.0]))
    assert [weight.item() for weight in shares.weights().values()] == pytest.approx([0.5, 0.5])
    shares.update(torch.tensor([1.0, 4.0]))
    shares.update(torch.tensor([bad, 4.0]))
    torch.testing.assert_close(shares.norms, torch.tensor([1.0, 4.0]))
    assert shares.measured() == {"a": 0.0, "b": 1.0}


def test_norms_are_averaged_over_processes_by_the_caller():
    model, objective = setup()
    inputs, teacher, labels = batch(0)
    values = objective.values(Outputs(model(inputs)), teacher, labels)
    objective.shares.measure(values, model.parameters(), average=lambda norms: (norms + 3 * norms) / 2)
    alone = torch.stack([gradient_norm(values[name], list(model.parameters())) for name in SHARES])
    torch.testing.assert_close(objective.shares.norms, 2 * alone)


def test_it_is_measured_at_every_so_many_steps():
    assert [step for step in range(10) if GradientBalancer({"a": 1.0}, every=4).due(step)] == [0, 4, 8]


def test_a_resumed_run_goes_on_bit_for_bit():
    model, objective = setup(every=3)
    whole = train(model, objective, range(12))
    first, halfway = setup(every=3)
    begun = train(first, halfway, range(7))
    second, resumed = setup(every=3)
    second.load_state_dict(first.state_dict())
    resumed.load_state_dict(halfway.state_dict())
    assert begun + train(second, resumed, range(7, 12)) == whole
    assert torch.equal(second.weight, model.weight)
    assert resumed.shares.measured() == objective.shares.measured()
    assert set(halfway.state_dict()) == {"shares.norms", "shares.last"}


def test_an_objective_and_its_shares_name_the_same_terms():
    with pytest.raises(ValueError, match=r"^terms \['hard'\] and weights \['soft'\] have different names$"):
        Objective({"hard": Hard()}, GradientBalancer({"soft": 1.0}))


@pytest.mark.parametrize(
    ("shares", "options", "message"),
    [
        ({}, {}, "shares need a term"),
        ({"a": 0.0}, {}, "the share of a must be above 0 and finite, not 0.0; leave the term out instead"),
        ({"a": math.nan}, {}, "the share of a must be above 0 and finite, not nan; leave the term out instead"),
        ({"a": 1.0}, {"every": 0}, "shares are measured every step or more rarely, not every 0"),
        ({"a": 1.0}, {"smoothing": 1.0}, "smoothing must be from 0 to below 1, not 1.0"),
        ({"a": 1.0}, {"bound": 1.0}, "the bound of the weights must be above 1 and finite, not 1.0"),
    ],
)
def test_shares_that_could_not_be_kept_are_refused(shares, options, message):
    with pytest.raises(ValueError, match=r".") as caught:
        GradientBalancer(shares, **options)
    assert str(caught.value) == message


def test_a_gradient_norm_is_that_over_all_parameters_and_0_where_none_is_reached():
    first, second, unused = (torch.ones(3, requires_grad=True) for _ in range(3))
    value = 2 * first.sum() + second.sum()
    assert gradient_norm(value, [first, second, unused]).item() == pytest.approx(math.sqrt(3 * 4 + 3))
    assert gradient_norm(value, [unused]).item() == 0
    assert gradient_norm(value, []).item() == 0
    assert gradient_norm(value.detach(), [first]).item() == 0


def test_the_usual_measurements_hold_the_shares_over_a_whole_training():
    torch.manual_seed(0)
    teacher = nn.Linear(20, 4)
    teacher.weight.data *= 6
    shared, head = nn.Sequential(nn.Linear(20, 32), nn.ReLU()), nn.Linear(32, 4)
    trained = [*shared.parameters(), *head.parameters()]
    shares = {"soft": 0.6, "logit_mse": 0.3, "hard": 0.1}
    objective = Objective({"soft": Soft(2.0), "logit_mse": LogitMse(), "hard": Hard()}, GradientBalancer(shares))
    optimizer, steps, pulled = torch.optim.AdamW(trained, lr=3e-3), 1500, []
    for step in range(steps):
        optimizer.param_groups[0]["lr"] = 3e-3 * (1 - step / steps)
        inputs = torch.randn(32, 20)
        with torch.no_grad():
            logits = teacher(inputs)
        objective.at(step, steps)
        values = objective.values(Outputs(head(shared(inputs))), Outputs(logits), logits.argmax(-1))
        if objective.shares.due(step):
            objective.shares.measure(values, trained)
        if step >= steps - 300:
            pull = [float(weight * gradient_norm(values[name], trained)) for name, weight in objective.weights.items()]
            pulled.append([each / sum(pull) for each in pull])
        optimizer.zero_grad()
        objective.weighed(values).total.backward()
        optimizer.step()
    assert torch.tensor(pulled).mean(0).tolist() == pytest.approx(list(shares.values()), abs=0.06)
