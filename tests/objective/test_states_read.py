"""The hidden states that are stored of a teacher are those that its terms compare, whatever term and map."""

import pytest
import torch
from loss_cases import outputs

from distill.config.schema import Config
from distill.objective.build import build_objective, states_read
from distill.objective.settings import TermsConfig, active, terms
from distill.objective.specs import TERM_SPECS
from distill.types import ModelShape

STUDENT, TEACHER = ModelShape(2, 6, 2, (6, 6), False, follows="1,2"), ModelShape(4, 8, 2, (8, 8), False)
LABELS = {"class": torch.tensor([0, 1, 2, 1]), "labels": torch.ones(4, 3), "score": torch.zeros(4)}
MAPS = ("uniform", "first", "last", "skip", "auto", "0,2", "1:3", "0:1,1:1")


def only(name, **settings):
    """Settings in which a term is the only one."""
    section = Config().distill
    for other, term in terms(section).items():
        term.weight = float(other == name)
    for setting, value in settings.items():
        setattr(getattr(section, name), setting, value)
    assert list(active(section)) == [name]
    return section


def variants():
    """Every term, for every kind of rows, by whatever decides on what it reads."""
    for name, spec in TERM_SPECS.items():
        changes = [{}]
        if spec.layered:
            changes = [{"layer_map": layer_map} for layer_map in MAPS]
        elif spec.reads_by:
            changes = [{spec.reads_by: value} for value in ("hidden", "logits")]
        for kind in spec.kinds:
            yield from (
                pytest.param(name, kind, change, id="-".join((name, kind, *change.values()))) for change in changes
            )


def built(section: TermsConfig, name, kind):
    return build_objective(section, kind, STUDENT, TEACHER).terms[name]


@pytest.mark.parametrize(("name", "kind", "change"), variants())
def test_the_declared_states_are_the_pairs_of_the_built_term(name, kind, change):
    section = only(name, **change)
    term = built(section, name, kind)
    compared = {state % (TEACHER.layers + 1) for _, state in term.pairs} if "teacher_hidden" in term.needs else set()
    assert states_read(section, STUDENT, TEACHER) == tuple(sorted(compared))


@pytest.mark.parametrize(("name", "kind", "change"), variants())
def test_exactly_the_declared_states_change_the_loss(name, kind, change):
    section = only(name, **change)
    torch.manual_seed(0)
    term = built(section, name, kind)
    classes = 1 if kind == "score" else 3
    student, teacher = outputs(0, 6, classes=classes), outputs(1, 8, layers=5, classes=classes)
    before = term(student, teacher, LABELS[kind])[0].item()

    def without(number):
        states = [torch.randn(state.shape) if at == number else state for at, state in enumerate(teacher.hidden)]
        changed = type(teacher)(teacher.logits, tuple(states), teacher.mask, teacher.attentions, teacher.qkv)
        return term(student, changed, LABELS[kind])[0].item()

    moved = [number for number in range(len(teacher.hidden)) if without(number) != before]
    assert states_read(section, STUDENT, TEACHER) == tuple(moved)


def test_several_terms_read_the_union_of_their_states():
    section = only("embedding")
    section.rkd_angle.weight = section.pkd.weight = 1.0
    section.pkd.layer_map = "0:2"
    assert states_read(section, STUDENT, TEACHER) == (0, 3, 4)
