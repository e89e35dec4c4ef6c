"""Files that nothing can be read of end every reader of rows with the same sentence; texts are read whatever marks or
ends of lines they have."""

import bz2
import gzip
import io
import lzma
import os
import socket
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from distill.data import files, sources, streaming
from distill.data.answers import reading
from distill.data.columns import Rules
from distill.data.text_file import TextFile
from distill.errors import DataError

ROOT = str(Path(__file__).parents[2])
ROWS = [(f"m{n}", f"text number {n}", "yes" if n % 2 else "no") for n in range(50)]
NAMES = ("id", "text", "label")


def table(between, end="\n"):
    return "".join(between.join(row) + end for row in (NAMES, *ROWS))


def objects(end="\n"):
    return "".join("{" + ", ".join(f'"{name}": "{cell}"' for name, cell in zip(NAMES, row, strict=True)) + "}" + end
                   for row in ROWS)  # fmt: skip


TEXTS = {
    "csv": table(","),
    "tsv": table("\t"),
    "jsonl": objects(),
    "json": "[" + objects(",\n").rstrip(",\n") + "]",
    "txt": "".join(f"{text}\n" for _, text, _ in ROWS),
}
READERS = {
    "data": lambda file: len(files.read(file)["train"]),
    "answers": lambda file: len(reading.read(str(file), {"text": ["text"]})),
    "unlabelled": lambda file: len(sources.unlabelled(str(file), {"text": "text"}, {}, Rules())[0]),
    "prediction": lambda file: len(list(streaming.read(file))),
    "labelling": lambda file: len(list(TextFile(file, {"text": "text"}).rows())),
}
"""The readers of the five commands that take files of rows; each returns how many it has read."""
PLAIN = TEXTS["csv"].encode()
PACKED = gzip.compress(os.urandom(5000) + PLAIN)


def zipped():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("f.csv", PLAIN)
    return out.getvalue()


def tarred():
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        member = tarfile.TarInfo("f.csv")
        member.size = len(PLAIN)
        archive.addfile(member, io.BytesIO(PLAIN))
    return out.getvalue()


CUT = "FILE cannot be read: Compressed file ended before the end-of-stream marker was reached; the archive was cut off "
REPACK = "which is not read: unpack it, or pack it with gzip"
TAR = "FILE is a tar archive, which is not read: unpack it and give the files in it"
ZEROS = "FILE is no text: more than a third of its bytes are 0, as where a file was never written to its end; fetch it "
UTF_8 = "text; save it as UTF-8, for example by: iconv -f"
CASES = {
    "a gzip of a gzip": ("f.csv.gz", gzip.compress(gzip.compress(PLAIN)), "FILE is packed with gzip twice, which is "
                         "not read: unpack it once"),
    "a gzip cut off": ("f.csv.gz", PACKED[: len(PACKED) // 2], f"{CUT}or changed: fetch it, or pack it, again"),
    "a gzip cut off in its header": ("f.csv.gz", PACKED[:5], f"{CUT}or changed: fetch it, or pack it, again"),
    "a gzip with more behind it": ("f.csv.gz", gzip.compress(PLAIN) + b"more", "FILE cannot be read: Not a gzipped "
                                   "file (b'mo'); the archive was cut off or changed: fetch it, or pack it, again"),
    "bzip2": ("f.csv.bz2", bz2.compress(PLAIN), f"FILE is a bzip2 archive, {REPACK}"),
    "bzip2 by another name": ("f.csv", bz2.compress(PLAIN), f"FILE is a bzip2 archive, {REPACK}"),
    "xz": ("f.csv.xz", lzma.compress(PLAIN), f"FILE is an xz archive, {REPACK}"),
    "Zstandard": ("f.csv.zst", b"\x28\xb5\x2f\xfd rest", f"FILE is a Zstandard archive, {REPACK}"),
    "LZ4": ("f.csv", b"\x04\x22\x4d\x18 rest", f"FILE is an LZ4 archive, {REPACK}"),
    "compress": ("f.csv", b"\x1f\x9d\x90 rest", f"FILE is an archive of compress (.Z), {REPACK}"),
    "zip": ("f.csv.zip", zipped(), "FILE is a zip archive, which is not read: unpack it and give the files in it"),
    "an empty zip": ("f.csv", b"PK\x05\x06" + bytes(18), "FILE is an empty zip archive, which is not read: give a file "
                     "that has texts"),
    "a gzipped tar": ("f.tar.gz", gzip.compress(tarred()), TAR),
    "a tar in xz": ("f.tar.xz", lzma.compress(tarred()), TAR),
    "zeros": ("f.csv", bytes(4096), f"{ZEROS}again"),
    "a table that ends in zeros": ("f.csv", PLAIN + bytes(4096), f"{ZEROS}again"),
    "UTF-16": ("f.csv", TEXTS["csv"].encode("utf-16"), f"FILE is UTF-16 {UTF_8} UTF-16 -t UTF-8"),
    "UTF-16 without a mark": ("f.csv", TEXTS["csv"].encode("utf-16-le"), f"FILE is UTF-16 {UTF_8} UTF-16LE -t UTF-8"),
    "UTF-16, big end first": ("f.csv", TEXTS["csv"].encode("utf-16-be"), f"FILE is UTF-16 {UTF_8} UTF-16BE -t UTF-8"),
    "UTF-32": ("f.csv", TEXTS["csv"].encode("utf-32"), f"FILE is UTF-32 {UTF_8} UTF-32 -t UTF-8"),
    "UTF-32 without a mark": ("f.csv", TEXTS["csv"].encode("utf-32-be"), f"FILE is UTF-32 {UTF_8} UTF-32BE -t UTF-8"),
    "nothing": ("f.csv", b"", "FILE is empty"),
    "nothing in a gzip": ("f.csv.gz", gzip.compress(b""), "FILE is empty"),
    "JSON nested too deep": ("f.json", b"[" * 100_000, "line 1 of FILE is no JSON: it is nested too deep"),
    "a line nested too deep": ("f.jsonl", b'{"text": "a"}\n' * 2 + b'{"a":' * 100_000,
                               "line 3 of FILE is no JSON: it is nested too deep"),
}  # fmt: skip
"""The name of a file, what it holds, and the sentence."""


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("case", CASES)
def test_a_file_that_is_no_text_ends_each_reader_with_one_sentence(case, reader, tmp_path):
    name, content, sentence = CASES[case]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError) as error:
        READERS[reader](tmp_path / name)
    assert str(error.value).replace(str(tmp_path / name), "FILE") == sentence


def folder(path):
    path.mkdir()


def bound(path):
    with socket.socket(socket.AF_UNIX) as server:
        os.chdir(path.parent)  # its name may be short only
        server.bind(path.name)


PLACES = {
    "a pipe": (os.mkfifo, "is a pipe, of which nothing can be read twice; save what comes out of it as a file"),
    "a device": (lambda path: path.symlink_to("/dev/zero"), "is a device or a socket, not a file"),
    "a socket": (bound, "is a device or a socket, not a file"),
    "a folder": (folder, "is a folder, not a file"),
    "a link to itself": (lambda path: path.symlink_to(path), "there is no such file"),
    "a link to nothing": (lambda path: path.symlink_to(path.parent / "none"), "there is no such file"),
}


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("ending", ["csv", "jsonl.gz", "parquet"])
@pytest.mark.parametrize("place", PLACES)
def test_what_is_no_file_is_neither_waited_for_nor_read_without_an_end(place, ending, reader, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    made, sentence = PLACES[place]
    path = tmp_path / f"data.{ending}"
    made(path)
    with pytest.raises(DataError) as error:
        READERS[reader](path)
    if reader in ("data", "unlabelled") and place == "a folder":
        sentence = "has no train file"
    assert sentence in str(error.value)
    assert str(error.value).count(str(path)) == 1


def test_a_file_that_may_not_be_read_is_named(anyones):
    (anyones / "f.csv").write_bytes(PLAIN)
    (anyones / "f.csv").chmod(0)
    program = (
        "import os, sys; from pathlib import Path; from distill.data import streaming\n"
        "os.geteuid() or os.setuid(65534)\n"  # root may read everything
        "streaming.read(Path(sys.argv[1]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, anyones / "f.csv"], env={**os.environ, "PYTHONPATH": ROOT}, text=True,
        capture_output=True, check=False,
    )  # fmt: skip
    last = done.stderr.strip().splitlines()[-1]
    assert last == f"distill.errors.DataError: {anyones}/f.csv cannot be read: Permission denied"


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf", b"\xef\xbb\xbf\xef\xbb\xbf"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("kind", TEXTS)
def test_texts_are_read_whatever_marks_and_ends_they_have(kind, end, mark, packed, tmp_path):
    content = mark + TEXTS[kind].replace("\n", end).encode()
    file = tmp_path / f"f.{kind}"
    file.write_bytes(gzip.compress(content) if packed else content)
    rows = list(streaming.read(file))
    assert [row["text"] for _, row in rows] == [text for _, text, _ in ROWS]
    assert kind == "txt" or [row["id"] for _, row in rows] == [name for name, _, _ in ROWS]


def test_lines_of_files_that_were_put_together_are_read(tmp_path):
    (tmp_path / "f.jsonl").write_bytes(b"\xef\xbb\xbf" + TEXTS["jsonl"].encode() + b"\xef\xbb\xbf" + b'{"text": "a"}\n')
    assert READERS["prediction"](tmp_path / "f.jsonl") == 51


@pytest.mark.parametrize("reader", [each for each in READERS if each != "prediction"])
@pytest.mark.parametrize("kind", ["csv", "tsv", "jsonl", "json", "txt"])
@pytest.mark.parametrize(
    "content", [b"\n\n  \n\t\n", b"\r\n\r\n", b"\r\r\r", b"   ", b"\xef\xbb\xbf", b"\xef\xbb\xbf\n"]
)
def test_a_file_of_blank_lines_alone_has_no_rows(content, kind, reader, tmp_path):
    (tmp_path / f"f.{kind}").write_bytes(content)
    if reader == "labelling":
        assert READERS[reader](tmp_path / f"f.{kind}") == 0
        return
    with pytest.raises(DataError, match=f"^{tmp_path}/f.{kind} has no rows$"):
        READERS[reader](tmp_path / f"f.{kind}")


NUMBERS = {
    "9" * 5000: "a number of more than 64 bits", "-" + "9" * 5000: "a number of more than 64 bits",
    "1e999": "Infinity, which is no value", "1e" + "9" * 5000: "Infinity, which is no value",
}  # fmt: skip


@pytest.mark.parametrize("number", NUMBERS, ids=["digits", "below 0", "1e999", "exponent"])
@pytest.mark.parametrize("kind", ["jsonl", "json"])
def test_a_number_without_measure_is_named_where_it_is_used_and_passed_over_elsewhere(kind, number, tmp_path):
    file = tmp_path / f"f.{kind}"
    file.write_text(TEXTS[kind].replace('"id": "m3"', f'"id": "m3", "more": {number}'))
    assert [READERS[reader](file) for reader in READERS] == [50] * 5
    file.write_text(TEXTS[kind].replace('"text number 3"', number))
    rows = dict(streaming.read(file))
    with pytest.raises(DataError, match=rf"^(line|row) 4 of .* has in text .*{NUMBERS[number]}$"):
        rows[4]["text"]
