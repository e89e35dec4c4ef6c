"""A step of training asks the device for no number: it would wait until all that was asked of it before is done."""

import traceback
from collections import Counter
from pathlib import Path

import pytest
import pytorch_lightning as pl
import torch
from any_devices import Way, train
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

import distill
from distill.models import attention_masks
from distill.training import finite_checks

ASKING = ("item", "cpu", "tolist", "numpy", "__bool__", "__float__", "__int__", "__index__", "nonzero")
WAITING = ("_local_scalar_dense", "is_nonzero", "nonzero", "masked_select", "_unique2", "unique_dim", "equal")
"""Operators whose result, or its size, the host has to know."""
STEPS = range(5, 15)
KNOWN = "(examples,) = real.any(dim=1).nonzero(as_tuple=True)"
"""Terms that compare first tokens have to know which texts have any."""


class Waits(TorchDispatchMode):
    """Counts what asks for numbers, by where the project or a library does so."""

    def __init__(self):
        super().__init__()
        self.found = Counter()

    def __torch_dispatch__(self, operator, types, args=(), kwargs=None):
        name = operator.name().partition("::")[2].partition(".")[0]
        by_mask = name.startswith("index") and any(
            isinstance(index, Tensor) and index.dtype in (torch.bool, torch.uint8)
            for index in (args[1] if isinstance(args[1], list | tuple) else ())
        )
        if name in WAITING or by_mask:
            self.note(name)
        return operator(*args, **(kwargs or {}))

    def note(self, name):
        frames = traceback.extract_stack()[:-2]
        own = [each for each in frames if str(Path(distill.__file__).parent) in each.filename]
        last = own[-1] if own else frames[-1]
        self.found[f"{name}: {Path(last.filename).name}:{last.lineno} {last.line} ... {frames[-1].filename}"] += 1


class Counting(pl.Callback):
    """Counts what the steps of ``STEPS`` ask for, from their first callback to the last."""

    def __init__(self, monkeypatch):
        self.waits, self.patched = Waits(), monkeypatch
        self.counts = False
        for name in ASKING:
            monkeypatch.setattr(Tensor, name, self.noted(name, getattr(Tensor, name)))

    def noted(self, name, usual):
        def asked(tensor, *args, **kwargs):
            if self.counts:
                self.waits.note(name)
            return usual(tensor, *args, **kwargs)

        return asked

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
    unexpected = {place: count for place, count in counting.waits.found.items() if KNOWN not in place}
    assert unexpected == {}
    assert len(counting.waits.found) == 2, "of student and teacher"
