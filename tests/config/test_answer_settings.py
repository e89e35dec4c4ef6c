"""The settings of a teacher that is a file of answers: what it cannot be asked, and what belongs to it alone."""

import pytest

from distill.config import validate
from distill.config.schema import Config


def problems(task="classification", **teacher):
    config = Config(task=task)
    for name, value in teacher.items():
        setattr(config.teacher, name, value)
    return validate.problems(config)


@pytest.mark.parametrize(
    ("teacher", "problem"),
    [
        ({"answers": ""}, "teacher.answers: give the file of answers as teacher.answers=FILE"),
        ({"answers": "no.jsonl"}, "teacher.answers=no.jsonl: there is no such file"),
        (
            {"answers": "embedded", "store": "never"},
            "teacher.store=never: teacher.answers=embedded answers nothing anew; allowed is auto or always",
        ),
        (
            {"answers": "embedded"},
            "teacher.answers=embedded: answers the embedded sample; it needs data.source=embedded",
        ),
        (
            {"answers": "embedded", "labels_subset": True},
            "teacher.labels_subset=true: is of a model, and teacher.answers=embedded is a file; allowed is false",
        ),
        (
            {"smoothing": "audit"},
            "teacher.smoothing=audit: belongs to a teacher that is a file of answers, teacher.answers=FILE; allowed is "
            "text",
        ),
        (
            {"answers": "embedded", "price_per_row": -1.0},
            "teacher.price_per_row=-1.0: allowed is null, or a number from 0 up",
        ),
    ],
)
def test_what_a_file_cannot_be_asked_is_refused(teacher, problem):
    assert problem in problems(**teacher)


def test_answers_belong_to_tasks_of_labels_scores_and_tags():
    assert (
        "teacher.answers=embedded: belongs to classification, pair_classification, multilabel_classification, "
        "regression, token_classification; allowed is null"
    ) in problems(task="translation", answers="embedded")


def test_terms_on_states_are_refused():
    config = Config()
    config.teacher.answers, config.distill.cka.weight = "embedded", 1.0
    expected = "distill.cka.weight=1.0: reads hidden states, which a file of answers does not have; allowed is 0"
    assert expected in validate.problems(config)


def test_texts_that_are_made_have_no_answers_in_a_file():
    config = Config()
    config.teacher.answers, config.augment.methods = "embedded", ["dropping"]
    expected = "augment.methods=['dropping']: makes texts that are not in teacher.answers=embedded; allowed is []"
    assert expected in validate.problems(config)


@pytest.mark.parametrize("init", ["teacher", "narrow"])
def test_a_student_of_layers_that_nobody_has_trained_is_refused(init):
    config = Config()
    config.teacher.answers, config.student.init, config.pretrain.max_epochs = "embedded", init, 0
    expected = (
        f"student.init={init}: takes over layers, and teacher.answers=embedded has none, nor does "
        "pretrain.max_epochs=0 train any; give a model as teacher.model=FOLDER, or student.init=random"
    )
    assert expected in validate.problems(config)
    config.pretrain.max_epochs = 1
    assert expected not in validate.problems(config)
