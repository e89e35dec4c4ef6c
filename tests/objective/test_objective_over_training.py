"""The objective over training: what is scheduled is what the step says, and nothing else."""

import pytest
import torch
from loss_cases import outputs

from distill.objective import Objective, Schedule
from distill.objective.terms.divergences import Soft, Taid
from distill.objective.terms.gold import Hard
from distill.objective.terms.states import Hidden

LABELS = torch.tensor([0, 1, 2, 1])


def moving():
    weights = {
        "soft": Schedule("two_phase", 0.0, 0.5, share=0.5),
        "hidden": Schedule("two_phase", 2.0, 0.0, share=0.5),
        "hard": 0.1,
    }
    terms = {"hard": Hard(), "soft": Soft(8.0), "hidden": Hidden([(0, 0)], 6, 8)}
    return Objective(terms, weights, {"soft": {"temperature": Schedule("linear", 8.0, 2.0)}})


def test_weights_and_temperatures_are_those_of_the_step():
    objective = moving()
    assert objective.weights == {"soft": 0.0, "hidden": 2.0, "hard": 0.1}
    for step, soft, hidden, temperature in ((0, 0, 2, 8), (2, 0, 2, 6.5), (4, 0.5, 0, 5), (8, 0.5, 0, 2)):
        objective.at(step, 9)
        assert objective.weights == {"soft": soft, "hidden": hidden, "hard": 0.1}
        assert objective.terms["soft"].temperature == temperature


def test_a_step_gives_the_same_whatever_came_before_and_leaves_nothing_to_save():
    first, second = moving(), moving()
    for step in range(9):
        first.at(step, 9)
    first.at(3, 9)
    second.at(3, 9)
    second.load_state_dict(first.state_dict())
    reports = [each(outputs(0, 6), outputs(1, 8), LABELS) for each in (first, second)]
    assert reports[0].total.item() == reports[1].total.item()
    assert set(first.state_dict()) == {"terms.hidden.projections.0.weight", "terms.hidden.projections.0.bias"}


def test_a_term_of_weight_0_keeps_its_place_in_the_graph_so_that_no_parameter_is_left_out():
    objective = moving()
    objective.at(8, 9)
    report = objective(outputs(0, 6), outputs(1, 8), LABELS)
    report.total.backward()
    assert report.parts["hidden"] > 0
    assert all((parameter.grad == 0).all() for parameter in objective.parameters())


def test_a_term_may_bring_a_schedule_of_its_own():
    objective = Objective({"taid": Taid(1.0, start=0.2)}, {"taid": 1.0})
    progress = []
    for step in range(5):
        objective.at(step, 5)
        progress.append(objective.terms["taid"].progress)
    assert progress == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0])


@pytest.mark.parametrize(
    ("weights", "schedules", "message"),
    [
        (
            {"soft": Schedule("linear", 1.0, -1.0)},
            None,
            "the weight of soft must never be below 0, unlike Schedule(kind='linear', start=1.0, end=-1.0, share=0.5)",
        ),
        (
            {"soft": Schedule("constant", 0.0, 1.0)},
            None,
            "the weight of soft must be above 0 and finite, not Schedule(kind='constant', start=0.0, end=1.0, "
            "share=0.5); leave the term out instead",
        ),
        (
            {"soft": 1.0},
            {"hard": {"temperature": Schedule("constant", 1.0)}},
            "schedules are given for ['hard'], but the terms are ['soft']",
        ),
        ({"soft": 1.0}, {"soft": {"heat": Schedule("constant", 1.0)}}, "soft has no number heat that could move"),
        (
            {"soft": 1.0},
            {"soft": {"temperature": Schedule("linear", 1.0, 0.0)}},
            "temperature of soft must stay above 0, unlike Schedule(kind='linear', start=1.0, end=0.0, share=0.5)",
        ),
    ],
)
def test_a_schedule_that_could_not_be_followed_is_refused(weights, schedules, message):
    with pytest.raises(ValueError, match="soft") as caught:
        Objective({"soft": Soft(1.0)}, weights, schedules)
    assert str(caught.value) == message
