import gzip
import io
import os
import sys
from types import SimpleNamespace

import pyarrow as pa
import pytest
from pyarrow import parquet

from distill.data.standard_input import StandardInput
from distill.data.streaming import read
from distill.errors import DataError

ROWS = [{"text": "Zürich"}, {"text": "b"}]


@pytest.fixture
def piped(monkeypatch):
    def source(content):
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BufferedReader(io.BytesIO(content))))
        return StandardInput("-")

    return source


def packed(rows):
    buffer = io.BytesIO()
    parquet.write_table(pa.Table.from_pylist(rows), buffer)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        (".jsonl", '{"text": "Zürich"}\n{"text": "b"}\n'.encode()),
        (".jsonl", gzip.compress('{"text": "Zürich"}\n{"text": "b"}\n'.encode(), mtime=0)),
        (".json", '[{"text": "Zürich"},\n {"text": "b"}]'.encode()),
        (".csv", "text\nZürich\nb\n".encode()),
        (".tsv", "text\nZürich\nb\n".encode()),
        (".txt", "Zürich\nb\n".encode()),
        (".parquet", packed(ROWS)),
    ],
    ids=["lines", "packed lines", "array", "csv", "tsv", "txt", "parquet"],
)
def test_every_kind_of_file_is_read_from_standard_input(piped, kind, content):
    assert [dict(row) for _, row in read(piped(content), kind=kind)] == ROWS


def test_standard_input_is_read_again_from_its_start(piped):
    source = piped(b"text\na\n")
    for _ in range(2):
        assert list(read(source, kind=".tsv")) == [(2, {"text": "a"})]
    with source.open("rb") as file:
        assert file.seek(-2, io.SEEK_END) == 5
        assert file.read() == b"a\n"
        file.seek(0)
        assert (file.read(2), file.seek(1, io.SEEK_CUR), file.read(1)) == (b"te", 3, b"t")


def test_it_is_named_in_messages_with_the_way_to_say_what_it_is(piped):
    for content, kind, message in (
        (b"", ".jsonl", "standard input is empty"),
        (b'{"a": 1}\n{"a": \n', ".jsonl", "line 2 of standard input is no JSON: "),
        (b'{"a": 1}\n', ".csv", "standard input holds JSON; give input_format=jsonl$"),
        (packed(ROWS), ".jsonl", "standard input is a Parquet file under another name, .*: give input_format=parquet$"),
        (b"no", ".parquet", "standard input cannot be read: "),
    ):
        with pytest.raises(DataError, match=f"^{message}"):
            list(read(piped(content), kind=kind))
    with pytest.raises(ValueError, match=r"^standard input is opened for reading bytes, not as w$"):
        piped(b"").open("w")


def test_rows_come_before_the_input_ends(monkeypatch):
    """What has come of a pipe is read while its other end is open."""
    into, out = os.pipe()
    os.write(out, b'{"text": "a"}\n{"text": "b"}\n')
    with os.fdopen(into, "rb") as stream, os.fdopen(out, "wb"):
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=stream))
        spool = StandardInput("-")._spool
        assert spool.read(0, 20) == b'{"text": "a"}\n{"text'
        assert spool.read(14, 13) == b'{"text": "b"}'
