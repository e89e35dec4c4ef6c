"""The terms: what they read, what they count, what they learn."""

import re
from pkgutil import resolve_name

import pytest
import torch
from loss_cases import TERMS, outputs
from torch import nn

from distill.objective import Objective, Schedule, losses
from distill.objective.specs import TERM_SPECS
from distill.objective.terms.attention import Attention, Relations
from distill.objective.terms.decoupled import Dist, Dkd, Standardized
from distill.objective.terms.divergences import Js, ReverseKl, SkewKl, SkewReverseKl, Soft, Taid
from distill.objective.terms.examples import RkdAngle, RkdDistance
from distill.objective.terms.gold import Hard, HardLabels, HardScore
from distill.objective.terms.scores import LogitMse, SoftLabels, SoftScore
from distill.objective.terms.states import Cka, Embedding, Hidden, HiddenCosine, Pkd
from distill.types import IGNORE, Outputs, SparseLogits

NAMES = {
    "labels",
    "teacher_logits",
    *(f"{who}_{what}" for who in ("student", "teacher") for what in ("hidden", "attentions", "qkv")),
}


LABELS = torch.tensor([0, IGNORE, 2, 1])
MANY = torch.tensor([[0, 1, 1], [IGNORE] * 3, [1, 0, 0], [0, 0, 0]])
SCORES = torch.tensor([0.5, float("nan"), 2.0, 1.0])
TOKENS = 2 + 3 + 4 + 5

EACH = {
    "hard": (Hard(), {"labels"}, "labels", {"class"}, 3),
    "hard_labels": (HardLabels(), {"labels"}, "labels", {"labels"}, 3),
    "hard_score": (HardScore(), {"labels"}, "labels", {"score"}, 3),
    "soft": (Soft(2.0), {"teacher_logits"}, "rows", {"class"}, 4),
    "reverse_kl": (ReverseKl(2.0), {"teacher_logits"}, "rows", {"class"}, 4),
    "js": (Js(2.0), {"teacher_logits"}, "rows", {"class"}, 4),
    "skew_kl": (SkewKl(2.0), {"teacher_logits"}, "rows", {"class"}, 4),
    "skew_reverse_kl": (SkewReverseKl(2.0), {"teacher_logits"}, "rows", {"class"}, 4),
    "taid": (Taid(), {"teacher_logits"}, "rows", {"class"}, 4),
    "dkd": (Dkd(2.0), {"labels", "teacher_logits"}, "labels", {"class"}, 3),
    "dist": (Dist(2.0), {"teacher_logits"}, "rows", {"class"}, 4),
    "standardized": (Standardized(2.0), {"teacher_logits"}, "rows", {"class"}, 4),
    "logit_mse": (LogitMse(), {"teacher_logits"}, "rows", {"class", "labels", "score"}, 4),
    "soft_labels": (SoftLabels(2.0), {"teacher_logits"}, "rows", {"labels"}, 4),
    "soft_score": (SoftScore(), {"teacher_logits"}, "rows", {"score"}, 4),
    "hidden": (Hidden([(1, 1)], 8, 8), {"student_hidden", "teacher_hidden"}, "tokens", None, TOKENS),
    "hidden_cosine": (HiddenCosine([(1, 1)], 8, 8), {"student_hidden", "teacher_hidden"}, "tokens", None, TOKENS),
    "pkd": (Pkd([(1, 1)], 8, 8), {"student_hidden", "teacher_hidden"}, "examples", None, 4),
    "cka": (Cka([(1, 1)]), {"student_hidden", "teacher_hidden"}, "tokens", None, TOKENS),
    "embedding": (Embedding(8, 8), {"student_hidden", "teacher_hidden"}, "tokens", None, TOKENS),
    "attention": (Attention([(0, 0)]), {"student_attentions", "teacher_attentions"}, "tokens", None, TOKENS),
    "relations": (Relations([(0, 0)], 4), {"student_qkv", "teacher_qkv"}, "tokens", None, TOKENS),
    "rkd_distance": (RkdDistance(), {"student_hidden", "teacher_hidden"}, "examples", None, 4),
    "rkd_angle": (RkdAngle(), {"student_hidden", "teacher_hidden"}, "examples", None, 4),
    **TERMS,
}
IMPLEMENTED = {
    name if dotted == spec.implementation else f"{name}_{kind}": resolve_name(dotted)
    for name, spec in TERM_SPECS.items()
    for kind in spec.kinds
    for dotted in [spec.implemented_by(kind)]
}
"""Each class that implements a term; one for rows of another kind by the word for the kind, too."""
each = pytest.mark.parametrize("name", EACH)


def read(name, student, teacher):
    """A term on outputs, with labels of its kind."""
    term, kinds = EACH[name][0], EACH[name][3]
    if kinds == {"score"}:
        student, teacher = (said and Outputs(said.logits[:, :1]) for said in (student, teacher))
    labels = SCORES if kinds == {"score"} else MANY if kinds == {"labels"} else LABELS
    return term(student, teacher, labels)


@each
def test_a_term_says_what_it_reads_what_it_counts_and_what_it_is_for(name):
    term, needs, unit, kinds, count = EACH[name]
    assert type(term) is IMPLEMENTED[name]
    assert term.needs == needs <= NAMES
    assert term.unit == unit
    assert term.kinds == (kinds or {"class", "labels", "score"})
    total, counted = read(name, outputs(0, 8), outputs(1, 8))
    assert counted.item() == count
    assert total.item() > 0


def test_every_word_has_a_term_and_every_term_is_tried_here():
    assert set(EACH) == set(IMPLEMENTED)
    for name, term in IMPLEMENTED.items():
        assert term.__name__ == "".join(part.capitalize() for part in name.split("_"))
        assert term.__doc__.count("Cost:") == 1


@each
def test_a_term_reads_what_it_says_and_nothing_else(name):
    needs = EACH[name][1]
    student, teacher = outputs(0, 8), outputs(1, 8)
    bare = [
        Outputs(
            said.logits if who == "student" or "teacher_logits" in needs else None,
            said.hidden if f"{who}_hidden" in needs else (),
            said.mask,
            said.attentions if f"{who}_attentions" in needs else (),
            said.qkv if f"{who}_qkv" in needs else (),
        )
        for who, said in (("student", student), ("teacher", teacher))
    ]
    reads_teacher = any(need.startswith("teacher") for need in needs)
    total, _ = read(name, bare[0], bare[1] if reads_teacher else None)
    assert total.item() == read(name, student, teacher)[0].item()


@each
def test_a_missing_teacher_is_an_error_where_it_is_read(name):
    if EACH[name][1] == {"labels"}:
        assert read(name, outputs(0, 8), None)[0] > 0
        return
    with pytest.raises(ValueError, match=r"^this term reads the teacher's outputs, but none were given$"):
        read(name, outputs(0, 8), None)


def test_terms_give_what_their_functions_give():
    student, teacher = outputs(0, 8), outputs(1, 8)
    s, t = student.logits, teacher.logits
    pairs = [
        (Hard([1.0, 2.0, 0.0]), losses.hard(s, LABELS, torch.tensor([1.0, 2.0, 0.0]))),
        (Soft(3.0), losses.soft(s, t, 3.0)),
        (ReverseKl(3.0), losses.reverse_kl(s, t, 3.0)),
        (Js(3.0, 0.2), losses.js(s, t, 3.0, 0.2)),
        (SkewKl(3.0, 0.2), losses.skew_kl(s, t, 3.0, 0.2)),
        (SkewReverseKl(3.0, 0.2), losses.skew_reverse_kl(s, t, 3.0, 0.2)),
        (Taid(3.0, 0.2), losses.taid(s, t, 3.0, 0.2)),
        (Dkd(3.0, 2.0, 5.0), losses.dkd(s, t, LABELS, 3.0, 2.0, 5.0)),
        (Dist(3.0, 2.0, 5.0), losses.dist(s, t, 3.0, 2.0, 5.0)),
        (Standardized(3.0), losses.standardized(s, t, 3.0)),
        (Embedding(8, 8), losses.hidden(student.hidden[0], teacher.hidden[0], student.mask)),
        (RkdDistance(), losses.rkd_distance(student.hidden[2][:, 0], teacher.hidden[2][:, 0], 256)),
        (RkdDistance("logits", 3), losses.rkd_distance(s, t, 3)),
        (RkdAngle("logits", 3), losses.rkd_angle(s, t, 3)),
    ]
    for term, expected in pairs:
        assert term(student, teacher, LABELS) == expected, term


@each
def test_a_missing_mask_is_an_error_where_tokens_are_compared(name):
    student = outputs(0, 8)
    blind = Outputs(student.logits, student.hidden, None, student.attentions, student.qkv)
    if EACH[name][2] in {"tokens", "examples"}:
        with pytest.raises(ValueError, match=r"where there is no padding, but the student's outputs carry no mask$"):
            read(name, blind, outputs(1, 8))
    else:
        assert read(name, blind, outputs(1, 8))[0] > 0


# Logits


def kept(teacher, temperature):
    """The same teacher, of whose logits the largest was kept for a temperature."""
    values, indices = teacher.logits.topk(1)
    rest = (teacher.logits / temperature).scatter(-1, indices, -torch.inf).logsumexp(dim=-1)
    return Outputs(values, sparse=SparseLogits(values, indices, rest, temperature))


@pytest.mark.parametrize("term", [Soft, ReverseKl, Js, SkewKl, SkewReverseKl])
def test_a_term_that_softens_otherwise_than_the_rows_were_kept_for_is_refused(term):
    student, sparse = outputs(0, 8), kept(outputs(1, 8), 3.0)
    message = "kept logits of the teacher hold for the temperature 3.0, but are softened by 2.0"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        term(2.0)(student, sparse, LABELS)
    moved = Objective({"term": term(3.0)}, {"term": 1.0}, {"term": {"temperature": Schedule("linear", 3.0, 2.0)}})
    assert moved(student, sparse, LABELS).total > 0
    moved.at(2, 3)
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        moved(student, sparse, LABELS)


def test_sparse_rows_are_read_where_they_can_be_and_refused_where_not():
    student, teacher = outputs(0, 8), outputs(1, 8)
    sparse = kept(teacher, 2.0)
    for term in (Soft(2.0), ReverseKl(2.0), Js(2.0), SkewKl(2.0), SkewReverseKl(2.0)):
        assert 0 < term(student, sparse, LABELS)[0] < term(student, teacher, LABELS)[0]
    for term in (Taid(), Dkd(2.0), Dist(2.0), Standardized(2.0), LogitMse(), SoftScore(), RkdDistance("logits")):
        with pytest.raises(ValueError, match="classes") as caught:
            term(student, sparse, LABELS)
        assert (
            str(caught.value) == "this term reads the teacher's logits of all classes, but only the largest were kept"
        )


@pytest.mark.parametrize("temperature", [0.0, -1.0, float("nan")])
@pytest.mark.parametrize(
    "term", [Soft, ReverseKl, Js, SkewKl, SkewReverseKl, Taid, Dkd, Dist, Standardized, SoftLabels]
)
def test_a_temperature_that_is_not_above_zero_is_refused(term, temperature):
    with pytest.raises(ValueError, match=rf"^temperature must be above 0, not {temperature}$"):
        term(temperature)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Js(1.0, 1.0), "beta must lie between 0 and 1, not 1.0"),
        (lambda: SkewKl(1.0, 0.0), "alpha must lie between 0 and 1, not 0.0"),
        (lambda: SkewReverseKl(1.0, 2.0), "alpha must lie between 0 and 1, not 2.0"),
        (lambda: Taid(1.0, 0.0), "start must be above 0 and at most 1, not 0.0"),
        (lambda: Taid(1.0, 1.5), "start must be above 0 and at most 1, not 1.5"),
        (
            lambda: Dkd(1.0, -1.0),
            "weights within a term must not be below 0, nor all 0, unlike alpha=-1.0, beta=8.0",
        ),
        (
            lambda: Dist(1.0, 0.0, 0.0),
            "weights within a term must not be below 0, nor all 0, unlike inter=0.0, intra=0.0",
        ),
        (lambda: Hard([1.0, -1.0]), "class weights must be finite and not below 0, nor all 0, unlike [1.0, -1.0]"),
        (lambda: Hard([0.0, 0.0]), "class weights must be finite and not below 0, nor all 0, unlike [0.0, 0.0]"),
        (lambda: SoftScore(-0.5), "bounded must be finite and not below 0, not -0.5"),
        (lambda: Attention([]), "attention scores are compared in one pair or more of indices from 0, not []"),
        (
            lambda: Relations([(0, -1)], 2),
            "relations are compared in one pair or more of indices from 0, not [(0, -1)]",
        ),
        (lambda: Relations([(0, 0)], 0), "relations need a head or more, not 0"),
        (lambda: RkdDistance("words"), "examples are compared by 'hidden' or by 'logits', not by 'words'"),
        (lambda: RkdAngle("words"), "examples are compared by 'hidden' or by 'logits', not by 'words'"),
        (lambda: RkdDistance(limit=1), "a distance needs two examples, so the limit must be 2 or more, not 1"),
        (lambda: RkdAngle(limit=2), "an angle needs three examples, so the limit must be 3 or more, not 2"),
    ],
)
def test_arguments_that_make_no_term_are_refused(make, message):
    with pytest.raises(ValueError, match=r".") as caught:
        make()
    assert str(caught.value) == message


def test_class_weights_are_saved_and_moved_with_the_term():
    assert not Hard().state_dict()
    state = Hard([1.0, 3.0]).state_dict()
    assert state["weights"].tolist() == [1.0, 3.0]


def test_a_bounded_score_needs_labels_and_an_unbounded_one_does_not():
    assert SoftScore().needs == {"teacher_logits"}
    assert SoftScore(0.0).needs == {"teacher_logits", "labels"}
    assert SoftScore.needs == {"teacher_logits"}


def test_terms_show_their_arguments_when_printed():
    shown = str(nn.ModuleList([Js(2.0, 0.3), Taid(1.0, 0.5), Relations([(0, 1)], 4), RkdAngle(limit=9)]))
    for part in ("temperature=2.0, beta=0.3", "progress=0.5", "pairs=((0, 1),), heads=4", "of=hidden, limit=9"):
        assert part in shown
