"""A training small enough for a test: a table of random texts whose label can be learnt, and a way to end it."""

import signal

import numpy as np
import pytorch_lightning as pl
from transformers import BertConfig, BertForSequenceClassification

from distill.data.batching import Batches, Examples, shuffled_groups, training_places
from distill.tasks import EncodingSpec, collating
from distill.tasks import classification as task

ROWS = 22


class Table:
    """Random texts of random lengths whose label can be learnt, as columns."""

    def __init__(self, rows=ROWS):
        draw = np.random.default_rng(0)
        self.ids = [draw.integers(5, 30, draw.integers(3, 9)).tolist() for _ in range(rows)]
        self.labels = [int(ids[0] > 17) for ids in self.ids]

    def __len__(self):
        return len(self.ids)

    def __getitem__(self, rows):
        ids = [self.ids[row] for row in rows]
        return {
            "input_ids": ids,
            "attention_mask": [[1] * len(each) for each in ids],
            "targets": [[self.labels[row]] for row in rows],
            "key": list(rows),
            "first": [0] * len(rows),
            "count": [1] * len(rows),
        }


class Kill(pl.Callback):
    """Ends the process, as far as Lightning can tell, after so many micro-batches."""

    def __init__(self, after):
        self.left = after

    def on_train_batch_end(self, *_):
        self.left -= 1
        if self.left == 0:
            raise RuntimeError("killed")


class Signal(Kill):
    """Has a signal come to the process after so many micro-batches."""

    def __init__(self, after, number=signal.SIGINT):
        super().__init__(after)
        self.number = number

    def on_train_batch_end(self, *_):
        self.left -= 1
        if self.left == 0:
            signal.raise_signal(self.number)


class InValidation(pl.Callback):
    """Has a signal come to the process in the midst of the validation of an epoch, counted from 1."""

    def __init__(self, epoch, batch=1):
        self.place = epoch - 1, batch

    def on_validation_batch_start(self, trainer, module, batch, batch_idx, *_):
        if (trainer.current_epoch, batch_idx) == self.place:
            signal.raise_signal(signal.SIGTERM)


def align(logits, batch):
    return task.align(logits, batch, EncodingSpec(("no", "yes")))


def collate(rows, place):
    return collating.collate(rows, place, pad_id=0, teacher_pad_id=0)


def batches(table, *, batch_size, accumulate=1, workers=0, seed=7, world=1, rank=0):
    """Shuffled batches of similar lengths, of one rank."""
    counts = collating.counts(table[range(len(table))])

    def places(epoch):
        groups = shuffled_groups(
            counts["tokens"], batch_size=batch_size, batch_tokens=None, parts=accumulate * world, seed=seed, epoch=epoch
        )
        return training_places(groups, counts, accumulate=accumulate, world=world, rank=rank, epoch=epoch)

    return Batches(Examples(table, collate), places, accumulate, workers)


def bert(*, width=16, layers=1, classes=2):
    """A model with random weights and dropout."""
    return BertForSequenceClassification(
        BertConfig(
            vocab_size=30, hidden_size=width, num_hidden_layers=layers, num_attention_heads=2,
            intermediate_size=width, num_labels=classes, max_position_embeddings=16,
        )
    )  # fmt: skip
