import numpy as np
import pytest

from distill.data.batching import scoring_places, shuffled_groups, training_places

LENGTHS = np.random.default_rng(0).integers(3, 40, 1003)


def groups(epoch=0, *, batch_size=8, parts=2, batch_tokens=None, seed=1):
    given = {"batch_size": batch_size, "batch_tokens": batch_tokens, "parts": parts, "seed": seed, "epoch": epoch}
    return [group.tolist() for group in shuffled_groups(LENGTHS, **given)]


def test_an_epoch_is_a_pure_function_of_seed_and_epoch():
    assert groups(3) == groups(3)
    assert groups(3) != groups(4)
    assert groups(3) != groups(3, seed=2)


@pytest.mark.parametrize("batch_tokens", [None, 100])
def test_every_row_is_seen_once_an_epoch(batch_tokens):
    seen = sorted(row for group in groups(batch_tokens=batch_tokens) for row in group)
    assert seen == list(range(len(LENGTHS)))


def test_rows_too_few_for_a_group_sit_out_other_ones_each_epoch():
    out = [
        set(range(1003)) - {row for group in groups(epoch, batch_size=5, parts=4) for row in group}
        for epoch in range(4)
    ]
    assert all(len(rows) == 3 for rows in out)
    assert len(set().union(*out)) > 3


def test_similar_lengths_are_seen_together():
    waste = sum(max(LENGTHS[group]) * len(group) - LENGTHS[group].sum() for group in map(np.array, groups(parts=1)))
    assert waste < 0.1 * LENGTHS.sum()


def test_a_budget_of_tokens_is_kept_by_every_part_and_cuts_as_many_groups_each_epoch():
    counts = {"tokens": LENGTHS}
    for epoch in range(4):
        made = shuffled_groups(LENGTHS, batch_size=8, batch_tokens=100, parts=2, seed=1, epoch=epoch)
        places = training_places(made, counts, accumulate=2, world=1, rank=0, epoch=epoch)
        assert max(len(place.rows) * max(LENGTHS[list(place.rows)]) for place in places) <= 100
        assert len(made) == len(groups(batch_tokens=100))


@pytest.mark.parametrize(("accumulate", "world"), [(1, 1), (2, 1), (1, 2), (2, 2)])
def test_a_group_is_the_same_however_it_is_cut_into_parts(accumulate, world):
    whole = shuffled_groups(LENGTHS, batch_size=8, batch_tokens=None, parts=1, seed=1, epoch=0)
    counts = {"rows": np.ones_like(LENGTHS), "tokens": LENGTHS}
    cut = [
        training_places(whole, counts, accumulate=accumulate, world=world, rank=rank, epoch=0) for rank in range(world)
    ]
    for number, group in enumerate(whole[:-1]):
        steps = range(number * accumulate, (number + 1) * accumulate)
        parts = [cut[rank][step] for rank in range(world) for step in steps]
        assert sorted(row for part in parts for row in part.rows) == sorted(group)
        assert all(
            part.totals == {"parts": accumulate * world, "rows": len(group), "tokens": LENGTHS[group].sum()}
            for part in parts
        )


@pytest.mark.parametrize("world", [1, 2, 3])
@pytest.mark.parametrize("rows", [3, 17, 64])
def test_scoring_meets_every_row_once_over_all_ranks_and_leaves_no_rank_without_work(world, rows):
    ranks = [scoring_places(LENGTHS[:rows], batch_size=4, world=world, rank=rank) for rank in range(world)]
    assert sorted(row for places in ranks for place in places for row in place.rows) == list(range(rows))
    assert all(ranks)
    assert len({len(places) for places in ranks}) == 1, "ranks that share a model's weights out ask it together"
    assert max(len(place.rows) for places in ranks for place in places) <= 4 + (rows % (4 * world) < world)
