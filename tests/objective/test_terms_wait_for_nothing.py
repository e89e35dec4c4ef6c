"""No term asks the device for a number: which texts have tokens, the batch says."""

from dataclasses import replace

import pytest
import torch
from loss_cases import outputs
from test_states_read import LABELS, built, only
from waits import counted

from distill.objective.specs import TERM_SPECS

ON_A_CPU_ALONE = "if len(indices) and (indices.is_cuda or bool(indices.amin() < 0))"
"""What a GPU is never asked."""


@pytest.mark.parametrize(("name", "kind"), [(name, kind) for name, spec in TERM_SPECS.items() for kind in spec.kinds])
def test_a_term_waits_for_nothing(name, kind):
    classes = 1 if kind == "score" else 3
    term, labels = built(only(name), name, kind), LABELS[kind]
    student, teacher = outputs(0, 6, classes=classes), outputs(1, 8, layers=5, classes=classes)
    student = replace(student, with_tokens=torch.arange(4))
    for each in (
        student.logits,
        *student.hidden,
        *student.attentions,
        *(one for three in student.qkv for one in three),
    ):
        each.requires_grad_()
    with counted() as found:
        total, _ = term(student, teacher, labels)
        total.backward()
    assert [place for place in found if ON_A_CPU_ALONE not in place] == []
