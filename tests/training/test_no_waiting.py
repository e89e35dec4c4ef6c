"""A step of training asks the device for no number: it would wait until all that was asked of it before is done."""

import pytest
import pytorch_lightning as pl
import torch
from any_devices import Way, train
from torch import Tensor
from waits import ASKING, Waits, noted

from distill.models import attention_masks
from distill.training import finite_checks

STEPS = range(5, 15)


class Counting(pl.Callback):
    """Counts what the steps of ``STEPS`` ask for, from their first callback to the last."""

    def __init__(self, monkeypatch):
        self.waits, self.patched = Waits(), monkeypatch
        self.counts = False
        for name in ASKING:
            asked = noted(getattr(Tensor, name), name, self.waits, lambda: self.counts)
            monkeypatch.setattr(Tensor, name, asked)

    def on_train_batch_start(self, trainer, module, batch, batch_idx):
        self.counts = trainer.global_step in STEPS
        if self.counts:
            self.waits.__enter__()


class Counted(pl.Callback):
    """Ends a count, after all other callbacks."""

    def __init__(self, counting):
        self.counting = counting

    def on_train_batch_end(self, *_):
        if self.counting.counts:
            self.counting.counts = False
            self.counting.waits.__exit__(None, None, None)


@pytest.mark.parametrize("accumulate", [1, 2])
def test_a_step_that_is_not_logged_waits_for_nothing(accumulate, tmp_path, monkeypatch):
    monkeypatch.setattr(finite_checks, "_at_once", lambda module: False)  # as on a GPU
    counting = Counting(monkeypatch)
    way = Way(accumulate=accumulate, logged=100, optimizer="adamw")
    with attention_masks.always_made(torch.device("cuda")):
        train(tmp_path, way, epochs=7, more=[counting, Counted(counting)])
    assert counting.waits.found == {}
