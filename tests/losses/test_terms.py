"""The terms: what they read, what they count, what they learn."""

import pytest
import torch

from distill.losses import Hard, Hidden, Soft, functional
from distill.types import IGNORE, Outputs


def outputs(seed, width, layers=3, batch=4, tokens=5, classes=3):
    generator = torch.Generator().manual_seed(seed)
    hidden = tuple(torch.randn(batch, tokens, width, generator=generator) for _ in range(layers))
    mask = torch.arange(tokens) < torch.arange(2, 2 + batch).unsqueeze(1)
    return Outputs(torch.randn(batch, classes, generator=generator), hidden, mask)


LABELS = torch.tensor([0, IGNORE, 2, 1])


def test_terms_say_what_they_read_and_what_they_count():
    terms = [Hard(), Soft(2.0), Hidden([(1, 1)], 8, 8)]
    assert [set(term.needs) for term in terms] == [{"labels"}, {"teacher_logits"}, {"student_hidden", "teacher_hidden"}]
    assert [term.unit for term in terms] == ["labels", "rows", "tokens"]
    counts = [term(outputs(0, 8), outputs(1, 8), LABELS)[1].item() for term in terms]
    assert counts == [3, 4, 2 + 3 + 4 + 5]


def test_terms_give_what_their_functions_give():
    student, teacher = outputs(0, 8), outputs(1, 8)
    hard, soft = Hard()(student, None, LABELS)[0], Soft(3.0)(student, teacher, LABELS)[0]
    assert hard == functional.hard(student.logits, LABELS)[0]
    assert soft == functional.soft(student.logits, teacher.logits, 3.0)[0]


def test_hidden_averages_over_the_pairs_it_was_given():
    student, teacher = outputs(0, 8), outputs(1, 8, layers=5)
    pairs = [(0, 0), (2, 4)]
    total, _ = Hidden(pairs, 8, 8)(student, teacher, LABELS)
    each = [functional.hidden(student.hidden[a], teacher.hidden[b], student.mask)[0] for a, b in pairs]
    assert total.item() == pytest.approx(sum(each).item() / 2)


def test_a_projection_exists_only_where_widths_differ():
    assert not list(Hidden([(1, 2)], 8, 8).parameters())
    assert not Hidden([(1, 2)], 8, 8).state_dict()
    narrow = Hidden([(0, 0), (1, 2)], 6, 8)
    shapes = [tuple(value.shape) for value in narrow.state_dict().values()]
    assert shapes == [(8, 6), (8,)] * 2
    assert len(list(narrow.parameters())) == 4


def test_every_projection_is_trained():
    term = Hidden([(1, 1), (2, 2)], 6, 8)
    term(outputs(0, 6), outputs(1, 8), LABELS)[0].backward()
    assert all(parameter.grad.norm() > 0 for parameter in term.parameters())


def test_soft_targets_work_with_two_classes():
    student, teacher = outputs(0, 8, classes=2), outputs(1, 8, classes=2)
    student.logits.requires_grad_()
    total, count = Soft(2.0)(student, teacher, LABELS)
    total.backward()
    assert total > 0
    assert count == 4
    assert student.logits.grad.norm() > 0


@pytest.mark.parametrize("temperature", [0.0, -1.0, float("nan")])
def test_a_temperature_that_is_not_above_zero_is_refused(temperature):
    with pytest.raises(ValueError, match="temperature"):
        Soft(temperature)


@pytest.mark.parametrize("pairs", [[], [(1, -1)]])
def test_hidden_refuses_pairs_that_compare_nothing(pairs):
    with pytest.raises(ValueError, match="pair"):
        Hidden(pairs, 8, 8)


def test_hidden_states_that_were_not_asked_for_are_an_error_and_not_a_silent_zero():
    bare = Outputs(torch.zeros(4, 3), mask=torch.ones(4, 5))
    with pytest.raises(ValueError, match="hidden state 1 of the student is wanted, but it gave 0"):
        Hidden([(1, 1)], 8, 8)(bare, outputs(1, 8), LABELS)
    with pytest.raises(ValueError, match="of the teacher"):
        Hidden([(1, 3)], 8, 8)(outputs(0, 8), outputs(1, 8), LABELS)
    with pytest.raises(ValueError, match="no mask"):
        Hidden([(1, 1)], 8, 8)(Outputs(torch.zeros(4, 3), outputs(0, 8).hidden), outputs(1, 8), LABELS)


@pytest.mark.parametrize("term", [Soft(1.0), Hidden([(1, 1)], 8, 8)])
def test_a_missing_teacher_is_an_error(term):
    with pytest.raises(ValueError, match="teacher"):
        term(outputs(0, 8), None, LABELS)
