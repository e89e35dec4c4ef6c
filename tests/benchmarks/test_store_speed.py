"""What the teacher store costs: an epoch of distillation from it against an epoch of plain fine-tuning.

Run it alone on the machine, with ``make bench``: two cores that are shared with anything else make its times worthless.
"""

import statistics
import time

import numpy as np
import pytest
import torch
from transformers import BertConfig, BertForSequenceClassification

from distill.data.batching import Batches, Examples, shuffled_groups, training_places
from distill.losses import Hard, Objective, Soft
from distill.metrics import classification as metrics
from distill.tasks import Form, features
from distill.tasks import classification as task
from distill.teacher_store import AnswerStore, AnswerWriter
from distill.training.distiller import Distiller
from distill.training.learner import Learner, Recipe
from distill.training.optim import Optimization
from distill.training.trainer import TrainerSettings, trainer

ROWS, ROUNDS = 3200, 11
SIZE = BertConfig(vocab_size=2000, hidden_size=128, num_hidden_layers=2, num_attention_heads=2, intermediate_size=512)


class Table:
    """Texts of 5 to 40 random tokens."""

    def __init__(self):
        draw = np.random.default_rng(0)
        self.ids = [draw.integers(5, 2000, draw.integers(5, 40)).tolist() for _ in range(ROWS)]
        self.labels = [ids[0] % 2 for ids in self.ids]

    def __len__(self):
        return ROWS

    def __getitem__(self, rows):
        ids = [self.ids[row] for row in rows]
        mask = [[1] * len(each) for each in ids]
        targets = [[self.labels[row]] for row in rows]
        places = {"key": rows, "first": [0] * len(rows), "count": [1] * len(rows)}
        return {"input_ids": ids, "attention_mask": mask, "targets": targets, **places}


def align(logits, batch):
    return task.align(logits, batch, Form(("no", "yes")))


def batches(table):
    counts = features.counts(table[list(range(ROWS))])

    def places(epoch):
        groups = shuffled_groups(counts["tokens"], batch_size=32, batch_tokens=None, parts=1, seed=1, epoch=epoch)
        return training_places(groups, counts, accumulate=1, world=1, rank=0, epoch=epoch)

    def collate(rows, place):
        return features.collate(rows, place, pad_id=0, teacher_pad_id=0)

    return Batches(Examples(table, collate), places)


def epoch(store, table):
    torch.manual_seed(0)
    model, train = BertForSequenceClassification(SIZE), batches(table)
    optimization = Optimization("adamw", 1e-4, 0.01, 0.9, "linear", 0.1, len(train))
    recipe = Recipe(align, metrics.collection(2), optimization, 1)
    hard = {"hard": Hard()}
    module = Learner(model, Objective(hard, {"hard": 1.0}), recipe)
    if store is not None:
        module = Distiller(model, Objective({**hard, "soft": Soft(2.0)}, {"hard": 0.5, "soft": 0.5}), recipe, store)
    module.train()
    made = trainer(TrainerSettings("cpu", 1, 1, "auto", "32-true", 1, 1.0, 50, enable_progress_bar=False))
    start = time.perf_counter()
    made.fit(module, train)
    return time.perf_counter() - start


@pytest.fixture
def store(tmp_path):
    writer = AnswerWriter(tmp_path, "teacher", rows_per_part=500)
    ones = torch.ones(ROWS, dtype=torch.long)
    places = {"key": torch.arange(ROWS), "first": 0 * ones, "count": ones}
    writer.add(places, {"values": torch.randn(ROWS, 2)})
    writer.flush()
    return AnswerStore(tmp_path, "teacher")


def test_an_epoch_from_the_store_costs_little_more_than_plain_fine_tuning(store):
    table = Table()
    epoch(store, table)  # warm-up
    taken = [(epoch(None, table), epoch(store, table)) for _ in range(ROUNDS)]
    plain, stored = (statistics.median(times) for times in zip(*taken, strict=True))
    ratio = statistics.median(other / one for one, other in taken)
    print(f"\nplain {plain:.2f} s, from the store {stored:.2f} s an epoch of {ROWS} rows: ratio {ratio:.3f}")
    assert ratio <= 1.05
