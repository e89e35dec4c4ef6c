"""Splits too small to tell what is asked of them, at the borders."""

import numpy as np
import pytest

from distill.report.assemble import assemble
from distill.report.console import table
from distill.report.page import render
from distill.report.precision import interval, needed, of_score, too_small


def of(rows, score, name="accuracy", split="test", **more):
    """A report on one split of so many rows."""
    model = {"metrics": {split: {name: score}}, "per_label": {split: more.pop("table", {})}}
    data = {"labels": more.pop("labels", []), "rows": {"train": 5, split: rows}}
    return {"task": "classification", "data": data, "models": {"student": model}, **more}


@pytest.mark.parametrize(("rows", "warned"), [(9599, True), (9600, False), (64, True), (1_000_000, False)])
def test_a_split_is_too_small_where_half_of_the_interval_is_more_than_a_point(rows, warned):
    assert bool(too_small(of(rows, 0.5), 1.0)) is warned


def test_the_sentence_says_how_wide_the_interval_is_and_how_many_rows_are_enough():
    (said,) = too_small(of(800, 0.87875), 1.0)
    assert said == (
        "test has 800 rows, too few to tell 1 point of accuracy: the 95 % interval of the student's 87.88 % is 4.53 "
        "points wide, 85.43 to 89.96; one within 1 point to either side takes about 4,200 rows."
    )
    assert too_small(of(4100, 0.87875), 1.0) == []
    (said,) = too_small(of(800, 0.87875), 2.0)
    assert said.startswith("test has 800 rows, too few to tell 2 points of accuracy")
    assert too_small(of(800, 0.87875), 2.5) == []


@pytest.mark.parametrize("score", [0.0, 1.0])
def test_a_split_on_which_all_is_right_or_wrong_is_too_small_as_well(score):
    (said,) = too_small(of(16, score), 1.0)
    assert "16 rows, too few" in said
    rows = needed(score, 0.01)
    assert rows == 189
    assert too_small(of(rows, score), 1.0) == []
    assert too_small(of(rows - 1, score), 1.0)


@pytest.mark.parametrize(("rows", "enough"), [(2, "8,500"), (16, "3,400"), (100, "740"), (188, "460")])
@pytest.mark.parametrize("score", [0.0, 1.0])
def test_few_rows_that_are_all_right_or_wrong_ask_for_many_more(rows, enough, score):
    (said,) = too_small(of(rows, score), 1.0)
    assert said.endswith(f"; one within 1 point to either side takes about {enough} rows.")


@pytest.mark.parametrize("share", [0.0, 0.2, 0.5, 0.93, 1.0])
@pytest.mark.parametrize("half", [0.003, 0.01, 0.2])
def test_so_many_rows_are_enough_and_one_fewer_is_not(share, half):
    rows = needed(share, half)
    assert interval(share, rows).half <= half
    assert rows == 1 or interval(share, rows - 1).half > half


def test_the_interval_holds_the_share_as_often_as_it_says():
    draw = np.random.default_rng(0)
    for share, count in ((0.9, 200), (0.5, 40), (0.98, 500)):
        found = [interval(right / count, count) for right in draw.binomial(count, share, 2000)]
        assert 0.93 < np.mean([low <= share <= high for low, high in found]) < 0.98


@pytest.mark.parametrize(("task", "name"), [
    ("summarization", "rouge1"), ("translation", "bleu"), ("translation", "chrf"), ("classification", "f1"),
    ("question_answering", "f1"), ("token_classification", "accuracy"), ("multilabel_classification", "f1_micro"),
])  # fmt: skip
def test_a_score_that_is_no_share_of_rows_has_the_interval_that_was_drawn_for_it(task, name):
    report = of(100, 0.62, name) | {"task": task}
    report["score_intervals"] = {"student": {"test": [0.6, 0.65]}}
    (said,) = too_small(report, 1.0)
    assert said == (
        f"test has 100 rows, too few to tell 1 point of {name}: the 95 % interval of the student's 62.00 % is 5.00 "
        "points wide, 60.00 to 65.00; one within 1 point to either side takes about 630 rows."
    )
    assert too_small(report, 3.0) == []


@pytest.mark.parametrize("name", ["pearson", "matthews", "perplexity"])
def test_a_score_without_points_has_an_interval_and_is_not_judged(name):
    report = of(8, 0.5, name)
    report["score_intervals"] = {"student": {"test": [0.2, 0.7]}}
    assert of_score(report, "student", "test") == (0.2, 0.7)
    assert too_small(report, 1.0) == []


@pytest.mark.parametrize("drawn", [None, {}, {"validation": [0.1, 0.9]}, {"test": [1.0, 1.0]}, {"test": [None, None]}])
def test_no_interval_is_made_up_where_none_was_drawn_or_all_draws_were_alike(drawn):
    report = of(8, 1.0, "rouge1") | {"task": "summarization"}
    report["score_intervals"] = {"student": drawn}
    assert of_score(report, "student", "test") is None
    assert too_small(report, 1.0) == []


@pytest.mark.parametrize("score", [None, float("nan")])
def test_a_score_that_is_none_is_not_judged(score):
    assert too_small(of(8, score), 1.0) == []


def test_nothing_is_judged_where_nothing_is_asked_or_evaluated():
    assert too_small(of(8, 0.5), None) == []
    assert too_small({**of(8, 0.5), "models": {}}, 1.0) == []


def test_the_first_model_is_judged_where_there_is_no_student():
    report = of(100, 0.5)
    report["models"] = {"teacher": report["models"]["student"]}
    (said,) = too_small(report, 1.0)
    assert "of the teacher's 50.00 %" in said


def test_report_console_and_page_say_which_splits_are_too_small(report, curves):
    parts = {
        "head": {"name": "run", "command": "x", "task": "classification", "seed": 1},
        "data": report["data"], "stages": [], "objective": {}, "environment": {},
        "results": {"evaluate": {"models": report["models"]}}, "roles": {name: name for name in report["models"]},
    }  # fmt: skip
    made = assemble(**parts, points=1.0)
    assert [said.split()[0] for said in made["warnings"]] == ["validation", "test"]
    assert assemble(**parts)["warnings"] == []
    report["warnings"] = made["warnings"]
    text = " ".join(table(report).split())
    assert all(f"NOTE: {said}" in text for said in made["warnings"])
    assert "too few to tell 1 point of accuracy" in render(report, curves).replace("\N{NO-BREAK SPACE}", " ")
