"""Intervals of means of tables whose axes are drawn."""

import numpy as np
import pytest
from scipy import stats

from distill.metrics.crossed import Interval, crossed_bootstrap


def wider(entries):
    """Student's quantile beside the normal one, and the variance of n - 1 beside that of n."""
    return stats.t.ppf(0.975, entries - 1) / stats.norm.ppf(0.975) * np.sqrt(entries / (entries - 1))


def test_it_is_the_mean_over_draws_of_every_axis_as_a_loop_takes_them():
    table = np.random.default_rng(1).normal(size=(4, 3, 2))
    (found,) = crossed_bootstrap([table], resamples=300, seed=7)
    generator = np.random.default_rng(7)
    times = [generator.multinomial(size, np.full(size, 1 / size), size=300) for size in table.shape]
    means = [
        np.mean(np.repeat(np.repeat(np.repeat(table, t, axis=0), a, axis=1), b, axis=2))
        for t, a, b in zip(*times, strict=True)
    ]
    ends = table.mean() + wider(2) * (np.quantile(means, [0.025, 0.975]) - table.mean())
    np.testing.assert_allclose(found, [table.mean(), *ends], atol=1e-12)


def test_names_that_stand_in_many_texts_are_not_taken_for_many_names():
    of_names = np.random.default_rng(2).normal(size=10)
    table = np.broadcast_to(of_names[None, :], (200, 10))
    (found,) = crossed_bootstrap([table])
    alone = stats.t.interval(0.95, 9, of_names.mean(), stats.sem(of_names))  # as of ten numbers, not of two thousand
    np.testing.assert_allclose([found.low, found.high], alone, atol=0.1 * (alone[1] - alone[0]))


def test_three_of_the_same_sign_are_not_clear():
    (found,) = crossed_bootstrap([np.array([[[0.01]], [[0.02]], [[0.04]]])])
    assert found.low < 0 < found.mean


def test_intervals_hold_the_truth_at_least_as_often_as_they_say():
    generator, held = np.random.default_rng(3), 0
    for draw in range(120):
        texts, names = generator.normal(size=(12, 1)), generator.normal(size=(1, 12))
        (found,) = crossed_bootstrap([texts + names + generator.normal(size=(12, 12))], resamples=400, seed=draw)
        held += found.low <= 0 <= found.high
    assert held >= 108


def test_tables_share_their_draws():
    one = np.random.default_rng(4).normal(size=(6, 5))
    first, second = crossed_bootstrap([one, one + 1.0])
    np.testing.assert_allclose(np.subtract(second, first), 1.0)


def test_a_single_entry_has_no_interval():
    (found,) = crossed_bootstrap([np.full((1, 1, 1), 0.5)])
    assert found.mean == 0.5
    assert np.isnan(found.low)
    assert not found.is_clear
    assert Interval(0.1, 0.05, 0.2).is_clear


@pytest.mark.parametrize("tables", [[np.ones((2, 0))], [np.ones((2, 2)), np.ones((2, 3))]])
def test_tables_of_other_shapes_or_without_entries_are_refused(tables):
    with pytest.raises(ValueError, match="tables have to be of one shape, and not empty"):
        crossed_bootstrap(tables)
