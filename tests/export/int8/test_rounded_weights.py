"""Weights are rounded to 8 bits so that no two products overflow a sum of 16 bits, and lose as little as that takes."""

import numpy as np
import pytest

from distill.export.int8.weights import largest_pair, round_linear, round_table
from distill.models.eight_bits import LARGEST_SUM, STEPS


def worst_sum(weights):
    """The largest sum of two neighbours' products over all inputs: each is 0 or 255, whichever is worse."""
    steps = weights.astype(np.int64)
    inputs = np.array([(one, other) for one in (0, STEPS) for other in (0, STEPS)])
    sums = [np.abs(one * steps[:-1] + other * steps[1:]).max() for one, other in inputs]
    return int(max(sums))


@pytest.mark.parametrize("inputs", [1, 2, 7, 64])
@pytest.mark.parametrize("kind", ["normal", "same", "outliers", "zeros"])
def test_no_input_overflows_the_sum_of_two_products(inputs, kind):
    draw = np.random.default_rng(inputs)
    weights = draw.normal(size=(inputs, 33)).astype(np.float32)
    weights = {"normal": weights, "same": np.ones_like(weights), "zeros": weights * 0, "outliers": weights**5}[kind]
    rounded = round_linear(weights)
    assert inputs == 1 or worst_sum(rounded.values) <= LARGEST_SUM
    assert np.abs(rounded.values.astype(int)).max() <= 127
    assert np.abs(rounded.values * rounded.scale - weights).max() <= rounded.scale.max() / 2 * 1.0001


def test_an_output_without_large_neighbours_keeps_the_whole_range():
    weights = np.array([[1.0, 1.0], [0.0, 1.0], [-0.9, 0.0]])
    rounded = round_linear(weights)
    assert np.abs(rounded.values).max(axis=0).tolist() == [127, 64]
    assert rounded.scale == pytest.approx([1 / 127, 1 / 64])


def test_the_scales_lose_less_than_half_of_the_range_would():
    weights = np.random.default_rng(0).normal(size=(384, 64))
    rounded = round_linear(weights)
    halved = np.abs(weights).max(axis=0) / 64
    error = np.mean((rounded.values * rounded.scale - weights) ** 2)
    assert error < 0.7 * np.mean((np.rint(weights / halved) * halved - weights) ** 2)


def test_neighbours_of_other_signs_do_not_add_up():
    assert largest_pair(np.array([[127], [-127], [127]], dtype=np.int8)).tolist() == [127]
    assert largest_pair(np.array([[-100], [-100]], dtype=np.int8)).tolist() == [200]


def test_a_row_of_embeddings_has_its_own_scale():
    table = np.array([[1.0, -2.0], [100.0, 50.0], [0.0, 0.0]], dtype=np.float32)
    rounded = round_table(table)
    assert rounded.scale.shape == (3, 1)
    assert rounded.values.tolist() == [[64, -127], [127, 64], [0, 0]]
