"""A training step on logits that are far too large: nothing on the way to a gradient may overflow."""

import pytest
import torch
from small_training import Table, align, bert, collate

from distill.data.batching import Place
from distill.objective import Objective, make_term
from distill.objective.specs import TERM_SPECS
from distill.teacher.live import LiveTeacher
from distill.training.distillation import DistillationModule
from distill.training.supervised import TrainingSpec

TABLE = Table()
OFFERED = {
    "temperature": 2.0, "student_width": 16, "teacher_width": 24, "teacher_heads": 2, "projected_widths": (16, 24),
    "heads": None, "causal": False,
}  # fmt: skip


def large(model):
    """Logits of about 10 000 and of both signs."""
    with torch.no_grad():
        logits = model(input_ids=torch.tensor([TABLE.ids[0]])).logits
        model.classifier.weight *= 1e4 / float(logits.abs().max())
        model.classifier.bias.copy_(torch.tensor([1e4, -1e4, 9e3]))
    return model


def made(names):
    torch.manual_seed(0)
    terms = {}
    for name in names:
        pairs = [(0, 0), (1, 1)] if TERM_SPECS[name].reads == "states" else [(0, 0)]
        terms[name] = make_term(TERM_SPECS[name].implementation, {**OFFERED, "pairs": pairs})
    objective = Objective(terms, dict.fromkeys(terms, 1.0))
    needs = objective.needs
    teacher = LiveTeacher(
        large(bert(width=24, classes=3)), align, None, hidden=True, attentions="teacher_attentions" in needs,
        qkv="teacher_qkv" in needs,
    )  # fmt: skip
    return DistillationModule(large(bert(classes=3)), objective, TrainingSpec(align, None, None, 7), teacher)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=["float32", "bfloat16"])
@pytest.mark.parametrize("name", TERM_SPECS)
def test_a_step_stays_finite_for_logits_of_ten_thousand(name, dtype):
    module = made([name])
    batch = collate(TABLE[range(8)], Place(tuple(range(8))))
    with torch.autograd.detect_anomaly(check_nan=True):
        with torch.autocast("cpu", dtype=dtype, enabled=dtype != torch.float32):
            student, teacher, labels = module.forward_models(batch)
            report = module.objective(student, teacher, labels)
        assert student.logits.abs().max() > 5e3
        assert name == "hard" or teacher.logits.abs().max() > 5e3
        report.total.backward()
    assert torch.isfinite(report.total)
    gradients = [each.grad for each in module.parameters() if each.grad is not None]
    assert gradients
    assert all(bool(torch.isfinite(each).all()) for each in gradients)
