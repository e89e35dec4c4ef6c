"""A training goes on, and ends alike, where other ranks, or other micro-batches, make up the same steps."""

from functools import partial

import numpy as np
import pytest
import torch
import two_ranks
from any_devices import Way, apart, train
from pytorch_lightning.callbacks import Callback
from torch.distributed.tensor import DTensor

from distill.training.loop_counts import recut

CLOSE = 1e-12


@pytest.mark.parametrize("cut", [4, 8])
def test_steps_of_two_parts_go_on_as_steps_of_three_and_of_one(tmp_path, cut):
    """After so many micro-batches it is killed: in the first epoch, or in the second."""
    whole = train(tmp_path / "whole", Way(), epochs=2)
    for parts in (3, 1):
        folder = tmp_path / str(parts)
        assert train(folder, Way(accumulate=2), epochs=2, kill=cut) is None
        found = train(folder, Way(accumulate=parts), epochs=2)
        assert apart(found[0], whole[0]) < CLOSE
        assert found[1:3] == whole[1:3]


def test_a_checkpoint_between_steps_counts_in_other_parts():
    counts = {"ready": 8, "started": 8, "processed": 8, "completed": 7}
    place = {"epoch": 1, "position": 2}
    fit_loop = {
        "epoch_loop.batch_progress": {"total": dict(counts), "current": {**counts, "ready": 2, "completed": 1}},
        "state_dict": {"combined_loader": [dict(place)]},
    }
    states = {"Resume": {"place": dict(place), "stopped": False}, "Other": {"place": 3}}
    checkpoint = {"global_step": 4, "loops": {"fit_loop": fit_loop}, "callbacks": states}
    recut(checkpoint, 3)
    progress = fit_loop["epoch_loop.batch_progress"]
    assert progress["total"] == {"ready": 12, "started": 12, "processed": 12, "completed": 11}
    assert progress["current"]["completed"] == 2
    assert fit_loop["state_dict"]["combined_loader"] == [{"epoch": 1, "position": 3}]
    assert states == {"Resume": {"place": {"epoch": 1, "position": 3}, "stopped": False}, "Other": {"place": 3}}


class Shared(Callback):
    """Notes which part of a live teacher's weights this rank holds while the student learns."""

    def on_train_batch_start(self, trainer, pl_module, *_):
        weights = list(pl_module.teacher.model.parameters())
        held = [each.to_local() if isinstance(each, DTensor) else each for each in weights]
        self.part = sum(each.numel() for each in held) / sum(each.numel() for each in weights)


CHANCE = Way(2, "ddp", dropout=0.2)
ALONE = Way(accumulate=2, dropout=0.2)


def of_two(folder, rank):
    """What two ranks end with, with copies and shared out, and those that one process goes on with."""
    found = {}
    for strategy in ("ddp", "fsdp"):
        shared = Shared()
        way = Way(2, strategy, dropout=0.2)
        found[strategy] = (*train(folder / strategy, way, rank, more=[shared]), shared.part)
    train(folder / "to one", CHANCE, rank, kill=5)
    return found


@pytest.mark.long
def test_two_ranks_draw_what_one_process_does_hand_over_to_it_and_share_out_the_teacher(tmp_path):
    one = train(tmp_path / "alone", ALONE)
    ranks = two_ranks.said(partial(of_two, tmp_path), two_ranks.free_port())
    for rank in ranks:
        for end in rank.values():
            assert apart(end[0], one[0]) < CLOSE
    curves = [ranks[0][strategy][3] for strategy in ("ddp", "fsdp")]
    losses = [each for each in curves[0] if each[1].startswith("train/") and "share" not in each[1]]
    assert np.allclose(*([curve[each] for each in losses] for curve in curves), rtol=0, atol=CLOSE)
    assert [ranks[0][strategy][4] for strategy in ("ddp", "fsdp")] == [1.0, pytest.approx(0.5, abs=0.05)]
    resumed = train(tmp_path / "to one", ALONE)
    assert apart(resumed[0], one[0]) < CLOSE
    assert resumed[1:3] == one[1:3]
    assert not torch.distributed.is_initialized()
