"""JSON values that hold texts as keys, or lists of them by label, are no rows, and are named for what they are."""

import json
import re

import pytest

from distill.data import formats
from distill.data.formats import Options
from distill.errors import DataError


def rows(folder, value, **options):
    file = folder / "a.json"
    file.write_text(json.dumps(value), encoding="utf-8")
    return [dict(row) for _, row in formats.rows(file, Options(**options)).rows]


@pytest.mark.parametrize(
    ("value", "what"),
    [
        ({"a good film": "pos", "a bad film": "neg"}, "an object whose 2 keys are texts, such as 'a good film'"),
        ({"neg": ["so dull"], "pos": ["so warm", "very good"]}, "lists of texts under neg, pos"),
    ],
)
def test_json_whose_keys_are_texts_or_labels_is_no_row(tmp_path, value, what):
    message = f"{tmp_path}/a.json holds {what}: rows are objects with a key for each column, such as text and label"
    with pytest.raises(DataError, match=f"^{re.escape(message)}$"):
        rows(tmp_path, value)


@pytest.mark.parametrize(
    ("row", "options"),
    [
        ({"Review text": "a b", "star": 1}, {}),
        ({"the text": ["a b"], "n": [1, 2]}, {}),
        ({"turns": ["a b"], "facts": ["c d", "e f"]}, {"chats": True}),
        ({"tokens": ["a b", "c d"], "tags": ["O"]}, {"words": True}),
        ({"tokens": ["EU", "rejects"]}, {"words": True}),
        ({"history": ["How are you ?", "Fine ."]}, {"chats": True}),
        ({"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}, {}),
        ({"text": ["a good film"]}, {}),
    ],
)
def test_a_single_object_of_columns_is_a_row(tmp_path, row, options):
    assert rows(tmp_path, row, **options) == [row]


def test_lists_of_as_many_texts_are_columns(tmp_path):
    assert rows(tmp_path, {"de": ["ein Hund"] * 2, "en": ["a dog"] * 2}) == [{"de": "ein Hund", "en": "a dog"}] * 2


def test_the_only_column_of_a_document_is_a_list_of_rows_not_one_of_sentences(tmp_path):
    texts = ["a good film", "a bad film", "awful"]
    assert rows(tmp_path, {"text": texts}) == [{"text": text} for text in texts]
    assert rows(tmp_path, {"tokens": [["EU"], ["it", "is"]]}, words=True) == [
        {"tokens": ["EU"]},
        {"tokens": ["it", "is"]},
    ]


@pytest.mark.parametrize(("name", "kind"), [("a.JSON", None), ("a.json.gz", None), ("a.list", ".json")])
def test_a_document_of_columns_may_have_another_name(tmp_path, name, kind):
    (tmp_path / name).write_bytes(b'{"text": ["a good film", "a bad film"]}')
    assert [dict(row) for _, row in formats.rows(tmp_path / name, kind=kind).rows] == [
        {"text": "a good film"}, {"text": "a bad film"},
    ]  # fmt: skip


@pytest.mark.parametrize(("name", "kind"), [("a.jsonl", None), ("a.json", ".jsonl")])
def test_lists_in_a_line_of_json_lines_are_those_of_one_row(tmp_path, name, kind):
    (tmp_path / name).write_text('{"text": ["a good film", "a bad film"]}')
    assert [dict(row) for _, row in formats.rows(tmp_path / name, kind=kind).rows] == [
        {"text": ["a good film", "a bad film"]}
    ]
