"""Folders that say something of their texts by their names: a folder for each label, and tables in partitions."""

import os
from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path

from distill.data import formats
from distill.data.file_names import SAVED, WORDS, files_in

_UNLABELLED = ("unsup", "unsupervised", "unlabeled", "unlabelled")
"""Names of folders beside those of the labels whose texts have none."""
_LOOKED_AT = 20
"""Files of a folder by which it is told what they hold."""
_FEW = 5
"""Files from which on a folder of numbered ones may hold a text in each."""
_SHOWN = 3
_IN_TABLES = {".parquet": "parquet", ".csv": "csv", ".jsonl": "json", ".ndjson": "json", ".json": "json"}
"""How pyarrow calls the formats of partitions that it reads."""
_READ = "text=f.read_text('utf-8', 'replace')"
_PLACE = "tables"
"""The folder that messages write tables into: beside the folders of the splits, tables would be taken for theirs."""


def told(folder: Path) -> str:
    """Return what a folder, or one in it, holds whose names are labels or partitions, as the end of a sentence.

    Args:
        folder: in which there is no file of a split.
    """
    inner = sorted(_folders(folder), key=lambda each: "train" not in each.name)
    for place in (folder, *inner):
        if way := of_labels(place) or of_partitions(place):
            return f"; {place} {way}"
    files = files_in(folder)
    if len(files) >= _FEW and all(_is_text(file) and any(map(str.isdigit, file.stem)) for file in files):
        return (
            f"; its {len(files):,} files seem to hold a text each: write one table of them, for example by: "
            f"{_written(folder, _pattern(files[0]), _READ, 'texts')}"
        )
    return ""


def of_labels(folder: Path) -> str:
    """Return what to do with a folder that has one for each label, with a text in each file, or nothing for others."""
    folders = [each for each in _folders(folder) if _is_of_texts(each)]
    labels = [each.name for each in folders if each.name.lower() not in _UNLABELLED]
    if len(labels) < 2:
        return ""
    unlabelled = [each.name for each in folders if each.name not in labels]
    which = f" if f.parent.name not in {unlabelled}" if unlabelled else ""
    also = f", and likewise one of {unlabelled[0]}, without label, for data.unlabelled.path" if unlabelled else ""
    shown = ", ".join(labels[:_SHOWN]) + (f" and {len(labels) - _SHOWN} more" if len(labels) > _SHOWN else "")
    pattern = f"*/{_pattern(next(file for file in folders[0].iterdir() if _is_text(file)))}"
    written = _written(folder, pattern, f"{_READ}, label=f.parent.name", _split_of(folder), which)
    return (
        f"seems to have a folder for each label, {shown}, with a text in each file: write a table of each split and "
        f"give the folder of the tables{also}, for example by: {written}"
    )


def of_partitions(folder: Path) -> str:
    """Return what to do with a table in partitions, whose folders are called KEY=VALUE, or nothing for others."""
    partitions = [each for each in _folders(folder) if "=" in each.name.strip("=")]
    files = (file for each in partitions for file in each.rglob("*") if _kind(file) is not None)
    first = next(files, None)
    if first is None:
        return ""
    key = partitions[0].name.split("=")[0]
    kind = _IN_TABLES[_kind(first) or ""]
    read = f"dataset.dataset({str(folder)!r}, format={kind!r}, partitioning='hive').to_table()"
    write = f"parquet.write_table({read}, '{_PLACE}/{_split_of(folder)}.parquet')"
    if key == "split":
        rows = f"{read}.to_pandas().groupby('split')"
        write = f"[rows.to_parquet(f'{_PLACE}/{{split}}.parquet', index=False) for split, rows in {rows}]"
    return (
        f"holds partitions of a table, such as {partitions[0].name}: write each split as one file and give the folder "
        f'of the files, for example by: mkdir -p {_PLACE} && python -c "from pyarrow import dataset, parquet; {write}"'
    )


def unread(folder: Path, files: Mapping[str, Sequence[Path]]) -> list[str]:
    """Return a sentence on each folder of a split whose layout is not read, beside the files of splits that are.

    Args:
        folder: in which they are.
        files: split to those that are read.
    """
    read = {file.parent for parts in files.values() for file in parts}
    splits = [each for each in _folders(folder) if each.name.lower() in WORDS]
    ways = {each: of_labels(each) or of_partitions(each) for each in splits if each not in read}
    return [f"{each} is not read: it {way}" for each, way in ways.items() if way]


def _folders(folder: Path) -> list[Path]:
    """The folders in one that may be looked into: one of strangers may be closed to this user."""
    there = sorted(each for each in folder.iterdir() if each.is_dir())
    return [each for each in there if os.access(each, os.R_OK | os.X_OK)]


def _written(folder: Path, pattern: str, values: str, name: str, which: str = "") -> str:
    """The command that writes JSON lines of a value for each file."""
    files = f"sorted(pathlib.Path({str(folder)!r}).glob('{pattern}')){which}"
    return (
        f'mkdir -p {_PLACE} && python -c "import json, pathlib; [print(json.dumps(dict({values}))) for f in {files}]" '
        f"> {_PLACE}/{name}.jsonl"
    )


def _split_of(folder: Path) -> str:
    """The split that a folder's name says, for the name of its table."""
    return "test" if "test" in folder.name.lower() else "train"


def _is_of_texts(folder: Path) -> bool:
    """Whether a folder is called as no split is, and its files seem to hold a text each."""
    if folder.name.startswith((".", "_")) or folder.name.lower() in WORDS or (folder / SAVED).exists():
        return False
    files = [file for file in islice(folder.iterdir(), _LOOKED_AT) if not file.name.startswith(".")]
    return bool(files) and all(file.is_file() and _is_text(file) for file in files)


def _is_text(file: Path) -> bool:
    """Whether a file's name may be that of one text: it ends in .txt, or is a number such as those of newsgroups."""
    stem, _, ending = file.name.rpartition(".")
    return (ending.lower() == "txt" and stem.lower() not in WORDS) or file.name.isdigit()


def _pattern(file: Path) -> str:
    """The pattern of the names of texts that are called as one is, without signs that a shell would change."""
    return f"*{file.suffix}" if file.suffix else "[0-9]*"


def _kind(file: Path) -> str | None:
    """The ending of a file that pyarrow reads as a part of a table; none of others."""
    ending = formats.ending(file)
    return ending if ending in _IN_TABLES and not file.name.startswith((".", "_")) and file.is_file() else None
