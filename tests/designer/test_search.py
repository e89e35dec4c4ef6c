"""Which students are exported, on a clock and a scale that follow their shapes."""

import pytest

from distill.designer.candidates import Candidate, StudentShape
from distill.designer.ranking import Sized
from distill.designer.search import Cost, Limits, latency_estimate, search


def taken(shape):
    """Milliseconds of a shape, of which the search knows nothing."""
    return 0.1 + shape.layers * (0.05 + shape.width**2 / 4e5)


def students():
    shapes = [("teacher", StudentShape(layers, 384, 12)) for layers in range(1, 6)]
    shapes += [("narrow", StudentShape(layers, width, 4)) for layers in range(1, 7) for width in (64, 128, 192, 256)]
    found = []
    for init, shape in shapes:
        body = 12 * shape.layers * shape.width**2
        for vocabulary, tokens in (("all", 30_000), ("corpus", 10_000)):
            parameters = tokens * shape.width + body
            found.append(Sized(Candidate(init, shape, vocabulary=vocabulary), parameters, body, parameters))
    return found


class Scale:
    """Measures what it is asked for, and remembers that."""

    def __init__(self):
        self.asked = []

    def __call__(self, student):
        self.asked.append(student.name)
        return Cost(taken(student.candidate.shape), student.bytes)


@pytest.mark.parametrize(
    ("limits", "best"),
    [
        (Limits(), ["layers_5", "layers_3", "narrow_6x256"]),
        (Limits(latency_ms=1.0), ["layers_2", "layers_1", "narrow_4x256"]),
        (Limits(bytes=8e6), ["layers_2_corpus", "layers_1_corpus", "narrow_6x256_corpus"]),
    ],
)
def test_what_fits_best_is_looked_at_and_most_is_not(limits, best):
    scale = Scale()
    costs = search(students(), scale, limits)
    cost = costs.estimate()
    assert set(best) <= set(scale.asked)
    assert len(scale.asked) == len(set(scale.asked)) <= 9 < len(students())
    for student in students():
        assert (costs.excess(cost(student)) <= 1) == (
            limits.excess(latency_ms=taken(student.candidate.shape), size=student.bytes) <= 1
        ), student.name


def test_where_nothing_fits_what_comes_nearest_is_looked_at():
    scale = Scale()
    costs = search(students(), scale, Limits(latency_ms=0.01))
    assert "narrow_1x64_corpus" in scale.asked or "narrow_1x64" in scale.asked
    assert min(map(costs.excess, costs.seen.values())) > 1


def test_no_more_are_exported_than_may_be():
    scale = Scale()
    search(students(), scale, Limits(latency_ms=0.3), most=2)
    assert len(scale.asked) == 2


def test_a_measured_size_counts_for_more_than_the_counted_one():
    heavy = lambda student: Cost(1.0, 2 * student.bytes)  # noqa: E731
    (only, *_) = students()
    costs = search([only], heavy, Limits(bytes=1.5 * only.bytes))
    assert costs.excess(costs.estimate()(only)) == pytest.approx(4 / 3)


def test_times_of_other_shapes_follow_from_three_that_differ():
    known = [StudentShape(5, 384, 12), StudentShape(1, 64, 2), StudentShape(6, 128, 4)]
    estimate = latency_estimate({shape: taken(shape) for shape in known})
    for shape in (StudentShape(3, 256, 8), StudentShape(2, 384, 12), StudentShape(0, 256, 0)):
        assert estimate(shape) == pytest.approx(taken(shape), rel=0.01)
    assert latency_estimate({})(known[0]) == 0
