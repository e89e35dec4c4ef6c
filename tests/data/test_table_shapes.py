"""Tables whose header is a field short, and words that are no table, are named for what they are."""

import re

import pytest

from distill.data import formats
from distill.data.formats import Options
from distill.errors import DataError

WAY = "needs a name in the header, too"
QUOTED = "; else a field with {} in it stands in double quotes, and a quote in it is written twice"
WORDS = "Carla,B-PER\nran,O\n.,O\n\nBo,B-PER\nsaw,O\nCarla,B-PER\n.,O\n"


def rows(folder, name, content, **options):
    file = folder / name
    file.write_text(content, encoding="utf-8")
    return [dict(row) for _, row in formats.rows(file, Options(**options)).rows]


def refused(message):
    return pytest.raises(DataError, match=f"^{re.escape(message)}$")


@pytest.mark.parametrize(
    ("name", "content", "way"),
    [
        ("a.csv", "text,label\n0,a b,x\n1,c d,y\n2,e f,x\n", f"the first of them, which numbers the rows, {WAY}"),
        (
            "a.csv",
            '"text";"label"\n"1";"a";"x"\n"2";"c";"y"\n"3";"e";"x"\n',
            f"the first of them, which numbers the rows, {WAY}",
        ),
        (
            "a.tsv",
            "text\tlabel\nr1\ta b\tx\nr2\tc d\ty\nr3\te f\tx\n",
            f"where the first of them names the rows, it {WAY}",
        ),
        (
            "a.csv",
            "text,label\na, b,x\nc, d,y\ne, f,x\n",
            f"where the first of them names the rows, it {WAY}" + QUOTED.format(","),
        ),
    ],
)
def test_a_header_that_is_a_field_short_is_said_once_for_all_rows(tmp_path, name, content, way):
    with refused(f"every row of {tmp_path / name} has 3 fields, but the header has 2: {way}"):
        rows(tmp_path, name, content)


def test_rows_of_which_one_has_a_field_more_or_all_an_empty_one_are_no_matter_of_the_header(tmp_path):
    assert rows(tmp_path, "a.csv", "text,label\n" + "a,x,\n" * 4) == [{"text": "a", "label": "x"}] * 4
    quoted = "a field with , in it stands in double quotes, and a quote in it is written twice"
    with refused(f"line 5 of {tmp_path / 'b.csv'} has 3 fields, but the header has 2: {quoted}"):
        rows(tmp_path, "b.csv", "text,label\n" + "a,x\n" * 3 + "b,c,x\n")
    with refused(
        f"line 2 of {tmp_path / 'c.csv'} has 2 fields, but the header has 1: "
        "the first line names the columns, and is 'good'"
    ):
        rows(tmp_path, "c.csv", "good\nbad, but\nold, and\nnew, or\n")


def test_words_with_commas_before_their_tags_are_named(tmp_path):
    message = (
        f"{tmp_path}/a.csv seems to hold a word with its tag in each line, and an empty line between sentences: "
        "write a tab instead of , between them, and call the file .conll"
    )
    for head in ("", "token,tag\n"):
        with refused(message):
            rows(tmp_path, "a.csv", head + WORDS, words=True)
    assert len(rows(tmp_path, "b.csv", WORDS.replace("saw,O\nCarla", "saw,O\nAnn"), words=True, labelled=False)) == 6


def test_words_with_commas_that_name_their_sentences_are_rows(tmp_path):
    content = "sentence_id,token,tag\n0,Carla,B-PER\n0,ran,O\n0,.,O\n\n1,Bo,B-PER\n1,saw,O\n1,.,O\n"
    assert [row["token"] for row in rows(tmp_path, "a.csv", content, words=True)] == [
        ["Carla", "ran", "."],
        ["Bo", "saw", "."],
    ]


@pytest.mark.parametrize(
    ("name", "content", "number"),
    [
        ("a.csv", "| text | label |\n|---|---|\n| a b | c |\n", 2),
        ("a.csv", "text|label\n:--|:---:\na b|c\n", 2),
        ("a.csv", " text | label\n------+-------\n a b  | c\n", 2),
        ("a.csv", "+------+-------+\n| text | label |\n+======+=======+\n| a b  | c     |\n", 1),
        ("a.csv", "text,label\r\n----,-----\r\na b,c\r\n", 2),
        ("a.tsv", "text\tlabel\n----\t-----\na b\tc\n", 2),
        ("a.csv", "sep=;\ntext;label\n----;-----\n", 3),
        ("a.csv", "| text |\n|------|\n| a b |\n", 2),
    ],
)
def test_a_table_that_was_printed_for_readers_is_refused(tmp_path, name, content, number):
    with refused(
        f"line {number} of {tmp_path / name} holds no more than dashes, as where a table was printed for readers: "
        "save it as CSV"
    ):
        rows(tmp_path, name, content)


@pytest.mark.parametrize("row", ["--- a,b", "-,-", '"---",b', "---", "-- --", "--, x", "a,---"])
def test_dashes_in_a_row_are_its_text(tmp_path, row):
    assert len(rows(tmp_path, "a.csv", f"{'text,label' if ',' in row else 'text'}\n{row}\n")) == 1
