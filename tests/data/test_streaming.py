import gzip
import re

import pytest
from datasets import Dataset

from distill.data.formats import ENDINGS
from distill.data.streaming import read
from distill.errors import DataError


def refused(message):
    return pytest.raises(DataError, match=f"^{re.escape(message)}$")


def written(folder, name, text):
    file = folder / name
    raw = text.encode()
    file.write_bytes(gzip.compress(raw) if name.endswith(".gz") else raw)
    return file


@pytest.mark.parametrize("ending", ["", ".gz"])
def test_objects_come_with_the_number_of_their_line(tmp_path, ending):
    file = written(tmp_path, f"in.jsonl{ending}", '\ufeff{"text": "Zürich"}\n\n{"text": "b", "x": [1]}\r\n')
    assert list(read(file)) == [(1, {"text": "Zürich"}), (3, {"text": "b", "x": [1]})]


@pytest.mark.parametrize("ending", ["", ".gz"])
def test_fields_are_taken_as_they_stand(tmp_path, ending):
    file = written(tmp_path, f"in.tsv{ending}", 'text\tn\r\na "quoted" text\t1\r\n" alone\t\r\n')
    assert list(read(file)) == [(2, {"text": 'a "quoted" text', "n": "1"}), (3, {"text": '" alone', "n": ""})]


def test_a_field_may_be_longer_than_the_csv_module_likes_and_hold_a_carriage_return(tmp_path):
    long = "a" * 200_000
    file = written(tmp_path, "in.tsv", f"text\n{long}\na\rb\n")
    assert [row["text"] for _, row in read(file)] == [long, "a\rb"]


def test_a_file_is_read_as_it_is_asked_for(tmp_path):
    file = written(tmp_path, "in.jsonl", '{"text": "a"}\n{"text": "b"}\nbroken\n')
    rows = read(file)
    assert [next(rows)[0], next(rows)[0]] == [1, 2]
    with pytest.raises(DataError, match=f"^line 3 of {re.escape(str(file))} is no JSON: "):
        next(rows)


def test_what_cannot_be_read_is_refused_with_its_line(tmp_path):
    with refused(f"{tmp_path}/none.jsonl: there is no such file"):
        read(tmp_path / "none.jsonl")
    with refused(f"{tmp_path}: is a folder, not a file"):
        read(tmp_path)
    known = f"{', '.join(ENDINGS)}, text also as .gz: give its name one of them"
    with refused(f"{tmp_path}/in.data: unknown kind of file; known are {known}"):
        read(written(tmp_path, "in.data", "a\n"))
    with refused(f"line 2 of {tmp_path}/in.jsonl is no JSON object"):
        list(read(written(tmp_path, "in.jsonl", '{"a": 1}\n[1]\n')))
    with refused(f"line 2 of {tmp_path}/in.jsonl is no JSON: it is nested too deep"):
        list(read(written(tmp_path, "in.jsonl", '{"a": 1}\n{"a": ' + "[" * 100_000 + "]" * 100_000 + "}\n")))
    with refused(f"line 3 of {tmp_path}/in.tsv has 1 field too few"):
        list(read(written(tmp_path, "in.tsv", "a\tb\n1\t2\n3\n")))
    with refused(f"{tmp_path}/in.tsv is empty"):
        list(read(written(tmp_path, "in.tsv", "")))
    file = tmp_path / "bad.jsonl"
    file.write_bytes(b'{"a": 1}\n{"a": "\xff"}\n')
    way = "save it as UTF-8, for example, where it is of Windows, by: iconv -f CP1252 -t UTF-8"
    with refused(f"line 2 of {file} is no UTF-8: byte 0xff at position 7; {way}"):
        list(read(file))


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("in.jsonl", '{"a": [-Infinity], "b": "x"}\n', "line 1 of {file} has in a -Infinity, which is no value"),
        ("in.jsonl", '{"a": 1e999, "b": "x"}\n', "line 1 of {file} has in a Infinity, which is no value"),
        ("in.jsonl", '{"a": "\\ud83d", "b": "x"}\n',
         "line 1 of {file} has in a half of a pair of surrogates, '\\ud83d', which is no text"),
        ("in.jsonl", '{"a": 1, "b": "x", "a": 2}\n', "line 1 of {file} has in a a key that stands twice"),
        ("in.tsv", "a\tb\ta\n1\tx\t3\n", "{file} names the column a twice"),
    ],
)  # fmt: skip
def test_a_value_that_cannot_be_used_matters_to_who_asks_for_it(tmp_path, name, text, message):
    file = written(tmp_path, name, text)
    ((_, row),) = read(file)
    assert row["b"] == "x"
    assert "a" in row
    with refused(message.format(file=file)):
        row["a"]


def test_every_kind_of_file_that_training_reads_is_read(tmp_path):
    assert list(read(written(tmp_path, "in.csv", "text;n\na, b;1\n"))) == [(2, {"text": "a, b", "n": "1"})]
    assert list(read(written(tmp_path, "in.txt", "a b\n\nc\n"))) == [(1, {"text": "a b"}), (3, {"text": "c"})]
    assert list(read(written(tmp_path, "in.json", '[{"text": "a"},\n{"text": "b"}]'))) == [
        (1, {"text": "a"}), (2, {"text": "b"}),
    ]  # fmt: skip
    Dataset.from_dict({"text": ["a", "b"]}).to_parquet(tmp_path / "in.parquet")
    assert list(read(tmp_path / "in.parquet")) == [(1, {"text": "a"}), (2, {"text": "b"})]


def test_an_archive_whose_middle_is_broken_is_refused(tmp_path):
    raw = bytearray(gzip.compress(b'{"text": "a"}\n' * 1000))
    raw[12:16] = b"\xff" * 4
    (tmp_path / "in.jsonl.gz").write_bytes(raw)
    with pytest.raises(DataError, match=f"^{re.escape(str(tmp_path))}/in.jsonl.gz cannot be read: "):
        list(read(tmp_path / "in.jsonl.gz"))


@pytest.mark.parametrize(
    ("name", "content", "what"),
    [
        ("in.jsonl.gz", b"not gz", "JSON"),
        ("in.JSON.GZ", b"\x00\x01{}", "JSON"),
        ("in.csv.gz", b"text\n\xff\xf0\n", "UTF-8 text"),
        ("in.txt.gz", b"\x8b\x1f\x08", "UTF-8 text"),
    ],
)
def test_what_is_called_gzip_and_is_neither_that_nor_text_is_named(tmp_path, name, content, what):
    (tmp_path / name).write_bytes(content)
    message = f"{tmp_path}/{name} is no gzip archive, though it is called so, and no {what} either: fetch it again"
    with refused(message):
        read(tmp_path / name)


def test_text_that_is_called_gzip_and_not_packed_is_read(tmp_path):
    cut = "a" * 511 + "é"  # a character that ends after the first bytes that are looked at
    for name, text in (("in.jsonl.gz", '\ufeff {"text": "a"}\n'), ("in.csv.gz", f"text\n{cut}\n"), ("in.txt.gz", cut)):
        (tmp_path / name).write_text(text, encoding="utf-8")
        (row,) = (row for _, row in read(tmp_path / name))
        assert row["text"] in ("a", cut)
