"""Folders that ``datasets`` has saved: all splits as one, a single split, or a folder with each split in its own."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from distill.data.file_names import SAVED, SPLITS, files_in, stem_of
from distill.data.finding import EITHER
from distill.data.formats import foreign
from distill.data.formats.parsing import parse
from distill.errors import DataError

if TYPE_CHECKING:
    from datasets import Dataset

_OF_SPLITS, _INFO = "dataset_dict.json", "dataset_info.json"
"""The files in which ``datasets`` names the splits, and describes the columns; in ``SAVED`` it names the tables."""
_CONTINUATION = b"\xff\xff\xff\xff"
"""How a stream of Arrow begins."""
_AGAIN = "copy the whole folder again"


def saved(path: Path, named: Mapping[str, Sequence[str]]) -> bool:
    """Return whether a folder was saved by ``datasets``, as a whole or split by split.

    Args:
        path: a file or folder.
        named: split to the names that the settings give it.
    """
    return path.is_dir() and (_is_saved(path) or _splits_in(path, named) is not None)


def loaded(folder: Path, named: Mapping[str, Sequence[str]]) -> "Dataset | Mapping[str, Dataset]":
    """Return the rows of a folder that ``datasets`` has saved, or of each split where it has splits.

    Args:
        folder: which is ``saved``.
        named: split to the names that the settings give it.

    Raises:
        DataError: it cannot be read; where a file is missing, cut off, or no such file, it is named.
    """
    from datasets import load_from_disk

    splits = None if _is_saved(folder) else _splits_in(folder, named)
    try:
        if splits is not None:
            return {split.name: load_from_disk(str(split)) for split in splits}
        rows: Dataset | Mapping[str, Dataset] = load_from_disk(str(folder))
        return rows
    except Exception as error:  # a folder of strangers: what fails in reading it is anything
        for each in splits or [folder]:
            _refuse_damaged(each)
        error_lines = str(error).strip().splitlines() or [type(error).__name__]
        raise DataError(f"{folder} cannot be read, or has no rows: {error_lines[0]}") from error


def _is_saved(folder: Path) -> bool:
    return any((folder / name).is_file() for name in (_OF_SPLITS, SAVED))


def _splits_in(folder: Path, named: Mapping[str, Sequence[str]]) -> list[Path] | None:
    """Return the folders of splits that were saved one by one; none where train is not among them, or is a file."""
    train = {way.strip() for name in named.get("train", SPLITS["train"]) for way in name.split(EITHER)}
    for place in (folder, folder / "data"):
        splits = [each for each in sorted(place.glob("*")) if each.is_dir() and (each / SAVED).is_file()]
        if {each.name for each in splits} & train and not {stem_of(file) for file in files_in(place)} & train:
            return splits
    return None


def _refuse_damaged(folder: Path) -> None:
    """Refuse a folder of which a file is missing, cut off, or a Git LFS pointer.

    Raises:
        DataError: one is.
    """
    splits = [folder]
    if (folder / _OF_SPLITS).is_file():
        splits = [folder / str(name) for name in _listed(folder / _OF_SPLITS, "splits")]
    for split in splits:
        for name in (SAVED, _INFO):
            if not (split / name).is_file():
                raise DataError(f"{split / name} is missing: {_AGAIN}")
        _listed(split / _INFO, "")
        for table in _listed(split / SAVED, "_data_files"):
            _refuse_table(split / str(table["filename"] if isinstance(table, Mapping) else table))


def _listed(file: Path, key: str) -> Sequence[object]:
    """Return the list under a key of a file of JSON.

    Raises:
        DataError: it is no JSON.
    """
    foreign.refuse(file, "text")
    try:
        content = parse(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise DataError(f"{file} is no JSON, so it is cut off or damaged: {_AGAIN}") from error
    values = content.get(key) if isinstance(content, Mapping) else None
    return values if isinstance(values, list) else []


def _refuse_table(file: Path) -> None:
    """Refuse a table that is missing, of another kind, or cut off.

    Raises:
        DataError: it is.
    """
    import pyarrow as pa

    if not file.is_file():
        raise DataError(f"{file} is missing, which {SAVED} names: {_AGAIN}")
    with file.open("rb") as stream:
        start = stream.read(len(_CONTINUATION))
    if start != _CONTINUATION:
        foreign.refuse(file, "text")
        raise DataError(f"{file} is damaged, since it does not begin as a table of Arrow: {_AGAIN}")
    try:
        with pa.memory_map(str(file)) as source, pa.ipc.open_stream(source) as reader:
            reader.read_all()
    except (OSError, pa.ArrowException) as error:
        raise DataError(f"{file} is cut off or damaged: {_AGAIN}") from error
