"""Differences between groups, against a loop over the answers of whole models."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from predicted import made

from distill.errors import ConfigError, DataError
from distill.explanation.counterfactuals import measure, refuse_others
from distill.explanation.templates import exchanges
from distill.explanation.verdicts import verdict
from distill.inference.predictor import Predictor
from distill.metrics.crossed import Interval
from distill.tasks import task

TEXT = """
lists:
  who: {engineers: [engineers, a committee], french: [the French government, nobody, Paris]}
  when: [on Tuesday, in 1889]
templates:
  - {text: "the tower was built by {who}", label: "yes"}
  - {text: "{who} rejected the proposal {when}", label: "no"}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("counterfactuals")


@pytest.fixture(scope="module")
def pairs(folder):
    (folder / "mine.yaml").write_text(TEXT, encoding="utf-8")
    return exchanges(folder / "mine.yaml", ["text"])


@pytest.fixture(scope="module")
def model(folder):
    return Predictor.load(made("classification", folder / "model"), format="torch")


def test_differences_flips_and_right_answers_are_those_of_a_loop(pairs, model):
    (line,) = measure({"teacher": model}, pairs, None)
    differences, flips, rights = [], [], []
    for template, around in zip(pairs[0].templates, pairs[0].texts, strict=True):
        of_template = []
        for texts in around:
            for one, other in product(texts["engineers"], texts["french"]):
                first, second = model.predict([one, other])
                likely = [
                    each["probability"] if each["label"] == "yes" else 1 - each["probability"]
                    for each in (first, second)
                ]
                right = [each["label"] == template.label for each in (first, second)]
                of_template.append((likely[0] - likely[1], first["label"] != second["label"], right[0] - right[1]))
        for values, each in zip((differences, flips, rights), zip(*of_template, strict=True), strict=True):
            values.append(np.mean(each))
    found = line.models["teacher"]
    assert (line.exchanged, line.groups, line.label) == ("who", ("engineers", "french"), "yes")
    assert (line.templates, line.pairs) == (2, 6 + 2 * 6)
    assert found.difference.mean == pytest.approx(np.mean(differences), abs=1e-6)
    assert found.flips.mean == pytest.approx(np.mean(flips))
    assert found.right.mean == pytest.approx(np.mean(rights))
    assert found.difference.low <= found.difference.mean <= found.difference.high
    assert found.from_teacher is None
    assert line.verdict == {}
    low, high = line.widest.values
    assert (low - high) * np.sign(found.difference.mean) > 0


def test_a_student_that_is_its_teacher_has_nothing_of_its_own(pairs, model):
    (line,) = measure({"teacher": model, "student": model, "control": model}, pairs, "no")
    assert line.label == "no"
    assert line.models["student"].from_teacher == Interval(0, 0, 0)
    assert line.verdict["student"] in ("handed on; so has the control, without a teacher", "none is clear")
    assert set(line.verdict) == {"student"}


def test_what_the_control_has_too_is_not_laid_to_the_teacher_alone(pairs, model):
    several = replace(pairs[0], templates=list(pairs[0].templates) * 6, texts=list(pairs[0].texts) * 6)
    for label in ("yes", "no"):
        (line,) = measure({"teacher": model, "student": model, "control": model}, [several], label)
        clear = line.models["student"].difference.is_clear
        assert line.verdict["student"].endswith("; so has the control, without a teacher") == clear


def test_a_score_has_differences_and_no_flips(folder):
    model = Predictor.load(made("regression", folder / "scores"), format="torch")
    text = "lists:\n  who: {a: [Paris], b: [Berlin, nobody]}\ntemplates:\n  - {text: 'in {who}', pair: 'the river'}\n"
    (folder / "scores.yaml").write_text(text, encoding="utf-8")
    (line,) = measure({"model": model}, exchanges(folder / "scores.yaml", ["text", "pair"]), None)
    said = [
        each["score"]
        for each in model.predict([{"text": f"in {who}", "pair": "the river"} for who in ("Paris", "Berlin", "nobody")])
    ]
    assert line.label is line.models["model"].flips is line.models["model"].right is None
    assert line.models["model"].difference.mean == pytest.approx(said[0] - (said[1] + said[2]) / 2, abs=1e-5)


def test_each_of_several_labels_has_a_line(folder, pairs):
    model = Predictor.load(made("multilabel_classification", folder / "several"), format="torch")
    unlabelled = exchanges(_without_labels(folder), ["text"])
    lines = measure({"model": model}, unlabelled, None)
    assert [line.label for line in lines] == ["a", "b", "c"]
    with pytest.raises(DataError, match="template 1: label=yes: there is no such label; there are a, b, c"):
        measure({"model": model}, pairs, None)


def _without_labels(folder):
    file = folder / "unlabelled.yaml"
    file.write_text(TEXT.replace(', label: "yes"', "").replace(', label: "no"', ""), encoding="utf-8")
    return file


def test_a_label_that_is_none_and_a_task_without_labels_are_refused(pairs, model):
    with pytest.raises(DataError, match="label=maybe: there is no such label; there are no, yes"):
        measure({"model": model}, pairs, "maybe")
    with pytest.raises(ConfigError, match="a model of token_classification says neither labels nor a score of a whole"):
        refuse_others("token_classification", task("token_classification"))


CLEAR, LESS, NONE, BELOW, TINY = (
    Interval(0.2, 0.1, 0.3),
    Interval(0.1, 0.05, 0.2),
    Interval(0.0, -0.1, 0.1),
    Interval(-0.2, -0.3, -0.1),
    Interval(2e-4, 1e-4, 3e-4),  # +0.0 (+0.0 to +0.0) points
)


@pytest.mark.parametrize(
    ("teacher", "student", "change", "said"),
    [
        (CLEAR, CLEAR, NONE, "handed on"),
        (CLEAR, LESS, BELOW, "handed on, less of it"),
        (LESS, CLEAR, CLEAR, "handed on, more of it"),
        (CLEAR, BELOW, BELOW, "turned round"),
        (NONE, CLEAR, CLEAR, "added"),
        (NONE, CLEAR, NONE, "the student's alone is clear"),
        (CLEAR, NONE, BELOW, "not handed on"),
        (CLEAR, NONE, NONE, "the teacher's alone is clear"),
        (NONE, NONE, CLEAR, "the two differ, neither is clear"),
        (NONE, NONE, NONE, "none is clear"),
        (NONE, TINY, TINY, "none is clear"),
        (CLEAR, TINY, BELOW, "not handed on"),
        (CLEAR, CLEAR, Interval(0.0, np.nan, np.nan), "a single pair: nothing can be said"),
    ],
)
def test_what_became_of_a_difference_is_said_in_words(teacher, student, change, said):
    assert verdict(teacher, student, change) == said
