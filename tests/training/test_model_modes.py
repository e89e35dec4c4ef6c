"""A model that computes its layers again, or is compiled, learns what it would have learnt anyway."""

from functools import partial

import pytest
import torch
import two_ranks
from any_devices import Way, apart, bert, of_bert, train
from small_training import Table, align, collate

from distill.data.batching import Place
from distill.errors import ModelError
from distill.models.bilstm import BiLstmConfig, BiLstmForSequenceClassification
from distill.models.forward import outputs
from distill.objective import Objective
from distill.objective.terms.attention import Relations
from distill.objective.terms.gold import Hard
from distill.objective.terms.states import Hidden
from distill.teacher.live import LiveTeacher
from distill.training.model_modes import training_modes

TABLE = Table(8)
kept = []
"""Modes that hold to the end of the process."""


def gradients(recompute):
    """The gradients of two micro-batches with dropout, of labels, states and relations of attention, in doubles."""
    torch.manual_seed(0)
    student = bert(dropout=0.2).double().train()
    teacher = LiveTeacher(bert(24).double(), align, None, hidden=True, qkv=True)
    terms = {"hard": Hard(), "hidden": Hidden([(1, 1), (2, 2)], 16, 24), "relations": Relations([(0, 0), (1, 1)], 2)}
    objective = Objective(terms, dict.fromkeys(terms, 1.0)).double()
    with training_modes(student, recompute=recompute, compiled=False):
        for number, rows in enumerate((range(4), range(4, 8))):
            torch.manual_seed(number)
            batch = collate(TABLE[rows], Place(tuple(rows)))
            raw = outputs(student, batch, hidden=True, qkv=True)
            objective(raw, teacher(batch), batch["labels"]).total.backward()
            assert student.is_gradient_checkpointing is recompute
    assert not student.is_gradient_checkpointing
    return {name: weight.grad for name, weight in [*student.named_parameters(), *objective.named_parameters()]}


def test_layers_computed_again_give_the_same_gradient_with_the_same_dropout():
    usual, again = gradients(recompute=False), gradients(recompute=True)
    assert usual.keys() == again.keys()
    assert all(torch.equal(again[name], gradient) for name, gradient in usual.items())
    assert sum(float(gradient.abs().sum()) for gradient in usual.values()) > 1


def test_what_cannot_compute_its_layers_again_is_refused():
    model = BiLstmForSequenceClassification(BiLstmConfig(20, 8, 4))
    message = "distill-bilstm models cannot compute their layers again; allowed is false"
    with pytest.raises(ModelError, match=message), training_modes(model, recompute=True, compiled=False):
        pass


def recomputed(*_):
    """The small distillation with layers that are computed again."""
    model, objective, teacher = of_bert()
    kept.append(training_modes(model, recompute=True, compiled=False))
    kept[-1].__enter__()
    return model, objective, teacher


def on_a_rank(folder, strategy, rank):
    return train(folder, Way(2, strategy), rank, made=recomputed)[0]


@pytest.mark.long
@pytest.mark.parametrize("strategy", ["ddp", "fsdp"])
def test_so_do_two_ranks(strategy, tmp_path, free_port):
    usual = train(tmp_path / "usual", Way())[0]
    for found in two_ranks.said(partial(on_a_rank, tmp_path / "two", strategy), free_port):
        assert apart(found, usual) < 1e-13


@pytest.mark.long
def test_a_compiled_model_learns_the_same(tmp_path):
    def of_labels(*_):
        model, _, teacher = of_bert()
        return model, Objective({"hard": Hard()}, {"hard": 1.0}), teacher

    def compiled(*_):
        made = of_labels()
        kept.append(training_modes(made[0], recompute=False, compiled=True))
        kept[-1].__enter__()
        assert made[0]._compiled_call_impl is not None
        return made

    usual = train(tmp_path / "usual", Way(), epochs=2, made=of_labels)
    found = train(tmp_path / "compiled", Way(), epochs=2, made=compiled)
    assert apart(found[0], usual[0]) < 1e-12
