"""Quotes in tables: around a whole field, around its beginning alone, and in tables of tabs."""

import re

import pytest

from distill.data import formats
from distill.errors import DataError


def rows(folder, content, name="train.csv"):
    (folder / name).write_text(content, encoding="utf-8")
    return [list(row.values()) for _, row in formats.rows(folder / name).rows]


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ('"Titanic" is long', '"Titanic" is long'),
        ('"Titanic" and "Avatar" are films', '"Titanic" and "Avatar" are films'),
        ('"Hello, world" he said', '"Hello, world" he said'),
        ('"He, ""she"" and I"', 'He, "she" and I'),
        ('"""Titanic"" is long"', '"Titanic" is long'),
        ('"It ends" ', "It ends "),
        ('A 5" pipe', 'A 5" pipe'),
        ('"two\nlines"', "two\nlines"),
    ],
)
def test_quotes_around_the_beginning_of_a_field_are_of_its_text(tmp_path, written, text):
    assert rows(tmp_path, f'text,label\n{written},0\nplain,"1"\n') == [[text, "0"], ["plain", "1"]]
    assert rows(tmp_path, f'label;text\n0;{written}\n"1";plain\n') == [["0", text], ["1", "plain"]]


@pytest.mark.parametrize("written", ['"He said "hi" to me"', '"Titanic" and "Avatar"', '"He said ""hi"" to" me'])
def test_a_field_whose_quotes_nobody_can_tell_from_its_text_is_refused(tmp_path, written):
    said = (
        f"line 2 of {tmp_path}/train.csv has a quote that is closed in the middle of a field: a field in quotes is "
        "quoted as a whole, and a quote in it is written twice"
    )
    with pytest.raises(DataError, match=f"^{re.escape(said)}$"):
        rows(tmp_path, f"text,label\n{written},0\n")


def test_a_tsv_of_which_every_field_with_quotes_is_quoted_as_a_whole_is_read_so(tmp_path):
    assert rows(tmp_path, 'text\tlabel\n"He said ""no"" twice"\t0\nplain\t1\n', "train.tsv") == [
        ['He said "no" twice', "0"], ["plain", "1"],
    ]  # fmt: skip


@pytest.mark.parametrize(
    "text", ['"He said no"', '"He said ""no"" twice"\t0\nA 5" pipe', '"He said ""no"" twice" again', '""']
)
def test_quotes_in_any_other_tsv_are_of_its_texts(tmp_path, text):
    first = text.split("\t")[0]
    assert rows(tmp_path, f"text\tlabel\n{text}\t0\n", "train.tsv")[0] == [first, "0"]


def test_a_csv_of_tabs_with_bare_quotes_at_the_beginning_of_a_text_quotes_nothing(tmp_path):
    assert rows(tmp_path, 'text\tlabel\n"Titanic" is long\t0\n"It is"\t1\n') == [
        ['"Titanic" is long', "0"],
        ['"It is"', "1"],
    ]
    assert rows(tmp_path, 'text\tlabel\n"It\tis"\t0\n"It is"\t1\n') == [["It\tis", "0"], ["It is", "1"]]
