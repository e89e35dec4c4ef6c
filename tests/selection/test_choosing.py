"""Which texts are chosen: as a plain form of each method says, without repeats and without what is labelled."""

import itertools

import numpy as np
import pytest

from distill.data.text_file import TextRow
from distill.selection import uncertainty
from distill.selection.diversity import OuterProducts, Vectors, k_centres, k_means_plus_plus, squared_distances
from distill.selection.methods import METHODS, Candidates
from distill.selection.names import METHODS as NAMES
from distill.selection.pool import pool
from distill.selection.states import Read

DRAW = np.random.default_rng(0)
LOGITS = DRAW.normal(size=(40, 3)).astype(np.float32)
STATES = DRAW.normal(size=(40, 5)).astype(np.float32)


def ignore(count):
    """Nobody is told how far it is."""


def texts(kind="class", labelled=None, seed=1):
    return Candidates(Read(LOGITS, STATES), kind, labelled, np.random.default_rng(seed), ignore)


def outer():
    likely = np.exp(LOGITS) / np.exp(LOGITS).sum(axis=1, keepdims=True)
    gradients = likely - np.eye(3, dtype=np.float32)[likely.argmax(axis=1)]
    return np.einsum("nl,nw->nlw", gradients, STATES).reshape(40, -1)


def test_distances_of_outer_products_are_those_of_the_products_written_out():
    likely = uncertainty.probabilities(LOGITS, "class")
    points = OuterProducts(uncertainty.gradients(likely, "class"), STATES)
    plain = outer()
    for point in (0, 17):
        np.testing.assert_allclose(
            points.distances(point), np.square(plain - plain[point]).sum(axis=1), atol=1e-4, rtol=1e-4
        )
    np.testing.assert_allclose(points.lengths, np.square(plain).sum(axis=1), rtol=1e-5)


def test_badge_begins_with_the_longest_gradient_and_repeats_nothing():
    chosen = METHODS["badge"](texts(), 40)
    assert chosen[0] == int(np.square(outer()).sum(axis=1).argmax())
    assert sorted(chosen) == list(range(40))
    assert METHODS["badge"](texts(), 10) == chosen[:10]  # the same seed draws the same
    assert METHODS["badge"](texts(seed=2), 10) != chosen[:10]


def test_k_means_plus_plus_draws_by_squared_distance():
    line = Vectors(np.array([[3.0], [0.0], [1.0], [3.0]], dtype=np.float32))
    draws = [tuple(k_means_plus_plus(line, 2, np.random.default_rng(seed), ignore)) for seed in range(2000)]
    assert {first for first, _ in draws} == {0}
    share = sum(second == 1 for _, second in draws) / len(draws)
    assert share == pytest.approx(9 / 13, abs=0.04)  # squared distances from 3 are 9, 4 and 0
    assert all(second != 3 for _, second in draws)


def test_points_that_coincide_are_drawn_last():
    points = Vectors(np.zeros((5, 2), dtype=np.float32))
    assert sorted(k_means_plus_plus(points, 5, np.random.default_rng(0), ignore)) == list(range(5))


def test_centres_are_the_farthest_from_those_taken_before():
    chosen = k_centres(Vectors(STATES), 6, None, ignore)
    plain = [int(np.square(STATES).sum(axis=1).argmax())]
    while len(plain) < 6:
        gaps = np.min([np.square(STATES - STATES[each]).sum(axis=1) for each in plain], axis=0)
        plain.append(int(gaps.argmax()))
    assert chosen == plain


def test_centres_keep_away_from_what_is_labelled():
    labelled = STATES[:30]
    chosen = METHODS["coreset"](texts(labelled=labelled), 10)
    assert sorted(chosen) == list(range(30, 40))
    gaps = np.min([np.square(STATES - each).sum(axis=1) for each in labelled], axis=0)
    np.testing.assert_allclose(squared_distances(STATES, labelled), gaps, atol=1e-4)
    assert chosen[0] == int(gaps.argmax())


def test_margin_and_entropy_choose_what_is_least_sure():
    likely = np.exp(LOGITS.astype(np.float64))
    likely /= likely.sum(axis=1, keepdims=True)
    ordered = np.sort(likely, axis=1)
    margins, entropies = ordered[:, 2] - ordered[:, 1], -(likely * np.log(likely)).sum(axis=1)
    assert METHODS["margin"](texts(), 5) == np.argsort(margins)[:5].tolist()
    assert METHODS["entropy"](texts(), 5) == np.argsort(-entropies)[:5].tolist()


def test_labels_by_themselves_are_unsure_where_one_of_them_is():
    likely = 1 / (1 + np.exp(-LOGITS))
    assert METHODS["margin"](texts("labels"), 1) == [int(np.abs(likely - 0.5).min(axis=1).argmin())]
    entropies = -(likely * np.log(likely) + (1 - likely) * np.log(1 - likely)).sum(axis=1)
    assert METHODS["entropy"](texts("labels"), 1) == [int(entropies.argmax())]


def test_every_method_has_its_name_in_the_settings():
    assert tuple(METHODS) == NAMES
    for (name, method), count in itertools.product(METHODS.items(), (1, 7, 40)):
        chosen = method(texts(), count)
        assert len(set(chosen)) == count, name


def rows(*said):
    return [TextRow({"text": text}, None) for text in said]


def test_a_pool_has_each_text_once_and_none_that_is_labelled():
    found = pool(rows("A text", "a  text ", "other", "done", "Other"), rows("DONE"), most=10, seed=0)
    assert [row.inputs["text"] for row in found.rows] == ["A text", "other"]
    assert (found.read, found.repeated, found.labelled) == (5, 2, 1)


def test_a_pool_is_drawn_evenly_and_stays_in_order():
    many = rows(*map(str, range(20)))
    drawn = [tuple(int(row.inputs["text"]) for row in pool(many, [], most=5, seed=seed).rows) for seed in range(400)]
    assert all(len(each) == 5 and list(each) == sorted(each) for each in drawn)
    counts = np.bincount([number for each in drawn for number in each], minlength=20)
    assert counts.min() > 60  # of 100 on average
    assert counts.max() < 140
