"""Kinds of files that are not read: how they are recognised, and what a user can do with them."""

import codecs
import re
from collections.abc import Mapping
from pathlib import Path

from distill.data.formats.parsing import parse
from distill.data.formats.text import is_packed, opened
from distill.data.standard_input import StandardInput
from distill.errors import DataError

_PANDAS = "save it as Parquet or CSV with pandas, for example "
SPANS = "save each text as a JSON line, with a list of spans, each of start, end and label"
"""What a user can do with annotations of places in a text."""
_UNPACK = "unpack it and give the files in it"
_MAGIC: tuple[tuple[bytes, str, str], ...] = (
    (b"%PDF-", "a PDF document", "save its text as JSON lines"),
    (b"SQLite format 3\x00", "an SQLite database", _PANDAS + "pandas.read_sql(...).to_parquet('train.parquet')"),
    (b"ARROW1\x00\x00", "an Arrow (Feather) file", _PANDAS + "pandas.read_feather(...).to_parquet('train.parquet')"),
    (b"\xff\xff\xff\xff", "an Arrow stream", "load it with datasets.Dataset.from_file and save it with to_parquet"),
    (b"ORC", "an ORC file", _PANDAS + "pandas.read_orc(...).to_parquet('train.parquet')"),
    (b"\x1f\x8b", "packed with gzip twice", "unpack it once"),
    (b"Obj\x01", "an Avro file", "save it as JSON lines"),
    (b"\x89HDF", "an HDF5 file", _PANDAS + "pandas.read_hdf(...).to_parquet('train.parquet')"),
    (b"\x93NUMPY", "a NumPy array", "save it as JSON lines, with a name for each column"),
    (b"\xd0\xcf\x11\xe0", "an old Excel or Word file", "save the sheet as CSV (UTF-8)"),
    (b"BZh91AY&SY", "a bzip2 archive", "unpack it, or pack it with gzip"),
    (b"\xfd7zXZ\x00", "an xz archive", "unpack it, or pack it with gzip"),
    (b"\x28\xb5\x2f\xfd", "a Zstandard archive", "unpack it, or pack it with gzip"),
    (b"\x04\x22\x4d\x18", "an LZ4 archive", "unpack it, or pack it with gzip"),
    (b"\x1f\x9d", "an archive of compress (.Z)", "unpack it, or pack it with gzip"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", _UNPACK),
    (b"Rar!\x1a", "a RAR archive", _UNPACK),
    (b"version https://git-lfs", "a Git LFS pointer, not the file itself", "fetch it with git lfs pull"),
    (b"\x89PNG", "an image", "give texts"),
    (b"\xff\xd8\xff", "an image", "give texts"),
    (b"\x7fELF", "a program", "give texts"),
)
"""How a kind of file begins, what it is called, and the way out."""
_MARKUP = (b"<!doctype html", b"<html", b"<head", b"<body")
_SUFFIXES: Mapping[str, tuple[str, str]] = {
    ".arrow": ("an Arrow file", "load it with datasets.Dataset.from_file and save it with to_parquet"),
    ".feather": ("a Feather file", _PANDAS + "pandas.read_feather(...).to_parquet('train.parquet')"),
    ".pkl": ("a pickle, which may run code", _PANDAS + "pandas.read_pickle(...).to_parquet('train.parquet')"),
    ".pickle": ("a pickle, which may run code", _PANDAS + "pandas.read_pickle(...).to_parquet('train.parquet')"),
    ".xlsx": ("an Excel workbook", "save the sheet as CSV (UTF-8)"),
    ".xls": ("an Excel workbook", "save the sheet as CSV (UTF-8)"),
    ".ods": ("a spreadsheet", "save the sheet as CSV (UTF-8)"),
    ".zip": ("a zip archive", _UNPACK),
    ".tar": ("a tar archive", _UNPACK),
    ".tgz": ("a tar archive", _UNPACK),
    ".7z": ("a 7z archive", _UNPACK),
    ".rar": ("a RAR archive", _UNPACK),
    ".bz2": ("a bzip2 archive", "unpack it, or pack it with gzip"),
    ".xz": ("an xz archive", "unpack it, or pack it with gzip"),
    ".lz4": ("an LZ4 archive", "unpack it, or pack it with gzip"),
    ".lzma": ("an LZMA archive", "unpack it, or pack it with gzip"),
    ".br": ("a Brotli archive", "unpack it, or pack it with gzip"),
    ".z": ("an archive of compress (.Z)", "unpack it, or pack it with gzip"),
    ".zst": ("a Zstandard archive", "unpack it, or pack it with gzip"),
    ".db": ("a database", _PANDAS + "pandas.read_sql(...).to_parquet('train.parquet')"),
    ".sqlite": ("an SQLite database", _PANDAS + "pandas.read_sql(...).to_parquet('train.parquet')"),
    ".h5": ("an HDF5 file", _PANDAS + "pandas.read_hdf(...).to_parquet('train.parquet')"),
    ".orc": ("an ORC file", _PANDAS + "pandas.read_orc(...).to_parquet('train.parquet')"),
    ".avro": ("an Avro file", "save it as JSON lines"),
    ".sqlite3": ("an SQLite database", _PANDAS + "pandas.read_sql(...).to_parquet('train.parquet')"),
    ".dta": ("a file of Stata", _PANDAS + "pandas.read_stata(...).to_parquet('train.parquet')"),
    ".sav": ("a file of SPSS", _PANDAS + "pandas.read_spss(...).to_parquet('train.parquet')"),
    ".rds": ("a file of R", "save it as CSV, in R with write.csv(x, 'train.csv', row.names=FALSE)"),
    ".rdata": ("a file of R", "save it as CSV, in R with write.csv(x, 'train.csv', row.names=FALSE)"),
    ".arff": ("a file of Weka (ARFF)", "save it as CSV, with a first line of the attributes' names"),
    ".npy": ("a NumPy array", "save it as JSON lines, with a name for each column"),
    ".npz": ("NumPy arrays", "save them as JSON lines, with a name for each column"),
    ".html": ("a web page (HTML)", "save its rows as CSV or JSON lines"),
    ".docx": ("a Word document", "save its text as JSON lines"),
    ".sql": ("SQL", _PANDAS + "pandas.read_sql(...).to_parquet('train.parquet')"),
    ".tmx": ("a translation memory (TMX)", "save its pairs as JSON lines of source and target"),
    ".pq": ("a Parquet file by another ending", "call it .parquet"),
    ".parq": ("a Parquet file by another ending", "call it .parquet"),
    ".jsonlines": ("JSON lines by another ending", "call it .jsonl"),
    ".jl": ("JSON lines by another ending", "call it .jsonl"),
    ".tab": ("a table by another ending", "call it .tsv"),
    ".psv": ("a table by another ending", "call it .csv"),
    ".ann": ("a file of annotations (brat)", SPANS),
    ".spacy": ("a DocBin of spaCy", "save what to_json gives of each document as a JSON line"),
    ".xml": ("an XML file", "save its rows as JSON lines"),
    ".yaml": ("a YAML file", "save its rows as JSON lines"),
}
"""Endings that files of data have which are not read."""
_PACKED_TAR = re.compile(r"\.(tar\.(xz|bz2|zst|lz4|lzma|z|br)|txz|tbz2?|tzst)$")
"""How the names of tar archives end that are packed by something else than gzip."""
_PICKLE = tuple(b"\x80" + bytes([protocol]) for protocol in (2, 3, 4, 5))


_OF_JSON = (".jsonl", ".json", ".ndjson")
"""The endings of names of files that begin with a bracket."""


def ending(file: Path) -> bool:
    """Return whether the ending of a file's name belongs to a kind of data that is not read."""
    return _suffix(file) in _SUFFIXES


def _suffix(file: Path) -> str:
    """The ending of a file's name, without that of gzip."""
    return Path(file.name.lower().removesuffix(".gz")).suffix


def called(file: Path, kind: str) -> str:
    """Return the advice by which a user says that a file is of a kind: another name, or a setting."""
    return (
        f"give input_format={kind}" if isinstance(file, StandardInput) else f"call it {file.name.split('.')[0]}.{kind}"
    )


def refuse_json(line: str, file: Path) -> None:
    """Refuse a file of another kind whose first line is JSON.

    Raises:
        DataError: it is.
    """
    if not line.startswith(("{", "[")):
        return
    try:
        if line.strip() not in ("{", "["):  # the first line of a value that goes on
            parse(line)
    except ValueError:
        return
    raise DataError(f"{file} holds JSON; {called(file, 'jsonl')}")


def refuse(file: Path, kind: str) -> None:
    """Refuse a file that is of another kind than its name says, or of a kind that is not read.

    Args:
        file: what there is.
        kind: what its name says: text, parquet, or none.

    Raises:
        DataError: it is; the message says what it is, and the way out.
    """
    with opened(file) as stream:
        start = stream.read(512)
    if (foreign_kind := _named(start, file, kind)) is not None:
        raise DataError(f"{file} is {foreign_kind[0]}, which is not read: {foreign_kind[1]}")
    if kind == "text" and file.name.lower().endswith(".gz") and start and not is_packed(file):
        _refuse_unlike(start, file)


def _refuse_unlike(start: bytes, file: Path) -> None:
    """Refuse a file that is called .gz and not packed, unless it begins as its name says without that.

    Raises:
        DataError: it begins otherwise.
    """
    what = "JSON" if _suffix(file) in _OF_JSON else "UTF-8 text"
    if what == "JSON":
        alike = start.lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"{", b"["))
    else:
        text = codecs.getincrementaldecoder("utf-8")(errors="replace").decode(start)  # the last character may be cut
        alike = "\ufffd" not in text
    if not alike:
        raise DataError(f"{file} is no gzip archive, though it is called so, and no {what} either: fetch it again")


def _named(start: bytes, file: Path, kind: str) -> tuple[str, str] | None:
    known = next(((what, way) for magic, what, way in _MAGIC if start.startswith(magic)), None)
    if start.startswith(b"PK\x03\x04"):
        known = _SUFFIXES.get(_suffix(file), _SUFFIXES[".xlsx"] if b"xl/" in start else _SUFFIXES[".zip"])
    elif start.startswith(b"PAR1") and kind != "parquet":
        known = "a Parquet file under another name", called(file, "parquet")
    elif start.startswith(b"PK\x05\x06"):
        known = "an empty zip archive", "give a file that has texts"
    elif start[257:262] == b"ustar" or _PACKED_TAR.search(file.name.lower()):
        known = _SUFFIXES[".tar"]
    elif start.startswith(_PICKLE):
        known = _SUFFIXES[".pkl"]
    elif start.lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith(_MARKUP):
        known = "a web page (HTML)", "a download may have failed; fetch the file itself"
    elif start.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<?xml"):
        known = _SUFFIXES[".xml"]
    return known or (_SUFFIXES.get(_suffix(file)) if kind == "" else None)
