"""Entities as spans of words, as GLiNER's training data has them."""

import json
import re

import pytest

from distill.data import files
from distill.data.columns import take
from distill.data.formats import Options
from distill.errors import DataError

WORDS = ["Ada", "went", "to", "New", "York", "."]
ROLES, NAMED = {"tokens": "texts", "label": "tags"}, {"tokens": "tokens", "label": "ner_tags"}


def read(tmp_path, *spans):
    file = tmp_path / "train.jsonl"
    file.write_text("\n".join(json.dumps({"tokenized_text": WORDS, "ner": each}) for each in spans), encoding="utf-8")
    found = files.read(file, options=Options(words=True))
    return take(dict(found), ROLES, NAMED, "mine", problems=found.problems, absent=found.absent), found.notes


def test_each_word_has_a_tag_by_spans_whose_last_word_is_included(tmp_path):
    taken, notes = read(tmp_path, [[0, 0, "person"], [3, 4, "big city"]], [])
    assert taken.splits["train"][:] == {
        "tokens": [WORDS, WORDS],
        "label": [["B-person", "O", "O", "B-big city", "I-big city", "O"], ["O"] * 6],
    }
    assert notes == [
        "ner holds spans of words, the last included, as GLiNER has them: each word of tokenized_text has a tag, B- "
        "where a span begins, I- within it, O outside"
    ]


@pytest.mark.parametrize(
    ("spans", "said"),
    [
        ([[3, 6, "city"]], "a span from 3 to 6 of 6 words, which are counted from 0"),
        ([[4, 3, "city"]], "a span from 4 to 3 of 6 words, which are counted from 0"),
        ([[3, 4, "city"], [4, 4, "x"]], "spans that overlap, 'city' from 3 to 4 and 'x' from 4: a word has one tag"),
        ([["a"]], "something else than spans, each with the number of its first word, its last, and a label"),
    ],
)
def test_spans_that_cannot_be_are_refused_with_their_line(tmp_path, spans, said):
    with pytest.raises(DataError, match=f"^{re.escape(f'line 2 of {tmp_path}/train.jsonl has in ner {said}')}$"):
        read(tmp_path, [[0, 0, "person"]], spans)


def test_spans_none_of_which_is_a_single_word_are_refused(tmp_path):
    said = (
        f"{tmp_path}/train.jsonl has 10 spans of words in ner, and none is a single word, as if their last were not "
        "included: write [first, last, label], the last included, as GLiNER does"
    )
    with pytest.raises(DataError, match=f"^{re.escape(said)}$"):
        read(tmp_path, *[[[3, 5, "city"]]] * 10)


def test_columns_of_ai4privacy_are_a_text_and_its_spans(tmp_path):
    row = {
        "source_text": "Ada left.", "masked_text": "[NAME] has left.", "span_labels": '[[0, 3, "NAME"]]',
        "privacy_mask": [{"value": "Ada", "start": 0, "end": 3, "label": "NAME"}],
        "mbert_text_tokens": ["A", "##da"], "mbert_bio_labels": ["B-NAME", "I-NAME"], "language": "English",
    }  # fmt: skip
    (tmp_path / "train.jsonl").write_text(json.dumps(row), encoding="utf-8")
    found = files.read(tmp_path / "train.jsonl", options=Options(words=True))
    taken = take(dict(found), ROLES, NAMED, "mine", problems=found.problems, absent=found.absent)
    assert taken.splits["train"][0] == {"tokens": ["Ada", "left", "."], "label": ["B-NAME", "O", "O"]}
