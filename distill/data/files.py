"""The splits in files: in a folder of files, in one saved by ``datasets``, or in a single file."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from distill.data import arrow, file_names, finding, folder_layouts, formats, parallel_files, parquet, saved_folders
from distill.data.file_names import SPLITS
from distill.data.finding import EITHER, find
from distill.data.formats import Options
from distill.data.formats.unpacking import together
from distill.errors import DataError

if TYPE_CHECKING:
    from datasets import Dataset

__all__ = ["SPLITS", "Files", "find", "named_splits", "own", "read", "refuse_delimiter"]


class Files(dict[str, "Dataset"]):
    """The splits of a data set by name, with what was noticed while they were read.

    Attributes:
        notes: what was decided, each a sentence.
        problems: split to column to why it cannot be used; it is not among the split's columns.
        absent: split to column to a row that lacks it, and holds none there.
        endings: of the files that were read.
    """

    def __init__(self) -> None:
        """Begin without any split."""
        super().__init__()
        self.endings: set[str | None] = set()
        self.notes: list[str] = []
        self.problems: dict[str, Mapping[str, str]] = {}
        self.absent: dict[str, Mapping[str, str]] = {}


def read(path: Path, named: Mapping[str, Sequence[str]] | None = None, options: Options | None = None) -> Files:
    """Read the splits of a folder of files, of a folder saved by ``datasets``, or of a single file (train).

    Args:
        path: a file or folder.
        named: split to the names of its files or, of a saved folder, its splits; see ``find``.
        options: how tables of text are read.

    Raises:
        DataError: there is no train split, or a file cannot be read, with the line where that is known.
    """
    try:
        if not path.exists():
            raise DataError(f"{path}: there is no such file or folder")
        if saved_folders.saved(path, named or {}):
            return _saved(path, named)
        files = find(path, named) if path.is_dir() else _beside(path, named or {})
    except OSError as error:
        raise DataError(f"{str(path)[:200]} cannot be read: {error.strerror or error}") from error
    with together():
        tables = {split: _table(parts, options or Options(), split) for split, parts in files.items()}
    splits = Files()
    for split, parts in files.items():
        table = tables[split]
        splits[split] = table.dataset
        splits.endings |= {formats.ending(part) for part in parts}
        splits.problems[split], splits.absent[split] = table.problems, table.absent
        splits.notes += [*table.notes, *_note_on_files(split, parts, (named or {}).get(split))]
    splits.notes = list(
        dict.fromkeys([*splits.notes, *(_unread(path, files) if path.is_dir() else finding.part(path))])
    )
    return splits


def refuse_delimiter(delimiter: str, read_files: Files, source: str) -> None:
    """Refuse a sign between the fields of tables where no file is one.

    Raises:
        DataError: nothing reads it.
    """
    if read_files.endings.isdisjoint(formats.TABLES):
        raise DataError(
            f"data.delimiter={delimiter}: stands between fields of files that end in {' or '.join(formats.TABLES)}, "
            f"and {source} has none: leave it out, or call a table so"
        )


def named_splits(
    loaded: Mapping[str, "Dataset"], named: Mapping[str, Sequence[str]], source: str, folder: Path | None = None
) -> tuple[dict[str, "Dataset"], list[str]]:
    """Choose train, validation and test among the splits of a data set that has its own.

    Returns these splits, and a sentence on those that are not read.

    Args:
        loaded: all splits by name.
        named: split to the names that the settings give it.
        source: where the data came from, for messages.
        folder: with a folder for each split, where no setting names them; else none.

    Raises:
        DataError: there is no train split, a named one is not there, or two may be meant.
    """
    from datasets import concatenate_datasets

    way = "say which is train with data.files.train=NAME" if folder is None else "give the folder of one as the path"
    way += "" if folder is None else f", such as {folder / next(iter(loaded))}"
    chosen = {split: finding.chosen(list(loaded), split, named.get(split), source) for split in SPLITS}
    if not chosen["train"]:
        raise DataError(f"{source} has no train split; it has {', '.join(loaded)}: {way}")
    try:
        splits = {
            split: concatenate_datasets([loaded[name] for name in names]) if len(names) > 1 else loaded[names[0]]
            for split, names in chosen.items()
            if names
        }
    except ValueError as error:
        raise DataError(f"splits of {source} cannot be one: {str(error).splitlines()[0]}") from error
    left = [name for name in loaded if not any(name in names for names in chosen.values())]
    notes = [f"of {source} {', '.join(left)} {'is' if len(left) == 1 else 'are'} not read"] if left else []
    return splits, notes


def own(rows: "Dataset") -> "Dataset":
    """Return the same rows detached from their file, so that ``datasets`` caches nothing beside it."""
    from datasets import Dataset
    from datasets.table import InMemoryTable

    table = InMemoryTable(rows.data.table)  # of which datasets does not know the file
    detached: Dataset = Dataset(table, rows.info, rows.split, rows._indices, rows._fingerprint)
    return detached


def _unread(folder: Path, files: Mapping[str, Sequence[Path]]) -> list[str]:
    """What a folder has that looks like a split and is not read."""
    pairs = [name for pair in parallel_files.pairs(folder) for name in (pair.first, pair.second)]
    single = file_names.unread(folder, files, pairs)
    return [*single, *parallel_files.unread(folder, files), *folder_layouts.unread(folder, files)]


def _beside(file: Path, named: Mapping[str, Sequence[str]]) -> dict[str, list[Path]]:
    """A single file as train, and what is named beside it."""
    if "train" in named:
        raise DataError(
            f"data.path={file} is train already, so data.files.train={', '.join(named['train'])} is not read; "
            f"leave it out, or give a folder as data.path"
        )
    beside = {split: finding.given_files(file.parent, split, names) for split, names in named.items()}
    return {"train": [file]} | {split: files for split, files in beside.items() if files}


def _note_on_files(split: str, files: Sequence[Path], named: Sequence[str] | None) -> list[str]:
    """Which files were read, of splits that more than one may hold."""
    if (named is None and len(files) == 1) or (named is not None and len(named) == 1 and EITHER not in named[0]):
        return []
    names = [file.name for file in files]
    if len(names) > 3:
        names = [names[0], f"{len(names) - 2} more", names[-1]]
    return [f"{split} is read from {', '.join(names)}"]


def _saved(folder: Path, names: Mapping[str, Sequence[str]] | None) -> Files:
    named = names or {}
    loaded = saved_folders.loaded(folder, named)
    result = Files()
    if isinstance(loaded, Mapping):
        splits, result.notes = named_splits(loaded, named, str(folder), folder if names is None else None)
    elif unread := [
        split for split, names in named.items() if not all(finding.optional(split, each) for each in names)
    ]:
        raise DataError(f"{folder} was saved without splits, so data.files.{unread[0]} is not read; leave it out")
    else:
        splits = {"train": loaded}
    result.notes += file_names.unread(folder, {})
    result.update({split: own(rows) for split, rows in splits.items()})
    return result


def _table(files: Sequence[Path], options: Options, split: str) -> arrow.Table:
    by_columns = [formats.ending(file) == formats.PARQUET for file in files]
    if all(by_columns) and options.words and all(map(parquet.has_spans, files)):
        return arrow.of_rows(files, options, parquet.words_of_spans)
    if all(by_columns) and options.marked and all(map(parquet.has_places, files)):
        return arrow.of_rows(files, options, parquet.texts_with_marks)
    if all(by_columns):
        return parquet.read(files)
    if any(by_columns):
        raise DataError(f"{split} has parts of Parquet and of text: {', '.join(file.name for file in files)}")
    return arrow.of_rows(files, options)
