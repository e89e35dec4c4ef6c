"""Files in which sentences stand a word a row, and other shapes of files as they are downloaded and exported."""

import json
import re

import pytest

from distill.data import files, formats
from distill.data.formats import Options
from distill.errors import DataError


def refused(message):
    return pytest.raises(DataError, match=f"^{re.escape(message)}$")


def written(folder, name, content):
    file = folder / name
    file.write_text(content, encoding="utf-8")
    return file


def rows(file, **options):
    return [row for _, row in formats.rows(file, Options(**options)).rows]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", "Sentence #,Word,Tag\nSentence: 1,EU,B-ORG\n,fell,O\nSentence: 2,Anna,B-PER\n"),
        ("a.csv", "sentence_id,Word,Tag\n0,EU,B-ORG\n0,fell,O\n1,Anna,B-PER\n"),
        ("a.tsv", "Word\tTag\tsent_id\nEU\tB-ORG\ta\nfell\tO\ta\nAnna\tB-PER\tb\n"),
    ],
)
def test_rows_of_a_word_each_are_sentences_by_a_column_that_says_so(tmp_path, name, content):
    found = formats.rows(written(tmp_path, name, content), Options(words=True))
    assert "rows of a word each are sentences by the column" in found.notes[0]
    assert [(number, row["Word"], row["Tag"]) for number, row in found.rows] == [
        (2, ["EU", "fell"], ["B-ORG", "O"]),
        (4, ["Anna"], ["B-PER"]),
    ]


@pytest.mark.parametrize("document", ["doc_id", "Document #", "doc", "file name", "article_id", "paragraph"])
def test_sentences_of_two_documents_with_one_number_are_two(tmp_path, document):
    content = f"{document},sent_id,token,label\n0,1,the,O\n0,1,cat,X\n1,1,a,O\n1,1,dog,X\n1,2,no,O\n,,man,X\n2,,so,O\n"
    found = formats.rows(written(tmp_path, "a.csv", content), Options(words=True))
    assert found.notes == (f"rows of a word each are sentences by the columns {document} and sent_id",)
    assert [(number, row[document], row["sent_id"], row["token"]) for number, row in found.rows] == [
        (2, "0", "1", ["the", "cat"]),
        (4, "1", "1", ["a", "dog"]),
        (6, "1", "2", ["no", "man"]),
        (8, "2", "", ["so"]),
    ]


def test_rows_of_a_sentence_each_stay_so_where_each_document_numbers_its_own(tmp_path):
    file = written(tmp_path, "a.csv", "doc_id,sent_id,tokens\n0,0,EU fell\n1,0,Anna left\n")
    assert [row["tokens"] for row in rows(file, words=True)] == ["EU fell", "Anna left"]


def test_rows_stay_rows_where_each_is_a_sentence_or_the_task_has_no_words(tmp_path):
    file = written(tmp_path, "a.csv", "sentence_id,tokens\n0,EU fell\n1,Anna left\n")
    assert [row["tokens"] for row in rows(file, words=True)] == ["EU fell", "Anna left"]
    file = written(tmp_path, "b.csv", "sentence_id,tokens\n0,EU\n0,fell\n")
    assert [row["tokens"] for row in rows(file)] == ["EU", "fell"]


@pytest.mark.parametrize("name", ["a.tsv", "a.csv", "eng.train"])
def test_files_of_words_with_spaces_between_columns_are_told_by_their_lines(tmp_path, name):
    file = written(tmp_path, name, "-DOCSTART- -X- O\n\nEU NNP B-ORG\nfell VBD O\n\nAnna NNP B-PER\n")
    assert [row["tokens"] for row in rows(file, words=True)] == [["EU", "fell"], ["Anna"]]


def test_a_column_that_numbers_the_words_is_not_taken_for_them(tmp_path):
    file = written(tmp_path, "a.conll", "# 1\n1\tEU\tB-ORG\n2\tfell\tO\n\n1\tAnna\tB-PER\n")
    found = formats.rows(file, Options(words=True))
    assert found.notes == ("in files of words, column 2 is also called tokens, and column 3 label",)
    assert [row["tokens"] for _, row in found.rows] == [["EU", "fell"], ["Anna"]]
    file = written(tmp_path, "b.conll", "1\tB-NUM\tx\n1\tB-NUM\tx\n\n5\tO\tx\n")
    assert [row["tokens"] for row in rows(file, words=True)] == [["1", "1"], ["5"]]


def test_a_tsv_whose_header_is_quoted_is_quoted(tmp_path):
    file = written(tmp_path, "a.tsv", '"text"\t"label"\n"he said ""no"""\t"x"\n')
    assert rows(file) == [{"text": 'he said "no"', "label": "x"}]


def test_rows_without_a_word_are_none_and_empty_fields_beyond_the_header_belong_to_none(tmp_path):
    file = written(tmp_path, "a.csv", "text,label\na,1,,\n,\n , \nb,2\n")
    assert rows(file) == [{"text": "a", "label": "1"}, {"text": "b", "label": "2"}]


def paragraph(number):
    answers = [{"text": "Rome", "answer_start": 0}]
    return {"context": "Rome fell.", "qas": [{"id": str(number), "question": "What fell?", "answers": answers}]}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.json", json.dumps([paragraph(0), paragraph(1)])),
        ("a.json", json.dumps([{"title": "A", "paragraphs": [paragraph(0), paragraph(1)]}])),
        ("a.jsonl", "".join(json.dumps({"paragraphs": [paragraph(each)]}) + "\n" for each in range(2))),
    ],
)
def test_articles_and_paragraphs_of_squad_are_rows_however_they_are_held(tmp_path, name, content):
    found = rows(written(tmp_path, name, content))
    assert [row["id"] for row in found] == ["0", "1"]
    assert found[0]["answers"] == {"text": ["Rome"], "answer_start": [0]}


def test_an_object_of_a_list_for_each_column_is_a_table_and_one_row_of_words_is_not(tmp_path):
    file = written(tmp_path, "a.json", '{"text": ["a", "b"], "label": [1, 2]}')
    assert rows(file) == [{"text": "a", "label": 1}, {"text": "b", "label": 2}]
    words = {"tokens": ["EU", "fell"], "tags": ["B-ORG", "O"]}
    assert rows(written(tmp_path, "b.json", json.dumps(words)), words=True) == [words]
    assert rows(written(tmp_path, "c.jsonl", json.dumps(words))) == [words]


def test_a_file_of_several_splits_is_named_for_what_it_is(tmp_path):
    file = written(tmp_path, "a.json", '{"train": [{"text": "a"}], "test": [{"text": "b"}]}')
    with refused(f"{file} holds train, test: save each as a file of its own"):
        rows(file)


def test_a_folder_in_the_folder_that_has_train_is_named(tmp_path):
    (tmp_path / "plain_text").mkdir()
    written(tmp_path / "plain_text", "train-00000-of-00001.jsonl", '{"text": "a"}\n')
    with pytest.raises(DataError, match=rf"; {tmp_path}/plain_text has one: give that folder$"):
        files.read(tmp_path)


def test_files_of_no_known_ending_are_named(tmp_path):
    written(tmp_path, "train", "a\n")
    with pytest.raises(DataError, match=r"; it has train, of no such ending$"):
        files.read(tmp_path)


def test_lines_of_text_are_no_columns_of_words_where_none_need_labels(tmp_path):
    file = written(tmp_path, "a.txt", "EU left\nAnna stays\n")
    assert rows(file, words=True, labelled=False) == [{"text": "EU left"}, {"text": "Anna stays"}]
    file = written(tmp_path, "b.txt", "EU B-ORG\nleft O\n\nAnna B-PER\n")
    assert [row["tokens"] for row in rows(file, words=True, labelled=False)] == [["EU", "left"], ["Anna"]]
