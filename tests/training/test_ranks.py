"""What the first rank alone finds out, every rank hears of."""

import pytest
import two_ranks

from distill.distributed.processes import Ranks
from distill.errors import StoreError


def rank(number):
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
    return told, ranks.same("a"), ranks.same(f"data of {number}")


def fail(number):
    raise StoreError(f"damaged, says {number}")


def test_ranks_share_the_firsts_result_and_anyones_error_and_notice_that_they_differ(free_port):
    assert two_ranks.said(rank, free_port) == [("found, damaged, says 0, damaged, says 1", True, False)] * 2


def test_a_single_process_needs_no_group():
    ranks = Ranks()
    assert ranks.first(lambda: 3) == ranks.agree(3) == ranks.together(lambda: 3) == 3
    assert ranks.same("a")
    with pytest.raises(StoreError):
        ranks.first(lambda: fail(0))
