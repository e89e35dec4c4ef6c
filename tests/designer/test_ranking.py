"""Which students come first, and whether three of them differ."""

import random

import pytest

from distill.designer.candidates import Candidate, StudentShape
from distill.designer.ranking import Sized, choose, differ, ranked


def sized(candidate, parameters, body):
    return Sized(candidate, parameters, body, 4 * parameters)


def layers(count):
    return sized(Candidate("teacher", StudentShape(count, 384, 12)), 12_000_000 + count * 1_800_000, count * 1_800_000)


def scratch(count, width):
    body = 12 * count * width**2
    return sized(Candidate("random", StudentShape(count, width, width // 32)), 30_000 * width + body, body)


def names(students):
    return [each.name for each in students]


def test_layers_of_the_teacher_come_before_random_weights_and_more_before_fewer():
    given = [scratch(6, 512), layers(1), scratch(1, 64), layers(3)]
    assert names(ranked(given)) == ["layers_3", "layers_1", "scratch_6x512", "scratch_1x64"]


def test_of_students_from_scratch_parameters_outside_the_embeddings_count():
    wide, deep = scratch(2, 192), scratch(6, 128)
    assert wide.parameters > deep.parameters
    assert names(ranked([wide, deep])) == ["scratch_6x128", "scratch_2x192"]


def test_a_student_without_layers_comes_last():
    static = sized(Candidate("static", StudentShape(0, 256, 0)), 8_000_000, 70_000)
    assert names(ranked([static, scratch(1, 64), layers(1)])) == ["layers_1", "scratch_1x64", "static_256"]
    assert names(choose([static, layers(2), layers(1)])) == ["layers_2", "layers_1", "static_256"]


def test_all_tokens_come_before_those_of_the_texts_alone_and_both_only_where_little_else_fits():
    one = StudentShape(2, 384, 12)
    whole, fewer = (
        sized(Candidate("teacher", one, vocabulary=name), 15_000_000, 3_600_000) for name in ("all", "corpus")
    )
    assert names(ranked([fewer, whole])) == ["layers_2", "layers_2_corpus"]
    assert names(choose([fewer, whole, layers(1), scratch(2, 64)])) == ["layers_2", "layers_1", "scratch_2x64"]
    assert names(choose([fewer, whole])) == ["layers_2", "layers_2_corpus"]


def test_a_student_from_scratch_of_a_single_layer_comes_after_those_of_more():
    one, two = scratch(1, 512), scratch(2, 64)
    assert one.body > two.body
    assert names(ranked([one, two])) == ["scratch_2x64", "scratch_1x512"]


def test_three_proposals_are_of_two_kinds_and_no_neighbours():
    given = [layers(count) for count in (1, 2, 3, 4, 5)] + [scratch(count, 192) for count in (1, 2, 3)]
    assert names(choose(given)) == ["layers_5", "layers_3", "scratch_3x192"]


def test_of_one_kind_alone_three_differ_too():
    assert names(choose([layers(count) for count in range(1, 6)])) == ["layers_5", "layers_3", "layers_2"]


def test_neighbours_are_proposed_only_where_there_is_nothing_else():
    assert names(choose([layers(5), layers(4)])) == ["layers_5", "layers_4"]
    assert names(choose([layers(10), layers(9), layers(8), layers(7)])) == ["layers_10", "layers_9", "layers_7"]


def test_fewer_than_three_are_all_proposed():
    assert choose([]) == []
    assert names(choose([scratch(1, 64)])) == ["scratch_1x64"]


def test_the_order_of_the_candidates_changes_nothing_and_choosing_again_neither():
    given = [layers(count) for count in (1, 2, 3)] + [scratch(c, w) for c in (1, 2, 4) for w in (64, 128, 256)]
    first = choose(given)
    for seed in range(5):
        mixed = random.Random(seed).sample(given, len(given))  # noqa: S311
        assert choose(mixed) == first
    assert choose(first) == first


@pytest.mark.parametrize(("bodies", "apart"), [((100, 140), True), ((140, 100), True), ((100, 139), False)])
def test_students_of_one_kind_differ_from_a_factor_of_parameters_on(bodies, apart):
    one, other = (sized(Candidate("random", StudentShape(1, 64, 2)), 1000, body) for body in bodies)
    assert differ(one, other) is apart
