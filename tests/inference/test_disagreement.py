"""On which examples teacher and student part, and in which way."""

import numpy as np
import pytest

from distill.inference.disagreement import Parting, answered, kinds, partings, spread
from distill.metrics import leading, metric_module
from distill.tasks import EncodingSpec, task
from distill.tasks.setup import TaskSetup

RIGHT, OTHER, WRONG = "teacher right, student wrong", "student right, teacher wrong", "both wrong, differently"


def parted(name, labels, columns, teacher, student, metric=None):
    """The number, kind and strength of each example on which two lists of records part."""
    setup = TaskSetup(name, task(name), EncodingSpec(labels))
    metrics = metric_module(setup.task.metric_module(labels))
    references = setup.references(columns)

    def model(records):
        def scored():
            groups = setup.task.groups(columns)
            return metrics.score(setup.predictions(records), references, labels, groups)

        return answered(setup, leading(metrics, metric), records, references, scored)

    return partings(setup, model(teacher), model(student))


def likely(*pairs):
    return [{"label": label, "probability": probability} for label, probability in pairs]


def test_labels_part_where_they_differ():
    columns = {"label": [0, 0, 1, 1, 2]}
    teacher = likely(("a", 0.9), ("a", 0.8), ("a", 0.7), ("b", 0.6), ("a", 0.5))
    student = likely(("a", 0.9), ("b", 0.6), ("b", 0.5), ("b", 0.4), ("b", 0.3))
    found = parted("classification", ("a", "b", "c"), columns, teacher, student)
    assert [(each.number, each.kind) for each in found] == [(1, RIGHT), (2, OTHER), (4, WRONG)]
    assert [each.strength for each in found] == pytest.approx([1 + 0.7, 1 + 0.6, 0.4])


def test_both_wrong_in_the_same_way_do_not_part():
    assert not parted("classification", ("a", "b"), {"label": [0]}, likely(("b", 0.9)), likely(("b", 0.6)))


def test_sets_of_labels_part_by_their_probabilities():
    def said(*probabilities):
        row = dict(zip("abc", probabilities, strict=True))
        return [{"labels": [name for name, likely in row.items() if likely > 0.5], "probabilities": row}]

    columns = {"label": [[1.0, 0.0, 0.0]]}
    (found,) = parted("multilabel_classification", ("a", "b", "c"), columns, said(0.9, 0.2, 0.0), said(0.9, 0.6, 0.1))
    assert found.kind == RIGHT
    assert found.strength == pytest.approx(0.5)


def test_tags_part_by_the_number_of_words_that_differ():
    labels, columns = ("O", "B-PER", "I-PER"), {"tokens": [["a", "b", "c"]] * 2, "label": [[1, 2, 0], [0, 0, 0]]}
    teacher = [{"tags": ["B-PER", "I-PER", "O"]}, {"tags": ["B-PER", "O", "O"]}]
    student = [{"tags": ["O", "B-PER", "O"]}, {"tags": ["O", "O", "O"]}]
    found = parted("token_classification", labels, columns, teacher, student)
    assert found == [Parting(0, RIGHT, 2.0), Parting(1, OTHER, 1.0)]


def test_answers_that_are_both_right_do_not_part_however_they_are_written():
    answers = [{"text": ["the red car"], "answer_start": [0]}] * 3
    columns = {"context": ["x"] * 3, "question": ["who"] * 3, "label": answers}
    teacher = [{"answer": text, "probability": 0.5} for text in ("The red car", "red car", "a blue house")]
    student = [{"answer": text, "probability": 0.5} for text in ("red car", "red", "house")]
    found = parted("question_answering", (), columns, teacher, student)
    assert [(each.number, each.kind) for each in found] == [(1, RIGHT), (2, WRONG)]
    assert found[0].strength == pytest.approx(1 - 2 / 3 + 0.5)


def test_scores_part_by_how_much_closer_one_is():
    columns, teacher, student = {"label": [1.0, 2.0, 3.0]}, [1.5, 2.0, 3.0], [1.0, 2.0, 5.0]
    rows = ([{"score": score} for score in scores] for scores in (teacher, student))
    found = parted("regression", (), columns, *rows)
    assert found == [Parting(0, "student closer", 0.5), Parting(2, "teacher closer", 2.0)]


def test_written_texts_part_by_the_metric_that_leads():
    targets = ["a dog runs in the park", "a cat sleeps"]
    columns = {"source": ["x", "y"], "target": targets}
    teacher = [{"target": text} for text in ("a dog runs in the park", "a cat sleeps")]
    student = [{"target": text} for text in ("a dog walks in a park", "a cat sleeps")]
    for metric in ("bleu", "chrf"):
        (found,) = parted("translation", (), columns, teacher, student, metric)
        assert (found.number, found.kind) == (0, "teacher closer")
        assert 0 < found.strength < 1


def test_of_perplexity_less_is_closer():
    columns = {"history": [["a"], ["b"]], "reply": ["c", "d"]}
    teacher = [{"reply": "c", "nll": 2.0, "tokens": 2}, {"reply": "d", "nll": 4.0, "tokens": 2}]
    student = [{"reply": "c", "nll": 4.0, "tokens": 2}, {"reply": "d", "nll": 2.0, "tokens": 2}]
    found = parted("dialogue", (), columns, teacher, student)
    assert [each.kind for each in found] == ["teacher closer", "student closer"]
    assert found[0].strength == pytest.approx(np.exp(2) - np.exp(1))


def test_of_each_kind_as_many_are_taken_and_of_each_the_strongest():
    found = [Parting(number, RIGHT, number / 10) for number in range(6)] + [Parting(9, OTHER, 0.0)]
    assert [each.number for each in spread(found, 4)] == [5, 4, 3, 9]
    assert [each.number for each in spread(found, 1)] == [5]
    assert spread(found, 0) == []
    assert len(spread(found, 200)) == 7
    assert kinds(found) == {RIGHT: 6, OTHER: 1}
