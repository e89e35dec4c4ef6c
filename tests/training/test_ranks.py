"""What the first rank alone finds out, every rank hears of."""

import multiprocessing
import os

import pytest
import torch.distributed as dist

from distill.errors import StoreError
from distill.training.processes import Ranks


def rank(number, port, results):
    os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port))
    dist.init_process_group("gloo", rank=number, world_size=2)
    ranks = Ranks(2, number)
    told = ranks.first(lambda: "found" if number == 0 else "never asked")
    try:
        ranks.first(lambda: fail(number))
    except StoreError as error:
        told += f", {error}"
    try:
        ranks.together(lambda: fail(number) if number == 1 else "well")
    except StoreError as error:
        told += f", {error}"
    results.put((number, told, ranks.same("a"), ranks.same(f"data of {number}")))
    dist.destroy_process_group()


def fail(number):
    raise StoreError(f"damaged, says {number}")


def test_ranks_share_the_firsts_result_and_anyones_error_and_notice_that_they_differ(free_port):
    spawn = multiprocessing.get_context("spawn")
    results = spawn.Queue()
    both = [spawn.Process(target=rank, args=(number, free_port, results)) for number in range(2)]
    for each in both:
        each.start()
    found = sorted(results.get(timeout=120) for _ in both)
    for each in both:
        each.join(60)
    assert found == [(number, "found, damaged, says 0, damaged, says 1", True, False) for number in range(2)]


def test_a_single_process_needs_no_group():
    ranks = Ranks()
    assert ranks.first(lambda: 3) == ranks.agree(3) == ranks.together(lambda: 3) == 3
    assert ranks.same("a")
    with pytest.raises(StoreError):
        ranks.first(lambda: fail(0))
