"""Columns that say how a row was made are not guessed to be its label, and one of splits is said not to be read."""

import re

import pytest
from datasets import Dataset

from distill.data.columns import take
from distill.errors import DataError

ROLES = {"text": "text", "label": "label"}
TEXTS = [f"text {number}" for number in range(8)]


def taken(kind="label", **columns):
    return take({"train": Dataset.from_dict({"text": TEXTS, **columns})}, {"text": "text", "label": kind}, {}, "here")


def refused(message):
    return pytest.raises(DataError, match=f"^{re.escape(message)}$")


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("split", ["a", "b"]),
        ("Status", ["completed", "pending"]),
        ("annotator", ["Ann", "Bob"]),
        ("annotator_id", [1, 2]),
        ("answer", ["accept", "reject"]),
        ("SemEval_set", ["TRAIN", "TEST"]),
    ],
)
def test_what_says_how_a_row_was_made_is_not_guessed_to_be_its_label(column, values):
    with refused(
        f"here has no column label; it has text, {column}: say which one is the label with data.columns.label=NAME"
    ):
        taken(**{column: values * 4})
    assert taken(**{column: values * 4, "topic": ["law", "art"] * 4}).columns["label"] == "topic"


@pytest.mark.parametrize("column", ["lang", "language", "source"])
def test_what_says_where_a_text_is_from_is_the_label_where_nothing_else_may_be(column):
    values = ["en", "de"] * 4
    assert taken(id=[*"abcdefgh"], **{column: values}).columns["label"] == column
    with refused(
        f"here has no column label; it has text, {column}, opinions: "
        "say which one is the label with data.columns.label=NAME"
    ):
        taken(**{column: values, "opinions": [["pos"], ["neg"]] * 4})


def test_answers_that_decide_nothing_of_a_row_may_be_the_label():
    assert taken(answer=["yes", "no"] * 4).columns["label"] == "answer"


def test_neither_annotators_nor_confidence_are_several_labels_or_a_score():
    assert taken("labels", annotators=[["Ann"], ["Bob"]] * 4, themes=[["law"], []] * 4).columns["label"] == "themes"
    assert taken("score", confidence=[0.5, 0.6] * 4, rating=[3.5, 4.5] * 4).columns["label"] == "rating"


def test_a_column_of_splits_that_is_not_read_is_said():
    split = ["train", "Test ", "train", None] * 2
    assert taken(label=["x", "y"] * 4, split=split).notes == [
        "the column split of here says test, train and is not read: all of its rows are train, unless you write those "
        "of each split into a file of its own"
    ]


@pytest.mark.parametrize("values", [["train", "train"], ["train", "left"], ["test", "dev"], ["", ""], [1, 2]])
def test_columns_that_give_rows_to_no_other_split_are_not_said(values):
    assert taken(label=["x", "y"] * 4, split=values * 4).notes == []


def test_a_column_of_splits_that_is_read_is_not_said():
    train = Dataset.from_dict({"text": TEXTS, "split": ["train", "test"] * 4})
    assert take({"train": train}, ROLES, {"label": "split"}, "here").notes == []
