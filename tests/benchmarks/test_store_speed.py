"""What the teacher store costs: building it against a bare pass of the teacher, learning from it against fine-tuning.

What is compared takes turns, so that a machine that slows down slows both; the middle of the ratios counts. Run it
alone on the machine, with ``make bench``: two cores that are shared with anything else make its times worthless.
"""

import itertools
import os
import statistics
import time

import numpy as np
import pytest
import torch
from transformers import BertConfig, BertForSequenceClassification

from distill.data.example_pipeline import ExamplePipeline, Sharding
from distill.inference.output_parts import OutputWriter
from distill.inference.output_store import OutputStore
from distill.inference.pass_loop import Kept, asks_rows, run_pass
from distill.inference.runtime import CPU
from distill.inference.torch_runtime import TorchRuntime
from distill.metrics import classification as metrics
from distill.objective import Objective
from distill.objective.terms.divergences import Soft
from distill.objective.terms.gold import Hard
from distill.tasks import EncodingSpec, collating
from distill.tasks import classification as task
from distill.training.distillation import DistillationModule
from distill.training.optim import Optimization
from distill.training.supervised import SupervisedModule, TrainingSpec
from distill.training.trainer import TrainerSettings, trainer

ROWS, ROUNDS = int(os.environ.get("BENCH_ROWS", "1600")), int(os.environ.get("BENCH_ROUNDS", "11"))
SETTINGS = TrainerSettings("cpu", 1, 1, "auto", "32-true", 1, 1.0, 50, enable_progress_bar=False)
TEACHER = BertConfig(
    vocab_size=2000, hidden_size=384, num_hidden_layers=6, num_attention_heads=12, intermediate_size=1536
)
"""As large as MiniLM-L6, the smallest teacher that one is likely to have; a larger one makes the rest cost less."""
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
        if isinstance(rows, str):
            return {"input_ids": self.ids}[rows]
        ids = [self.ids[row] for row in rows]
        mask = [[1] * len(each) for each in ids]
        targets = [[self.labels[row]] for row in rows]
        places = {"key": rows, "first": [0] * len(rows), "count": [1] * len(rows)}
        return {"input_ids": ids, "attention_mask": mask, "targets": targets, **places}


def align(logits, batch):
    return task.align(logits, batch, EncodingSpec(("no", "yes")))


def collate(rows, place):
    return collating.collate(rows, place, pad_id=0, teacher_pad_id=0)


PIPELINE = ExamplePipeline(
    encoder=lambda columns, tokenizer: columns,  # texts are tokens already
    prompter=None,
    collator=collating.collate,
    sharding=Sharding(32),
    accumulate=1,
    seed=1,
)


def batches(table):
    return PIPELINE.training_batches(table, collate, collating.counts(table[list(range(ROWS))]))


def epoch(store, table):
    torch.manual_seed(0)
    model, train = BertForSequenceClassification(SIZE), batches(table)
    optimization = Optimization("adamw", 1e-4, 0.01, 0.9, "linear", 0.1, len(train))
    recipe = TrainingSpec(align, metrics.collection(2), optimization, 1)
    hard = {"hard": Hard()}
    module = SupervisedModule(model, Objective(hard, {"hard": 1.0}), recipe)
    if store is not None:
        module = DistillationModule(
            model, Objective({**hard, "soft": Soft(2.0)}, {"hard": 0.5, "soft": 0.5}), recipe, store
        )
    module.train()
    made = trainer(SETTINGS)
    start = time.perf_counter()
    made.fit(module, train)
    return time.perf_counter() - start


class Loaders:
    """The table in the order in which a pass over it reads."""

    def __init__(self, table):
        self.table = table

    def __call__(self):
        return PIPELINE.scoring_batches(self.table, collate)


def bare(teacher, loader):
    """Nothing but a forward pass over the batches."""
    start = time.perf_counter()
    with torch.inference_mode():
        for batch in loader:
            teacher(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"])
    return time.perf_counter() - start


def built(teacher, loader, folder, states=()):
    """The same, and everything that the store needs: answers, parts on disk, and an index to ask them by."""
    start = time.perf_counter()
    writer = OutputWriter(folder, "teacher", states=states)
    run_pass(asks_rows(TorchRuntime(teacher), align, Kept(states=states)), loader, CPU, writer)
    OutputStore(folder, "teacher", states)
    return time.perf_counter() - start


def compared(what, one, other, rounds):
    """Time both in turns; return the middle of the ratios."""
    one(), other()  # warm-up
    taken = [(one(), other()) for _ in range(rounds)]
    first, second = (statistics.median(times) for times in zip(*taken, strict=True))
    ratio = statistics.median(later / former for former, later in taken)
    print(f"\n{what}: {first:.2f} s and {second:.2f} s for {ROWS} rows, ratio {ratio:.3f}")
    return ratio


@pytest.fixture(scope="module")
def teacher():
    torch.manual_seed(0)
    return BertForSequenceClassification(TEACHER).eval()


@pytest.fixture
def folders(tmp_path):
    """A new folder each time."""
    numbers = itertools.count()
    return lambda: tmp_path / str(next(numbers))


def test_an_epoch_from_the_store_costs_little_more_than_plain_fine_tuning(teacher, folders):
    table, folder = Table(), folders()
    built(teacher, Loaders(table)(), folder)
    store = OutputStore(folder, "teacher")
    what = "an epoch of fine-tuning, and of distillation from the store"
    assert compared(what, lambda: epoch(None, table), lambda: epoch(store, table), ROUNDS) <= 1.05


@pytest.mark.parametrize("states", [(), (0, 2, 4, 6)], ids=["logits", "logits and states"])
def test_building_the_store_costs_little_more_than_a_bare_pass(teacher, folders, states):
    loaders = Loaders(Table())
    what = f"a bare pass, and building the store with {len(states)} hidden states"
    ratio = compared(
        what, lambda: bare(teacher, loaders()), lambda: built(teacher, loaders(), folders(), states), ROUNDS
    )
    assert ratio <= 1.10
