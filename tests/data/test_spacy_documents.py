"""Documents of spaCy's version 2, in JSON: a row for each sentence."""

import json
import re

import pytest

from distill.data import formats
from distill.data.formats import Options
from distill.errors import DataError

TOKENS = [
    {"id": 0, "orth": "In", "ner": "O", "tag": "IN"}, {"id": 1, "orth": "Rome", "ner": "U-LOC", "tag": "NNP"},
]  # fmt: skip


def document(*sentences):
    return {"id": 0, "paragraphs": [{"raw": "In Rome", "sentences": [{"tokens": tokens} for tokens in sentences]}]}


def read(folder, value, **options):
    file = folder / "train.json"
    file.write_text(json.dumps(value), encoding="utf-8")
    return formats.rows(file, Options(words=True, **options))


def test_each_sentence_is_a_row_of_words_and_tags(tmp_path):
    found = read(tmp_path, [document(TOKENS, TOKENS[1:]), document(TOKENS[:1])])
    assert found.notes == ("sentences of spaCy's documents are rows",)
    assert list(found.rows) == [
        (1, {"tokens": ["In", "Rome"], "ner_tags": ["O", "U-LOC"], "pos_tags": ["IN", "NNP"]}),
        (2, {"tokens": ["Rome"], "ner_tags": ["U-LOC"], "pos_tags": ["NNP"]}),
        (3, {"tokens": ["In"], "ner_tags": ["O"], "pos_tags": ["IN"]}),
    ]


def test_a_missing_tag_is_none(tmp_path):
    tokens = [{"orth": "In", "ner": "-"}, {"orth": "Rome", "ner": "U-LOC"}, {"orth": "now"}]
    assert [row["ner_tags"] for _, row in read(tmp_path, [document(tokens)]).rows] == [[None, "U-LOC", None]]


def test_a_sentence_without_words_is_refused_with_its_number(tmp_path):
    said = (
        f"sentence 2 of {tmp_path}/train.json is not written as spaCy writes documents (paragraphs, sentences, tokens, "
        "each with orth)"
    )
    with pytest.raises(DataError, match=f"^{re.escape(said)}$"):
        list(read(tmp_path, [document(TOKENS, [{"ner": "O"}])]).rows)


def test_a_task_that_reads_no_words_refuses_them(tmp_path):
    (tmp_path / "train.json").write_text(json.dumps([document(TOKENS)]), encoding="utf-8")
    said = (
        f"{tmp_path}/train.json holds documents of spaCy, whose words and tags alone are read, for "
        "token_classification: write a JSON line for each text, with a key for each column"
    )
    with pytest.raises(DataError, match=f"^{re.escape(said)}$"):
        formats.rows(tmp_path / "train.json")
