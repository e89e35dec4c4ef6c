"""Norms of what ranks share out are those of the whole, also where a rank holds nothing of it."""

import math

import pytest
import torch
import two_ranks
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.tensor import Shard, distribute_tensor

from distill.training.sharding import largest, total_norm

VALUES = {"usual": ([[3.0]], [[1.0, -4.0], [2.0, 2.0]]), "no number": ([[1.0], [math.nan]], [[1.0]])}


def rank(number):
    mesh = init_device_mesh("cpu", (2,))
    found = {}
    for name, values in VALUES.items():
        shares = [distribute_tensor(torch.tensor(each), mesh, [Shard(0)]) for each in values]
        found[name] = float(total_norm(shares)), float(largest(shares))
    return found


def test_norms_over_ranks_are_those_of_the_whole(free_port):
    for found in two_ranks.said(rank, free_port):
        assert found["usual"] == pytest.approx((math.sqrt(34), 4.0))
        assert not math.isfinite(found["no number"][0])
        assert found["no number"][1] == math.inf


def test_norms_of_one_process_are_torchs_own():
    tensors = [torch.tensor(each) for each in VALUES["usual"][1:]]
    assert float(total_norm(tensors)) == 5.0
    assert float(largest(tensors)) == 4.0
    assert math.isnan(float(largest([torch.tensor([1.0, math.nan])])))
