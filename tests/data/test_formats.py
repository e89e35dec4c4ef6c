import gzip
import json
import re
import tarfile

import pytest

from distill.data import files, formats
from distill.data.formats import Options, text
from distill.errors import DataError


def refused(message):
    return pytest.raises(DataError, match=f"^{re.escape(message)}$")


def written(folder, name, content):
    file = folder / name
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return file


def rows(file, **options):
    return [row for _, row in formats.rows(file, Options(**options)).rows]


GOOD = [{"text": "a, b", "label": "1"}, {"text": "c", "label": "0"}]


@pytest.mark.parametrize(("between", "name"), [(";", ";"), ("|", "|"), ("\t", "a tab")])
def test_a_csv_is_read_with_what_its_first_lines_have_between_fields(tmp_path, between, name):
    file = written(tmp_path, "a.csv", f"text{between}label\na, b{between}1\nc{between}0\n")
    assert rows(file) == GOOD
    assert formats.rows(file).notes == (f"fields of CSV are separated by {name}",)


def test_a_delimiter_is_told_said_by_the_file_or_given(tmp_path):
    assert rows(written(tmp_path, "a.csv", 'text,label\n"a, b",1\nc,0\n')) == GOOD
    assert rows(written(tmp_path, "b.tsv", 'text,label\n"a, b",1\nc,0\n')) == GOOD
    assert rows(written(tmp_path, "c.csv", "sep=;\r\ntext;label\r\na, b;1\r\nc;0\r\n")) == GOOD
    assert rows(written(tmp_path, "d.csv", "text~label\na, b~1\nc~0\n"), delimiter="~") == GOOD
    assert rows(written(tmp_path, "e.csv", "text\tlabel\na, b\t1\nc\t0\n"), delimiter="tab") == GOOD
    assert rows(written(tmp_path, "f.csv", "text\na; b\nc\n")) == [{"text": "a; b"}, {"text": "c"}], "a single column"
    assert rows(written(tmp_path, "g.csv", 'text,other\n"a;b;c",1\n')) == [{"text": "a;b;c", "other": "1"}]


def test_cells_stay_the_text_that_they_are_and_names_lose_spaces_around_them(tmp_path):
    file = written(tmp_path, "a.csv", "text, label\nNA, 01\nnull,1.10\n2024-01-01,true\n")
    assert [row["text"] for row in rows(file)] == ["NA", "null", "2024-01-01"]
    assert [row["label"] for row in rows(file)] == [" 01", "1.10", "true"]


@pytest.mark.parametrize("name", ["a.csv", "a.tsv"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_end_as_they_do_on_any_system_and_blank_ones_are_none(tmp_path, name, end):
    between = "," if name == "a.csv" else "\t"
    lines = ["", f"text{between}label", "", f"a{between}1", " ", f"b{between}0", ""]
    assert rows(written(tmp_path, name, end.join(lines))) == [{"text": "a", "label": "1"}, {"text": "b", "label": "0"}]


TABLE = [{"text": "a b", "label": 1}, {"text": "c d", "label": 0}]
SHAPES = {
    "records": TABLE,
    "columns": {"text": {"0": "a b", "1": "c d"}, "label": {"0": 1, "1": 0}},
    "index": {"0": TABLE[0], "1": TABLE[1]},
    "split": {"columns": ["text", "label"], "index": [0, 1], "data": [["a b", 1], ["c d", 0]]},
    "table": {"schema": {"fields": []}, "data": TABLE},
    "data": {"version": 1, "data": TABLE},
    "viewer": {"features": [], "rows": [{"row_idx": number, "row": row} for number, row in enumerate(TABLE)]},
}


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("shape", SHAPES)
def test_json_in_one_value_is_read_in_the_shapes_that_people_write(tmp_path, shape, indent):
    assert rows(written(tmp_path, "a.json", json.dumps(SHAPES[shape], indent=indent))) == TABLE


def test_a_single_object_is_a_row_and_a_table_that_can_be_two_is_refused(tmp_path):
    row = {"tokens": ["a", "b"], "tags": ["O", "O"]}
    assert rows(written(tmp_path, "a.jsonl", json.dumps(row))) == [row]
    pair = {"translation": {"de": "ja", "en": "yes"}}
    assert rows(written(tmp_path, "d.jsonl", json.dumps(pair))) == [pair]
    assert rows(written(tmp_path, "e.json", '{"text": {"0": "a", "1": "b"}}')) == [{"text": "a"}, {"text": "b"}]
    nested = {"premise": {"text": "a", "lang": "en"}, "label": {"name": "x"}}
    assert rows(written(tmp_path, "b.jsonl", json.dumps(nested))) == [nested]
    file = written(tmp_path, "c.json", '{"text": {"r1": "a"}, "label": {"r1": 1}}')
    with refused(
        f"{file} can be a table by rows or by columns; write it an object a line, "
        "in pandas to_json(..., orient='records', lines=True)"
    ):
        rows(file)


CONLL = "-DOCSTART- -X- O\n\nEU NNP B-ORG\nrejects VBZ O\n\n# a comment = 1\n# NN O\n\n\nRome NNP B-LOC"


def test_columns_of_words_are_sentences_by_number_with_tokens_first_and_the_label_last(tmp_path):
    found = rows(written(tmp_path, "a.conll", CONLL))
    assert [row["tokens"] for row in found] == [["EU", "rejects"], ["#"], ["Rome"]]
    assert [row["label"] for row in found] == [["B-ORG", "O"], ["O"], ["B-LOC"]]
    assert found[0]["2"] == ["NNP", "VBZ"]
    file = written(tmp_path, "b.bio", "a\tO\nb c\tB-X\n\nd\n")
    with refused(f"line 4 of {file} has 1 columns, but the first has 2"):
        rows(file)
    file = written(tmp_path, "c.conll", "a")
    with refused(f"{file} has no columns: a line holds a word and its tag, a blank line ends a sentence"):
        rows(file)


def test_a_text_or_a_table_without_header_is_of_words_where_words_are_labelled(tmp_path):
    words, table = (
        written(tmp_path, "a.txt", "a O\nb B-X\n\nc O\n"),
        written(tmp_path, "a.tsv", "a\tO\nb\tB-X\n\nc\tO\n"),
    )
    for file in (words, table):
        assert [row["label"] for row in rows(file, words=True)] == [["O", "B-X"], ["O"]]
    assert rows(words) == [{"text": "a O"}, {"text": "b B-X"}, {"text": "c O"}]
    headed = written(tmp_path, "b.tsv", "tokens\ttags\nEU rejects\tB-ORG O\n\nRome\tB-LOC\n")
    assert rows(headed, words=True)[0] == {"tokens": "EU rejects", "tags": "B-ORG O"}


def test_conllu_keeps_the_names_of_its_columns_and_leaves_ranges_out(tmp_path):
    line = "{}\t{}\tl\t{}\tX\t_\t0\troot\t_\t_\n"
    content = "# text = vámonos\n" + line.format("1-2", "vámonos", "_") + line.format(1, "vamos", "VERB")
    (row,) = rows(written(tmp_path, "a.conllu", content + line.format("1.1", "e", "_") + line.format(2, "nos", "PRON")))
    assert (row["tokens"], row["label"], row["form"]) == (["vamos", "nos"], ["VERB", "PRON"], ["vamos", "nos"])


FOREIGN = [
    ("a.csv", b"PK\x03\x04 xl/", "an Excel workbook", "save the sheet as CSV (UTF-8)"),
    ("a.zip", b"PK\x03\x04", "a zip archive", "unpack it and give the files in it"),
    ("a.csv", b"<!DOCTYPE html>", "a web page (HTML)", "a download may have failed; fetch the file itself"),
    ("a.parquet", b"version https://git-lfs.github.com/spec/v1\n", "a Git LFS pointer, not the file itself",
     "fetch it with git lfs pull"),
    ("a.csv", b"PAR1", "a Parquet file under another name", "call it a.parquet"),
    ("a.pdf", b"%PDF-1.4", "a PDF document", "save its text as JSON lines"),
    ("a.jsonl", b"BZh91AY&SY", "a bzip2 archive", "unpack it, or pack it with gzip"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "content", "what", "way"), FOREIGN)
def test_a_file_of_another_kind_is_named_for_what_it_is(tmp_path, name, content, what, way):
    file = written(tmp_path, name, content)
    with refused(f"{file} is {what}, which is not read: {way}"):
        files.read(file)


def test_an_archive_of_files_is_no_file(tmp_path):
    with tarfile.open(tmp_path / "train.csv", "w:gz") as archive:
        archive.add(written(tmp_path, "b.csv", "text\na\n"), "b.csv")
    with refused(f"{tmp_path / 'train.csv'} is a tar archive, which is not read: unpack it and give the files in it"):
        files.read(tmp_path)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", '{"text": "a"}\n', "{file} holds JSON; call it a.jsonl"),
        ("a.json", '[{"a": 1}, 2]', "row 2 of {file} is no JSON object: rows are objects with a key for each column"),
        ("a.json", '["a good film", "b"]', 'row 1 of {file} is a text and no JSON object: write it as {{"text": ...}}, '
         "or each in a line of a .txt file"),
        ("a.jsonl", '{"a": 1}\n"b"\n', 'line 2 of {file} is a text and no JSON object: write it as {{"text": ...}}, or '
         "each in a line of a .txt file"),
        ("a.json", '{\n"a": 1\n}\n{\n"a": 2\n}', "line 4 of {file} is no JSON: Extra data: line 4 column 1 "
         "(char 11); of several objects each stands in a line of its own"),
        ("a.json", "[" * 100_000, "line 1 of {file} is no JSON: it is nested too deep"),
        ("a.csv", "text\na\n".encode("utf-16"),
         "{file} is UTF-16 text; save it as UTF-8, for example by: iconv -f UTF-16 -t UTF-8"),
        ("a.json", b'[{"a": "\xe9"}]', "line 1 of {file} is no UTF-8: byte 0xe9 at position 8; save it as UTF-8, "
         "for example, where it is of Windows, by: iconv -f CP1252 -t UTF-8"),
    ],
)  # fmt: skip
def test_text_that_cannot_be_read_is_refused_in_a_sentence(tmp_path, name, content, message):
    file = written(tmp_path, name, content)
    with refused(message.format(file=file)):
        rows(file)


@pytest.mark.parametrize("end", [b"\n", b"\r"])
def test_a_small_archive_of_one_endless_line_does_not_take_all_memory(tmp_path, monkeypatch, end):
    monkeypatch.setattr(text, "LONGEST_LINE", 100_000)
    file = written(tmp_path, "a.jsonl.gz", gzip.compress(b'{"text": ""}' + end + b"a" * 1_000_000))
    with refused(f"line 2 of {file} has more than 100,000 bytes: no text is that long"):
        rows(file)


def test_a_document_has_a_limit_as_well(tmp_path, monkeypatch):
    monkeypatch.setattr(text, "LONGEST_DOCUMENT", 10)
    file = written(tmp_path, "a.json", '[{"text": "a"}]')
    with refused(f"{file} has more than 10 bytes in one JSON value; save it as JSON lines"):
        rows(file)
