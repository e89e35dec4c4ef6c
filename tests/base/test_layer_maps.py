import itertools
import random
import re

import pytest

from distill.base.layer_maps import in_order, layer_pairs
from distill.errors import ModelError


def test_a_map_by_name_or_by_numbers_pairs_every_layer_of_the_student():
    assert layer_pairs("last", student=2, teacher=6) == [(0, 4), (1, 5)]
    assert layer_pairs("3,1", student=2, teacher=6) == [(0, 3), (1, 1)]


def test_pairs_need_not_name_every_layer_of_the_student():
    assert layer_pairs("0:1, 1:3,2:5", student=3, teacher=6) == [(0, 1), (1, 3), (2, 5)]
    assert layer_pairs("2:0", student=3, teacher=6) == [(2, 0)]
    assert layer_pairs("3:1", student=4, teacher=2) == [(3, 1)], "the student may be the deeper one"


@pytest.mark.parametrize("name", ["0:6", "3:1", "1:0,0:1", "0:1,0:2"])
def test_pairs_that_do_not_fit_are_refused(name):
    message = (
        f"layer map {name}: allowed are student layers from 0 to 2 in their order, each once, "
        "with teacher layers from 0 to 5"
    )
    with pytest.raises(ModelError, match=f"^{re.escape(message)}$"):
        layer_pairs(name, student=3, teacher=6)


@pytest.mark.parametrize(("student", "teacher"), [(1, 4), (2, 2), (3, 7), (4, 6)])
def test_the_layers_most_alike_are_the_best_of_all_that_keep_their_order(student, teacher):
    draw = random.Random(student)  # noqa: S311
    for _ in range(20):
        likeness = [[draw.random() for _ in range(teacher)] for _ in range(student)]
        ways = itertools.combinations(range(teacher), student)
        best = max(ways, key=lambda way: sum(likeness[mine][theirs] for mine, theirs in enumerate(way)))
        assert in_order(likeness) == list(best)


def test_of_layers_that_are_equally_alike_the_lower_ones_are_taken():
    assert in_order([[0.5] * 4] * 2) == [0, 1]
    assert in_order([[0.0] * 3] * 3) == [0, 1, 2]


def test_more_layers_than_the_teachers_cannot_be_picked():
    with pytest.raises(ModelError, match=re.escape("the student has 3 layers, but the teacher has only 2 to give")):
        in_order([[1.0, 1.0]] * 3)
