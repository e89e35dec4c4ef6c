"""Rows that have no second text of a pair are named for what they are."""

import re

import pytest
from datasets import Dataset

from distill.data.columns import take
from distill.errors import DataError

SCORES = {"text": "text", "pair": "text", "label": "score"}
LABELS = {"text": "text", "pair": "text", "label": "label"}
TEXTS = [f"a text of number {number}" for number in range(8)]
SINGLE = (
    "and none but text holds texts: the task takes pairs of texts; of single ones a label is learned by "
    "task=classification, and a score by no task"
)
RANKED = (
    "write each right and each wrong text as a row of its own, with the text that it belongs to and a label or score"
)


def refused(message):
    return pytest.raises(DataError, match=f"^{re.escape(message)}$")


@pytest.mark.parametrize(
    ("roles", "columns"),
    [
        (SCORES, {"text": TEXTS, "score": [0.5] * 8}),
        (SCORES, {"id": [f"a{number}" for number in range(8)], "text": TEXTS, "score": ["0.5"] * 8}),
        (LABELS, {"text": TEXTS, "label": ["x", "y"] * 4}),
    ],
)
def test_a_single_text_has_no_pair(roles, columns):
    with refused(f"here has no column pair; it has {', '.join(columns)}, {SINGLE}"):
        take({"train": Dataset.from_dict(columns)}, roles, {}, "here")


def test_texts_in_a_list_are_no_columns():
    rows = Dataset.from_dict({"texts": [[text, text] for text in TEXTS], "label": [0.5] * 8})
    with refused(
        "here has no column sentence2; it has texts, label, and texts holds lists of texts: write both texts of a pair "
        "as columns"
    ):
        take({"train": rows}, SCORES, {"pair": "sentence2"}, "here")


@pytest.mark.parametrize(
    "columns",
    [
        {"query": TEXTS, "pos": [[text] for text in TEXTS], "neg": [[text] for text in TEXTS]},
        {"text": TEXTS, "positive": TEXTS, "negative": TEXTS},
    ],
)
def test_right_and_wrong_texts_are_rows(columns):
    with refused(f"here has no column pair; it has {', '.join(columns)}: {RANKED}"):
        take({"train": Dataset.from_dict(columns)}, LABELS, {}, "here")


@pytest.mark.parametrize(
    "columns",
    [{"text": ["cat"] * 8, "other": ["dog"] * 8}, {"text": TEXTS, "one": TEXTS, "other": TEXTS}],
)
def test_where_a_column_may_be_the_pair_it_is_to_be_named(columns):
    listed = ", ".join([*columns, "label"])
    with refused(f"here has no column pair; it has {listed}: say which one is the pair with data.columns.pair=NAME"):
        take({"train": Dataset.from_dict({**columns, "label": ["x", "y"] * 4})}, LABELS, {}, "here")


def test_lists_of_words_beside_a_pair_are_no_texts():
    rows = Dataset.from_dict({"text": TEXTS, "pair": TEXTS, "people": [["a", "b"]] * 8, "label": ["x", "y"] * 4})
    assert take({"train": rows}, LABELS, {}, "here").columns["pair"] == "pair"
