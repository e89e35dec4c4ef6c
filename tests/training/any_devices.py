"""One small distillation with every kind of term, on any number of ranks, cut in any way, in double precision."""

import os
from dataclasses import dataclass

import numpy as np
import torch
from small_training import Kill, Table, align, batches, collate
from torch.utils.data import DataLoader
from transformers import BertConfig, BertForSequenceClassification, GPT2Config, GPT2ForSequenceClassification

from distill.data.batching import Examples, scoring_places
from distill.metrics import classification as metrics
from distill.models.adapt import Adaptation, adapt
from distill.models.bilstm import BiLstmConfig, BiLstmForSequenceClassification
from distill.models.static import StaticConfig, StaticForSequenceClassification
from distill.objective import Objective
from distill.objective.terms.examples import RkdDistance
from distill.objective.terms.gold import Hard
from distill.objective.terms.states import Cka, Hidden
from distill.teacher.live import LiveTeacher
from distill.training import callbacks
from distill.training.distillation import DistillationModule
from distill.training.finite_checks import FiniteChecks
from distill.training.optim import Optimization
from distill.training.supervised import TrainingSpec
from distill.training.tracking import CurvesLogger, ExamplesSeen, read_curves
from distill.training.trainer import TrainerSettings, fit, resumed_step, trainer

WHOLE = Adaptation()
EXAMPLES = 12
"""Examples of an optimiser step, over all its parts."""


@dataclass(frozen=True)
class Way:
    """How a training is run."""

    ranks: int = 1
    strategy: str = "auto"
    accumulate: int = 1
    optimizer: str = "sgd"
    clip: float = 0.5
    patience: int | None = None
    adaptation: Adaptation = WHOLE
    dropout: float = 0.0
    logged: int = 1
    precision: str = "64-true"


def bert(width=16, layers=2, dropout=0.0):
    """A model whose layers do not divide evenly by ranks: an odd intermediate size, and two classes."""
    return BertForSequenceClassification(
        BertConfig(
            vocab_size=31, hidden_size=width, num_hidden_layers=layers, num_attention_heads=2, intermediate_size=17,
            num_labels=2, max_position_embeddings=16, hidden_dropout_prob=dropout, attention_probs_dropout_prob=dropout,
        )
    )  # fmt: skip


def of_bert(adaptation=WHOLE, dropout=0.0):
    """A student, and an objective that compares it with a wider teacher by labels, states and pairs of texts."""
    torch.manual_seed(0)
    model, teacher = bert(dropout=dropout), bert(24)
    adapt(model, adaptation)
    pairs = [(1, 1), (2, 2)]
    terms = {"hard": Hard(), "hidden": Hidden(pairs, 16, 24), "cka": Cka(pairs), "distance": RkdDistance()}
    return model, Objective(terms, dict.fromkeys(terms, 1.0)), LiveTeacher(teacher.double(), align, None, hidden=True)


def of_gpt2(*_):
    """A student whose last layer is followed by a norm, which states are compared without."""
    _, objective, teacher = of_bert()
    sizes = {"n_embd": 16, "n_layer": 2, "n_head": 2, "n_inner": 17, "n_positions": 16}
    chances = dict.fromkeys(("resid_pdrop", "embd_pdrop", "attn_pdrop"), 0.0)
    config = GPT2Config(vocab_size=31, num_labels=2, pad_token_id=0, **sizes, **chances)
    return GPT2ForSequenceClassification(config), objective, teacher


def of_lstm(*_):
    """A student whose layers are asked direction by direction."""
    torch.manual_seed(0)
    config = BiLstmConfig(31, embedding_size=8, lstm_size=5, num_hidden_layers=2, dropout=0.0, num_labels=2)
    return BiLstmForSequenceClassification(config), *_labels_alone()


def of_static(*_):
    """A student without layers."""
    torch.manual_seed(0)
    return StaticForSequenceClassification(StaticConfig(31, 7, dropout=0.0, num_labels=2)), *_labels_alone()


def _labels_alone():
    return Objective({"hard": Hard()}, {"hard": 1.0}), LiveTeacher(bert(24).double(), align, None)


def train(folder, way, rank=0, *, kill=None, epochs=3, made=of_bert, table=None, more=()):
    """Train; return the weights, the steps, the examples seen, and the curves, which the first rank alone has.

    One that is killed after so many micro-batches returns none; ``more`` callbacks come before the others.
    """
    if way.ranks > 1:  # of one, the process may be that of other tests, which start ranks of their own
        os.environ["LOCAL_RANK"] = str(rank)
        os.environ["WORLD_SIZE"] = str(way.ranks)
    model, objective, teacher = made(way.adaptation, way.dropout)
    table = Table(30) if table is None else table
    size = EXAMPLES // way.ranks // way.accumulate
    loader = batches(table, batch_size=size, accumulate=way.accumulate, world=way.ranks, rank=rank)
    scored = scoring_places(np.array([len(ids) for ids in table.ids]), batch_size=8, world=way.ranks, rank=rank)
    moves = Optimization(way.optimizer, 0.02, 0.01, 0.9, "linear", 0.1, len(loader) // way.accumulate * epochs)
    spec = TrainingSpec(align, metrics.collection(2), moves, 7, way.adaptation)
    module = DistillationModule(model, objective, spec, teacher)
    module = module.double() if way.precision == "64-true" else module
    settings = TrainerSettings(
        "cpu", way.ranks, 1, way.strategy, way.precision, way.accumulate, way.clip, way.logged, False
    )
    resume, seen = folder / "resume", ExamplesSeen()
    folder.mkdir(exist_ok=True, parents=True)
    watched = callbacks.keep_best(resume, "validation/accuracy", "max", way.patience, 0.0) if way.patience else []
    running = trainer(
        settings, max_epochs=epochs, folder=folder, loggers=[CurvesLogger(folder, resumed_step(resume), seen)],
        callbacks=[
            FiniteChecks("distill", "rate", str), seen, *more, *watched, *([Kill(kill)] if kill else []),
            callbacks.Resume(resume, 2),
        ],
    )  # fmt: skip
    validation = DataLoader(Examples(table, collate), sampler=scored, batch_size=None)
    try:
        fit(running, module, loader, validation, resume)
    except RuntimeError as error:
        if str(error) != "killed":
            raise
        return None
    weights = {name: weight.detach().numpy() for name, weight in module.state_dict().items()}
    curves = {(row["step"], row["name"]): row["value"] for row in read_curves(folder / "metrics.csv")}
    return weights, running.global_step, seen.count, curves


def apart(found, expected):
    """The largest difference of two models' numbers."""
    assert found.keys() == expected.keys()
    return max(float(np.abs(found[name] - expected[name]).max()) for name in expected)
