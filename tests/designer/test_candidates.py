"""Which students there are to try."""

import pytest

from distill.designer.candidates import KINDS, Candidate, StudentShape, candidates, depths

MINILM = StudentShape(6, 384, 12)


def test_every_layer_count_below_the_teachers_is_a_candidate():
    found = [each.shape for each in candidates(MINILM, ["teacher"])]
    assert found == [StudentShape(layers, 384, 12) for layers in (1, 2, 3, 4, 5)]


def test_of_a_deep_teacher_at_most_twelve_depths_are_tried():
    assert depths(24, 12) == [1, *range(2, 25, 2)]
    assert depths(1, 12) == [1]


def test_narrower_students_keep_the_width_of_a_head():
    found = [each.shape for each in candidates(MINILM, ["random"])]
    assert {shape.width for shape in found} == {64, 96, 128, 192, 256, 288}
    assert {shape.width / shape.heads for shape in found} == {32}
    assert {shape.layers for shape in found} == {1, 2, 3, 4, 5, 6}


@pytest.mark.parametrize(
    "teacher",
    [MINILM, StudentShape(3, 128, 4), StudentShape(24, 1024, 16), StudentShape(2, 32, 2), StudentShape(1, 8, 1)],
)
def test_every_candidate_is_smaller_than_the_teacher_and_has_a_name_of_its_own(teacher):
    found = candidates(teacher, list(KINDS))
    assert all(each.shape.layers < teacher.layers or each.shape.width < teacher.width for each in found)
    assert len({each.name for each in found}) == len(found)


def test_a_teacher_of_one_layer_and_one_head_has_no_smaller_student():
    assert candidates(StudentShape(1, 8, 1), list(KINDS)) == []


def test_students_without_layers_are_no_wider_than_their_teacher():
    found = candidates(StudentShape(3, 128, 4), ["static"])
    assert [(each.name, each.shape) for each in found] == [
        ("static_64", StudentShape(0, 64, 0)),
        ("static_128", StudentShape(0, 128, 0)),
    ]
    assert found[0].card == {"init": "static", "static": {"size": 64}}


def test_cards_say_what_the_schema_reads():
    assert Candidate("teacher", StudentShape(3, 384, 12)).card == {
        "init": "teacher",
        "layers": 3,
        "layer_map": "uniform",
        "embedding_rank": "auto",
    }
    fewer = Candidate("teacher", StudentShape(3, 384, 12), vocabulary="corpus")
    assert fewer.card == {"init": "teacher", "layers": 3, "layer_map": "uniform", "vocabulary": "corpus"}
    assert Candidate("random", StudentShape(2, 64, 2)).card == {
        "init": "random", "architecture": {"layers": 2, "hidden_size": 64, "heads": 2, "intermediate_size": 256},
    }  # fmt: skip
    assert Candidate("random", StudentShape(2, 64, 2)).name == "scratch_2x64"
