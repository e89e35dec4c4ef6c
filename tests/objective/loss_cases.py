"""Each loss as a case: what it reads, how it is called, and what of it holds."""

from dataclasses import dataclass
from pathlib import Path
from runpy import run_path
from typing import Any

import loss_twins as twins
import numpy as np
import torch

from distill.objective import losses as f
from distill.types import IGNORE, Outputs

ROWS, CLASSES, BATCH, TOKENS, WIDTH = 7, 5, 4, 6, 8


@dataclass(frozen=True)
class Case:
    """A loss, its twin, and the shapes of what it compares; the first dimension is always the batch.

    Attributes:
        loss: of student, teacher and what comes third: labels, scores or the mask.
        twin: the same in NumPy.
        student: shape of what the student says.
        teacher: shape of what the teacher says.
        third: ``labels`` [rows], ``many`` labels [rows, labels], ``scores`` [rows], ``mask`` [batch, tokens], or none.
        compares: whether it is 0 where student and teacher are the same.
        split: whether the sum over parts of a batch is that over the batch.
    """

    loss: Any
    twin: Any
    student: tuple[int, ...] = (ROWS, CLASSES)
    teacher: tuple[int, ...] = (ROWS, CLASSES)
    third: str = ""
    compares: bool = True
    split: bool = True

    def arrays(self, seed=0, scale=2.0):
        draw = np.random.default_rng(seed)
        mine, theirs = draw.normal(scale=scale, size=self.student), draw.normal(scale=scale, size=self.teacher)
        return mine, theirs, third(self.third, draw)

    def tensors(self, seed=0, scale=2.0, dtype=torch.float32):
        mine, theirs, other = self.arrays(seed, scale)
        made = torch.tensor(mine, dtype=dtype), torch.tensor(theirs, dtype=dtype)
        return *made, None if other is None else torch.tensor(other)


def third(kind, draw):
    if kind == "labels":
        return np.array([0, 4, IGNORE, 2, IGNORE, 1, 3])
    if kind == "many":
        labels = draw.integers(0, 2, size=(ROWS, CLASSES))
        labels[1], labels[2, :3] = IGNORE, IGNORE
        return labels
    if kind == "scores":
        return np.where(np.arange(ROWS) % 3 == 1, np.nan, draw.normal(scale=2.0, size=ROWS))
    return np.arange(TOKENS) < np.array([[6], [3], [1], [5]]) if kind == "mask" else None


def rows(loss, twin, *given, **options):
    return Case(lambda s, t, _: loss(s, t, *given), lambda s, t, _: twin(s, t, *given), **options)


def tokens(loss, twin, student=WIDTH, teacher=WIDTH, **options):
    shapes = {"student": (BATCH, TOKENS, student), "teacher": (BATCH, TOKENS, teacher)}
    return Case(loss, twin, **shapes, third="mask", **options)


def maps(student, teacher, causal=False):
    shapes = [(BATCH, heads, TOKENS, TOKENS) for heads in (student, teacher)]
    call = [lambda s, t, mask, loss=loss: loss(s, t, mask, causal=causal) for loss in (f.attention, twins.attention)]
    return Case(*call, *shapes, third="mask")


def related(student, teacher, heads, causal=False):
    """Query, key and value lie side by side in one array."""

    def call(loss, cut):
        return lambda s, t, mask: loss(cut(s, 3, -1), cut(t, 3, -1), mask, heads, causal=causal)

    return tokens(call(f.relations, torch.chunk), call(twins.relations, np.split), 3 * student, 3 * teacher)


def labelled(loss, twin, **options):
    return Case(lambda s, _, y: loss(s, y), lambda s, _, y: twin(s, y), compares=False, **options)


ONE = {"student": (ROWS, 1), "teacher": (ROWS, 1), "third": "scores"}
POINTS = {"student": (ROWS, 8), "teacher": (ROWS, 3), "split": False}
WEIGHTS = [0.5, 2.0, 1.0, 0.25, 1.25]

CASES = {
    "hard": labelled(f.hard, twins.hard, third="labels"),
    "weighted hard": Case(
        lambda s, _, y: f.hard(s, y, torch.tensor(WEIGHTS)),
        lambda s, _, y: twins.hard(s, y, WEIGHTS),
        third="labels",
        compares=False,
    ),
    "hard_labels": labelled(f.hard_labels, twins.hard_labels, third="many"),
    "hard_score": labelled(f.hard_score, twins.hard_score, **ONE),
    "soft": rows(f.soft, twins.soft, 2.0),
    "cold soft": rows(f.soft, twins.soft, 0.5),
    "soft on two classes": rows(f.soft, twins.soft, 4.0, student=(ROWS, 2), teacher=(ROWS, 2)),
    "reverse_kl": rows(f.reverse_kl, twins.reverse_kl, 2.0),
    "js": rows(f.js, twins.js, 2.0, 0.5),
    "js near student": rows(f.js, twins.js, 1.0, 0.9),
    "skew_kl": rows(f.skew_kl, twins.skew_kl, 2.0, 0.1),
    "skew_reverse_kl": rows(f.skew_reverse_kl, twins.skew_reverse_kl, 2.0, 0.1),
    "taid": rows(f.taid, twins.taid, 2.0, 0.4),
    "taid at the end": rows(f.taid, twins.taid, 1.0, 1.0),
    "dkd": Case(
        lambda s, t, y: f.dkd(s, t, y, 2.0, 1.0, 8.0), lambda s, t, y: twins.dkd(s, t, y, 2.0, 1.0, 8.0), third="labels"
    ),
    "dist": rows(f.dist, twins.dist, 2.0, 0.7, 1.3, split=False),
    "dist along rows": rows(f.dist, twins.dist, 1.0, 1.0, 0.0),
    "standardized": rows(f.standardized, twins.standardized, 2.0),
    "logit_mse": rows(f.logit_mse, twins.logit_mse),
    "soft_labels": rows(f.soft_labels, twins.soft_labels, 2.0),
    "soft_score": rows(f.soft_score, twins.soft_score, **ONE),
    "bounded soft_score": Case(
        lambda s, t, y: f.soft_score(s, t, y, 0.5), lambda s, t, y: twins.soft_score(s, t, y, 0.5), **ONE
    ),
    "hidden": tokens(f.hidden, twins.hidden),
    "hidden_cosine": tokens(f.hidden_cosine, twins.hidden_cosine),
    "cka": tokens(f.cka, twins.cka, split=False),
    "cka of two widths": tokens(f.cka, twins.cka, 8, 3, split=False),
    "attention": maps(2, 2),
    "attention of other heads": maps(2, 3),
    "causal attention": maps(2, 2, causal=True),
    "relations in 2 heads": related(8, 8, 2),
    "relations in 4 heads of two widths": related(8, 12, 4),
    "causal relations": related(8, 4, 2, causal=True),
    "pkd": rows(f.pkd, twins.pkd, student=(ROWS, 8), teacher=(ROWS, 8)),
    "rkd_distance": rows(f.rkd_distance, twins.rkd_distance, 10, **POINTS),
    "rkd_distance of some": rows(f.rkd_distance, twins.rkd_distance, 4, **POINTS),
    "rkd_angle": rows(f.rkd_angle, twins.rkd_angle, 10, **POINTS),
    "rkd_angle of some": rows(f.rkd_angle, twins.rkd_angle, 4, **POINTS),
}
TERMS = {}
"""Terms as ``EACH`` of ``test_terms`` lists them, of files that bring their own."""


def add_cases_of_files():
    """Take in the twins that stand in files of their own, as ``docs/extending/term.md`` teaches: a file, a term."""
    for path in sorted((Path(__file__).parent / "cases").glob("*.py")):
        names = run_path(str(path))
        CASES.update(names["CASES"])
        TERMS.update(names["TERMS"])


def rows_of(seed, *shape, scale=3.0):
    """Numbers for a test, the same at each call."""
    return np.random.default_rng(seed).normal(scale=scale, size=shape)


def tensor(array, **options):
    return torch.tensor(array, dtype=torch.float32, **options)


def value(result):
    return result[0].item()


def outputs(seed, width, layers=3, batch=4, tokens=5, classes=3):
    """What a model of two layers might say about four sentences of 2, 3, 4 and 5 tokens."""
    generator = torch.Generator().manual_seed(seed)
    hidden = tuple(torch.randn(batch, tokens, width, generator=generator) for _ in range(layers))
    mask = torch.arange(tokens) < torch.arange(2, 2 + batch).unsqueeze(1)
    maps = tuple(torch.randn(batch, 2, tokens, tokens, generator=generator) for _ in range(layers - 1))
    qkv = tuple(
        tuple(torch.randn(batch, tokens, width, generator=generator) for _ in range(3)) for _ in range(layers - 1)
    )
    return Outputs(torch.randn(batch, classes, generator=generator), hidden, mask, maps, qkv)


add_cases_of_files()
