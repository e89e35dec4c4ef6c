"""Lines of word files that could be a word or something else: hashtags, comments, and headers."""

import re

import pytest

from distill.data import formats
from distill.data.formats import Options
from distill.errors import DataError

COLUMNS = "in files of words, column 1 is also called tokens, and column 2 label"


def read(folder, name, content):
    file = folder / name
    file.write_text(content, encoding="utf-8")
    found = formats.rows(file, Options(words=True))
    return [(number, row["tokens"], row["label"]) for number, row in found.rows], found.notes


@pytest.mark.parametrize(("name", "between"), [("a.txt", " "), ("a.conll", "\t"), ("a.tsv", "\t"), ("a.bio", " ")])
@pytest.mark.parametrize("tag", ["HT", "LOC", "O", "B-X"])
def test_a_hashtag_that_opens_a_sentence_is_a_word_whatever_its_tag(tmp_path, name, between, tag):
    lines = ["this DT", "is VB", "", f"#love {tag}", "this DT", "", "so DT", f"#love {tag}"]
    rows, _ = read(tmp_path, name, "\n".join(lines).replace(" ", between))
    assert rows == [
        (1, ["this", "is"], ["DT", "VB"]),
        (4, ["#love", "this"], [tag, "DT"]),
        (7, ["so", "#love"], ["DT", tag]),
    ]


@pytest.mark.parametrize(
    "comment",
    ["# a", "# a long one", "#doc 12", "# 12", "#id = 12", "# id = a", "#end document", "#begin document (x)"],
)
def test_a_comment_with_as_many_words_as_there_are_columns_is_none(tmp_path, comment):
    rows, _ = read(tmp_path, "a.txt", f"{comment}\nEU B-ORG\nfell O\n\n{comment}\nAnna B-PER\n")
    assert [tokens for _, tokens, _ in rows] == [["EU", "fell"], ["Anna"]]


def test_a_sign_alone_is_a_word_where_its_tag_is_one(tmp_path):
    rows, _ = read(tmp_path, "a.txt", "go VB\n\n# NN\n5 CD\n\nno NN\n")
    assert rows[1] == (3, ["#", "5"], ["NN", "CD"])


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("a.tsv", "word\tpos"),
        ("a.txt", "Token Tag"),
        ("a.conll", "TOKEN\tNER_Tag"),
        ("a.csv", "Text UPOS"),
        ("a.bio", "#word\ttag"),
        ("a.iob", "# Word\tTag"),
    ],
)
@pytest.mark.parametrize("after", ["\n", "\n\n"])
def test_a_first_line_that_names_the_columns_is_left_out_and_that_is_said(tmp_path, name, header, after):
    between = "\t" if "\t" in header else " "
    rows, notes = read(tmp_path, name, header + after + "the O\ncat O\n\nAnna B-PER\n".replace(" ", between))
    start = 2 if after == "\n" else 3
    assert rows == [(start, ["the", "cat"], ["O", "O"]), (start + 3, ["Anna"], ["B-PER"])]
    named = ", ".join(header.split(between))
    assert notes == (COLUMNS, f"the first line of {name} names the columns, {named}, and is left out")


def test_a_header_tells_which_columns_are_words_and_tags(tmp_path):
    rows, notes = read(tmp_path, "a.tsv", "id\tword\tpos\tlemma\n7\tcats\tNOUN\tcat\n\n9\trun\tVERB\trun\n")
    assert rows == [(2, ["cats"], ["NOUN"]), (4, ["run"], ["VERB"])]
    assert notes[0] == "in files of words, column 2 is also called tokens, and column 3 label"


@pytest.mark.parametrize("first", ["word NN", "Token B-X", "word tag"])
def test_a_word_whose_tag_stands_elsewhere_or_names_no_column_is_no_header(tmp_path, first):
    rows, notes = read(tmp_path, "a.txt", f"{first}\nother tag\n\nlast word\n")
    assert rows[0] == (1, [first.split()[0], "other"], [first.split()[1], "tag"])
    assert notes == (COLUMNS,)


def test_a_header_in_the_middle_is_refused_with_its_line(tmp_path):
    message = f"line 5 of {tmp_path}/a.txt is the header once more: leave it out"
    with pytest.raises(DataError, match=f"^{re.escape(message)}$"):
        read(tmp_path, "a.txt", "word tag\na O\n\n\nword tag\nb O\n")


OUTER = (
    "column 3 of a.tsv has more tags of the names that column 4 has: data.columns.label=3 takes it, as where the last "
    "column holds nested ones"
)
NESTED = "# a page\n1\tBank\tB-ORG\tO\n2\tof\tI-ORG\tO\n3\tRome\tI-ORG\tB-LOC\n\n1\tRome\tB-LOC\tO\n"


@pytest.mark.parametrize("header", ["", "id\tword\tner\ttag\n"])
def test_tags_around_nested_ones_are_said_with_their_column(tmp_path, header):
    rows, notes = read(tmp_path, "a.tsv", header + NESTED)
    assert rows[0][1:] == (["Bank", "of", "Rome"], ["O", "O", "B-LOC"])
    assert notes[1] == OUTER


@pytest.mark.parametrize("tags", [("B-NP", "B-PER"), ("O", "B-LOC"), ("NNP", "B-LOC"), ("B-LOC", "B-LOC")])
def test_tags_of_other_names_or_of_no_more_words_are_none_around_the_last(tmp_path, tags):
    _, notes = read(tmp_path, "a.tsv", f"1\tRome\t{tags[0]}\t{tags[1]}\n\n1\tis\tO\tO\n")
    assert len(notes) == 1
