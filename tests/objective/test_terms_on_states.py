"""The terms on states and attention: what they project, average and miss."""

from dataclasses import replace

import pytest
import torch
from loss_cases import outputs

from distill.objective import losses
from distill.objective.terms.attention import Attention, Relations
from distill.objective.terms.examples import RkdDistance
from distill.objective.terms.states import Cka, Embedding, Hidden, HiddenCosine, Pkd
from distill.types import Outputs

LABELS = torch.tensor([0, 1, 2, 1])


def test_hidden_averages_over_the_pairs_it_was_given():
    student, teacher = outputs(0, 8), outputs(1, 8, layers=5)
    pairs = [(0, 0), (2, 4)]
    for term, loss in ((Hidden, losses.hidden), (HiddenCosine, losses.hidden_cosine)):
        total, _ = term(pairs, 8, 8)(student, teacher, LABELS)
        each = [loss(student.hidden[a], teacher.hidden[b], student.mask)[0] for a, b in pairs]
        assert total.item() == pytest.approx(sum(each).item() / 2)


@pytest.mark.parametrize("term", [Hidden, HiddenCosine, Pkd])
def test_a_projection_exists_only_where_widths_differ(term):
    assert not list(term([(1, 2)], 8, 8).parameters())
    assert not term([(1, 2)], 8, 8).state_dict()
    narrow = term([(0, 0), (1, 2)], 6, 8)
    shapes = [tuple(value.shape) for value in narrow.state_dict().values()]
    assert shapes == [(8, 6), (8,)] * 2
    assert len(list(narrow.parameters())) == 4


@pytest.mark.parametrize(
    "term", [Hidden([(1, 1), (2, 2)], 6, 8), HiddenCosine([(1, 1)], 6, 8), Pkd([(1, 1)], 6, 8), Embedding(6, 8)]
)
def test_every_projection_is_trained_and_padding_reaches_none(term):
    student, teacher = outputs(0, 6), outputs(1, 8)
    clean = term(student, teacher, LABELS)[0]
    clean.backward()
    gradients = [parameter.grad.clone() for parameter in term.parameters()]
    assert all(gradient.norm() > 0 for gradient in gradients)
    term.zero_grad()
    for said in (student, teacher):
        for state in said.hidden:
            state[~said.mask] = float("nan")
    dirty = term(student, teacher, LABELS)[0]
    dirty.backward()
    assert dirty.item() == clean.item()
    torch.testing.assert_close([parameter.grad for parameter in term.parameters()], gradients)


def test_alignment_needs_no_projection():
    term = Cka([(0, 0), (2, 2)])
    assert not list(term.parameters())
    assert 0 < term(outputs(0, 6), outputs(1, 8), LABELS)[0] < 2 + 3 + 4 + 5


@pytest.mark.parametrize("term", [Hidden, HiddenCosine, Pkd, lambda pairs, *_: Cka(pairs)])
@pytest.mark.parametrize("pairs", [[], [(1, -1)]])
def test_pairs_that_compare_nothing_are_refused(term, pairs):
    with pytest.raises(ValueError, match="pair") as caught:
        term(pairs, 8, 8)
    assert str(caught.value) == f"hidden states are compared in one pair or more of indices from 0, not {pairs}"


def test_states_that_were_not_asked_for_are_an_error_and_not_a_silent_zero():
    bare = Outputs(torch.zeros(4, 3), mask=torch.ones(4, 5))
    for term in (Hidden([(1, 1)], 8, 8), HiddenCosine([(1, 1)], 8, 8), Pkd([(1, 1)], 8, 8), Cka([(1, 1)])):
        with pytest.raises(ValueError, match=r"^hidden state 1 of the student is wanted, but it gave 0$"):
            term(bare, outputs(1, 8), LABELS)
    with pytest.raises(ValueError, match=r"^hidden state 3 of the teacher is wanted, but it gave 3$"):
        Hidden([(1, 3)], 8, 8)(outputs(0, 8), outputs(1, 8), LABELS)
    with pytest.raises(ValueError, match=r"^hidden state 0 of the student is wanted, but it gave 0$"):
        RkdDistance()(bare, outputs(1, 8), LABELS)
    with pytest.raises(ValueError, match=r"^attention of layer 0 of the student is wanted, but it gave 0$"):
        Attention([(0, 0)])(bare, outputs(1, 8), LABELS)
    with pytest.raises(ValueError, match=r"^attention of layer 2 of the teacher is wanted, but it gave 2$"):
        Attention([(0, 2)])(outputs(0, 8), outputs(1, 8), LABELS)
    with pytest.raises(ValueError, match=r"^query, key and value of layer 0 of the student are wanted, but it gave 0$"):
        Relations([(0, 0)], 4)(bare, outputs(1, 8), LABELS)


def test_first_tokens_are_found_by_each_models_own_mask():
    student, teacher = outputs(0, 8), outputs(1, 8, tokens=7)
    shifted = Outputs(teacher.logits, tuple(state.flip(1) for state in teacher.hidden), teacher.mask.flip(1))
    expected = losses.pkd(student.hidden[1][:, 0], shifted.hidden[1][range(4), shifted.mask.int().argmax(1)])
    assert Pkd([(1, 1)], 8, 8)(student, shifted, LABELS) == expected
    maskless = Outputs(outputs(1, 8).logits, outputs(1, 8).hidden)
    assert RkdDistance()(student, maskless, LABELS) == RkdDistance()(student, outputs(1, 8), LABELS)


def test_texts_that_are_padding_alone_are_left_out_whether_the_batch_says_so_or_the_mask():
    student, teacher = outputs(0, 8), outputs(1, 8)
    empty = student.mask.clone()
    empty[2] = False
    by_mask = replace(student, mask=empty)
    known = replace(by_mask, with_tokens=torch.tensor([0, 1, 3]))
    for term in (Pkd([(1, 1)], 8, 8), RkdDistance()):
        total, count = term(known, replace(teacher, mask=empty), LABELS)
        assert (total, count) == term(by_mask, replace(teacher, mask=empty), LABELS)
        assert count == 3
        assert term(known, teacher, LABELS)[1] == 3, "a teacher that reads another token there is not compared, either"


def test_attention_and_relations_average_over_the_pairs_they_were_given():
    student, teacher = outputs(0, 8), outputs(1, 12, layers=5)
    pairs = [(0, 0), (1, 3)]
    each = [losses.attention(student.attentions[a], teacher.attentions[b], student.mask)[0] for a, b in pairs]
    assert Attention(pairs)(student, teacher, LABELS)[0].item() == pytest.approx(sum(each).item() / 2)
    each = [losses.relations(student.qkv[a], teacher.qkv[b], student.mask, 2)[0] for a, b in pairs]
    assert Relations(pairs, 2)(student, teacher, LABELS)[0].item() == pytest.approx(sum(each).item() / 2)


def test_causal_terms_look_back_only():
    student, teacher = outputs(0, 8), outputs(1, 8)
    for term, causal in (
        (Attention([(0, 0)]), Attention([(0, 0)], causal=True)),
        (Relations([(0, 0)], 2), Relations([(0, 0)], 2, causal=True)),
    ):
        assert term(student, teacher, LABELS)[0].item() != pytest.approx(causal(student, teacher, LABELS)[0].item())
