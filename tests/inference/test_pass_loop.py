"""A pass over batches: each asked once, ended by a signal after its batch, with a bar where one is wanted."""

import os
import signal
from contextlib import nullcontext

import pytest
import torch

from distill.base import long_work, signals
from distill.base.signals import Interrupted
from distill.errors import ModelError
from distill.inference.output_parts import OutputWriter, stored_places
from distill.inference.output_store import OutputStore
from distill.inference.pass_loop import Kept, asks_rows, asks_written, run_pass
from distill.inference.runtime import CPU


class Doubling:
    """A runtime that gives twice what it reads, and writes what it reads up to a 0."""

    name, labels, device = "doubling", (), CPU

    def __init__(self, signal_at=None):
        self.asked, self.signal_at = 0, signal_at

    def logits(self, batch):
        assert torch.is_inference_mode_enabled()
        self.asked += 1
        if self.asked == self.signal_at:
            os.kill(os.getpid(), signal.SIGTERM)
        return 2.0 * batch["input_ids"]

    def generate(self, batch, settings):
        return [ids[: settings["max_new_tokens"]] for ids in batch["input_ids"]]


def batches(count):
    """Batches of two examples, each with a row of two numbers."""
    made = []
    for number in range(count):
        key = torch.tensor([2 * number, 2 * number + 1])
        ids = torch.stack([key + 1, key + 2], dim=1)
        made.append({"input_ids": ids, "key": key, "first": torch.zeros(2).long(), "count": torch.ones(2).long()})
    return made


def align(logits, batch):
    return logits, batch["key"]


def asked(folder, count, runtime, doing="asking"):
    run_pass(asks_rows(runtime, align, Kept()), batches(count), CPU, OutputWriter(folder, "it"), doing)


def test_every_batch_is_asked_once_and_every_row_is_stored(tmp_path):
    runtime = Doubling()
    asked(tmp_path, 3, runtime)
    assert runtime.asked == 3
    rows = OutputStore(tmp_path, "it").examples(torch.arange(6))
    assert [row.tolist() for row in rows] == [[[2.0 * key + 2, 2.0 * key + 4]] for key in range(6)]


def test_what_is_written_is_stored_as_rows_of_one_token(tmp_path):
    ask = asks_written(Doubling(), {"max_new_tokens": 1})
    run_pass(ask, batches(2), CPU, OutputWriter(tmp_path, "it"))
    rows = OutputStore(tmp_path, "it").examples(torch.arange(4))
    assert [row.tolist() for row in rows] == [[[key + 1]] for key in range(4)]


@pytest.mark.parametrize("around", [nullcontext, signals.deferred])
def test_a_pass_that_is_terminated_ends_after_its_batch_and_keeps_what_was_answered(tmp_path, around):
    """Also where the signal is deferred around it, as among several ranks."""
    runtime = Doubling(signal_at=3)
    with pytest.raises(Interrupted, match="ended by SIGTERM"), signals.heeded(), around():
        asked(tmp_path, 12, runtime)
    assert runtime.asked == 3
    assert len(stored_places(tmp_path, "it")) == 3 * 2


def test_a_signal_in_the_last_batch_ends_the_pass_too(tmp_path):
    with pytest.raises(Interrupted), signals.heeded():
        asked(tmp_path, 3, Doubling(signal_at=3))
    assert len(stored_places(tmp_path, "it")) == 3 * 2


def test_whoever_looks_is_told_how_many_batches_are_done(tmp_path):
    counts = []

    class Seen:
        def moved(self, work):
            counts.append((work.what, work.count, work.total, work.unit))

        def ended(self, work):
            counts.append("ended")

    with long_work.observed(Seen()):
        asked(tmp_path, 2, Doubling(), doing="scoring")
    assert counts == [("scoring", count, 2, "batches") for count in (0, 1, 2)] + ["ended"]


def test_hidden_states_are_refused_of_a_runtime_that_has_none():
    with pytest.raises(ModelError, match=r"^doubling gives no hidden states"):
        asks_rows(Doubling(), align, Kept(states=(0,)))
