"""How many rows a difference takes, against a simulation of what is promised."""

import numpy as np
import pytest
from scipy.stats import binom, norm

from distill.metrics.power import difference_shown, rows_for_difference, rows_for_drop


def test_the_rows_are_those_of_the_textbook():
    difference, parting = 0.02, 0.15
    numerator = norm.ppf(0.975) * np.sqrt(parting) + norm.ppf(0.8) * np.sqrt(parting - difference**2)
    assert rows_for_difference(difference, parting) == np.ceil((numerator / difference) ** 2)


@pytest.mark.parametrize(("difference", "parting"), [(0.03, 0.1), (0.05, 0.2)])
def test_four_draws_of_five_show_the_difference(difference, parting):
    rows = rows_for_difference(difference, parting)
    better, worse = (parting + difference) / 2, (parting - difference) / 2
    draws = np.random.default_rng(0).multinomial(rows, [better, worse, 1 - parting], size=4000)
    gain = (draws[:, 0] - draws[:, 1]) / rows
    error = np.sqrt(((draws[:, 0] + draws[:, 1]) / rows - gain**2) / rows)
    assert np.mean(gain - 1.96 * error > 0) == pytest.approx(0.8, abs=0.03)


def test_the_smallest_difference_is_the_inverse():
    assert rows_for_difference(difference_shown(2000, 0.1), 0.1) <= 2000
    assert rows_for_difference(0.98 * difference_shown(2000, 0.1), 0.1) > 2000
    assert difference_shown(3, 0.1) == 0.1


@pytest.mark.parametrize(("parting", "level"), [(0.0, 0.05 / 10), (0.05, 0.05), (0.25, 0.05 / 16)])
def test_a_drop_is_shown_by_so_many_rows_in_nine_draws_of_ten(parting, level):
    rows = rows_for_drop(0.1, parting, level)
    draws = np.random.default_rng(0).multinomial(rows, [parting / 2, parting / 2 + 0.1, 0.9 - parting], size=4000)
    won, lost, _ = draws.T
    p = binom.sf(lost - 1, won + lost, 0.5)  # of the exact sign test
    assert 0.88 <= np.mean(p <= level) <= 0.98
