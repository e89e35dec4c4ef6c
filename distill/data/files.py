"""The split files of a folder: found, looked through, and read by ``datasets``."""

import csv
import glob
import gzip
import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from distill.errors import DataError
from distill.store import checksum

if TYPE_CHECKING:
    from datasets import Dataset

SPLITS: Mapping[str, tuple[str, ...]] = {
    "train": ("train",),
    "validation": ("validation", "dev", "valid", "val"),
    "test": ("test",),
}
"""Each split, and the file names that may hold it."""

_SUFFIXES = (".tsv", ".csv", ".jsonl", ".json", ".parquet", ".tsv.gz", ".csv.gz", ".jsonl.gz", ".json.gz")
_LONGEST_FIELD = 1 << 30
"""Characters; without a word, the csv module refuses fields of more than 131,072."""


def read(path: Path, named: Mapping[str, Sequence[str]] | None = None) -> dict[str, "Dataset"]:
    """The splits in a folder of files, in a folder saved by ``datasets``, or in a single file (train).

    ``named`` gives the names that the file of a split may have, without their endings; the first that is there counts.

    Raises:
        DataError: there is no train split, or a file cannot be read, with the line where that is known.
    """
    if not path.exists():
        raise DataError(f"{path}: there is no such file or folder")
    if saved(path):
        return _saved(path)
    files = find(path, named) if path.is_dir() else {"train": path}
    return {split: _read_file(file) for split, file in files.items()}


def saved(path: Path) -> bool:
    """Whether a folder was saved by ``datasets``."""
    return path.is_dir() and any((path / name).is_file() for name in ("dataset_dict.json", "state.json"))


def find(folder: Path, named: Mapping[str, Sequence[str]] | None = None) -> dict[str, Path]:
    """The file of each split; ``test_unseen.tsv`` and the like are none, unless they are ``named``.

    Raises:
        DataError: there is no train file, a split has two, or a named one is not there.
    """
    found: dict[str, Path] = {}
    for split, usual in SPLITS.items():
        given = (named or {}).get(split)
        ways = [usual] if given is None else [(name,) for name in given]  # the usual names are equals, given ones not
        there = next(filter(None, (_there(folder, names) for names in ways)), [])
        if len(there) > 1:
            raise DataError(f"{folder} has {len(there)} files for {split}: {', '.join(file.name for file in there)}")
        if there:
            found[split] = there[0]
        elif given is not None and not set(given) & set(usual):
            raise DataError(
                f"{folder} has no file {' or '.join(given)} for {split}, with one of {', '.join(_SUFFIXES)}"
            )
    if "train" not in found:
        endings = ", ".join(suffix for suffix in _SUFFIXES if not suffix.endswith(".gz"))
        raise DataError(f"{folder} has no train file: train with one of {endings} is looked for, text also as .gz")
    return found


def _there(folder: Path, names: Sequence[str]) -> list[Path]:
    files = [folder / (name + suffix) for name in names for suffix in _SUFFIXES]
    return [file for file in files if file.is_file()]


def _saved(folder: Path) -> dict[str, "Dataset"]:
    from datasets import DatasetDict, load_from_disk

    try:
        loaded = load_from_disk(str(folder))
    except (IndexError, OSError, ValueError) as error:  # the first: it was saved without rows
        raise DataError(f"{folder} cannot be read, or has no rows: {error}") from error
    if not isinstance(loaded, DatasetDict):
        return {"train": loaded}
    named = {name: split for split, names in SPLITS.items() for name in names}
    splits = {named[name]: rows for name, rows in loaded.items() if name in named}
    if "train" not in splits:
        raise DataError(f"{folder} has no train split; it has {', '.join(loaded)}")
    return splits


def _read_file(file: Path) -> "Dataset":
    kind = next((suffix for suffix in _SUFFIXES if file.name.endswith(suffix)), None)
    if kind is None:
        raise DataError(f"{file}: unknown kind of file; known are {', '.join(_SUFFIXES)}")
    if file.stat().st_size == 0:
        raise DataError(f"{file} is empty")
    kind = kind.split(".")[1]
    given: dict[str, Any] = {}
    if kind in ("tsv", "csv"):
        given = _table(file, kind)
    elif kind != "parquet":
        _check_json(file)
    rows = _load({"tsv": "csv", "jsonl": "json"}.get(kind, kind), file, given)
    if not len(rows):
        raise DataError(f"{file} has no rows")
    return rows


def _load(builder: str, file: Path, given: dict[str, Any]) -> "Dataset":
    from datasets import load_dataset, logging
    from datasets.exceptions import DatasetGenerationError

    verbosity = logging.get_verbosity()
    logging.set_verbosity(logging.CRITICAL)  # what it logs as an error is said below
    try:
        name = checksum(file)[:16]  # else a file that changed behind the same name, size and time came from the cache
        return cast("Dataset", load_dataset(builder, name, data_files=glob.escape(str(file)), split="train", **given))
    except (DatasetGenerationError, ValueError) as error:
        cause = str(error.__cause__ or error).strip().splitlines()
        raise DataError(f"{file} cannot be read: {cause[0] if cause else type(error).__name__}") from error
    finally:
        logging.set_verbosity(verbosity)


def _table(file: Path, kind: str) -> dict[str, Any]:
    """How ``datasets`` shall read a table: every column as text, and no word taken for a missing value."""
    from datasets import Features, Value

    separator = "\t" if kind == "tsv" else ","
    quoting = csv.QUOTE_NONE if kind == "tsv" else csv.QUOTE_MINIMAL
    windows = next(lines(file)).endswith("\r")
    records = _tsv(file, windows) if kind == "tsv" else _csv(file)
    _, columns = next(records)
    if doubled := {column for column in columns if columns.count(column) > 1}:
        raise DataError(f"{file} names the column {min(doubled)} twice")
    number = 1
    for number, fields in records:
        if len(fields) < len(columns):
            raise DataError(f"line {number} of {file} has no {columns[len(fields)]}")
        if len(fields) > len(columns):
            raise DataError(f"line {number} of {file} has {len(fields)} fields, but the header has {len(columns)}")
    if number == 1:
        raise DataError(f"{file} has no rows")
    features = Features({column: Value("string") for column in columns})
    return {
        "sep": separator, "quoting": quoting, "features": features, "keep_default_na": False, "na_values": [],
        "skip_blank_lines": False, "encoding": "utf-8", "lineterminator": None if windows or kind == "csv" else "\n",
    }  # fmt: skip


def _tsv(file: Path, windows: bool) -> Iterator[tuple[int, list[str]]]:
    """Line number and fields; lines that ``datasets`` would end elsewhere than at the header's line end are refused."""
    for number, line in enumerate(lines(file), 1):
        text = line.removesuffix("\r") if windows else line
        if windows and "\r" in text:
            raise DataError(f"line {number} of {file} has a carriage return within a field")
        if not windows and text.endswith("\r"):
            raise DataError(f"line {number} of {file} ends in CR LF, but the header in LF")
        yield number, text.split("\t")


def _csv(file: Path) -> Iterator[tuple[int, list[str]]]:
    """Line number and fields; a record may span lines, and the first of them counts."""
    csv.field_size_limit(_LONGEST_FIELD)
    records = csv.reader(line + "\n" for line in lines(file))
    number = 1
    try:
        for fields in records:
            yield number, fields
            number = records.line_num + 1
    except csv.Error as error:
        raise DataError(f"line {number} of {file} is no CSV: {error}") from error


def _check_json(file: Path) -> None:
    """Refuse a line that is no JSON object, or lacks a key that the first line has."""
    expected: set[str] = set()
    first = next(islice(lines(file), 1)).lstrip()
    if first.startswith("["):
        return  # one array over all lines
    for number, line in enumerate(lines(file), 1):
        try:
            row = json.loads(line)
        except ValueError as error:
            raise DataError(f"line {number} of {file} is no JSON: {error}") from error
        if not isinstance(row, dict):
            raise DataError(f"line {number} of {file} is no JSON object")
        expected = expected or set(row)
        if missing := sorted(expected - set(row)):
            raise DataError(f"line {number} of {file} has no {missing[0]}")


def lines(file: Path) -> Iterator[str]:
    """The lines of a text file, plain or gzipped, without their ends.

    Raises:
        DataError: a line is no UTF-8, or the archive is broken.
    """
    number = 0
    try:
        with gzip.open(file, "rb") if file.suffix == ".gz" else file.open("rb") as lines:
            for line in lines:
                number += 1
                text = line.decode("utf-8").removesuffix("\n")
                yield text.removeprefix("\ufeff") if number == 1 else text
    except UnicodeDecodeError as error:
        byte = error.object[error.start]
        raise DataError(f"line {number} of {file} is no UTF-8: byte 0x{byte:02x} at position {error.start}") from error
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{file} cannot be read: {error}") from error
    if number == 0:
        raise DataError(f"{file} is empty")
