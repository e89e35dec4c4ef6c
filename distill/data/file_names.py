"""Names of files: those of the splits, and what a folder has whose files have others."""

import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from distill.data import formats
from distill.data.formats import foreign

SPLITS: Mapping[str, tuple[str, ...]] = {
    "train": ("train",),
    "validation": ("validation", "dev", "valid", "val"),
    "test": ("test",),
}
"""Each split, and the names that may stand for it."""
ELSE: Mapping[str, tuple[str, ...]] = {"validation": ("eval", "evaluation", "development")}
"""Names that may stand for a split where it has none of the usual ones."""
SAVED = "state.json"
"""The file by which a folder is known that ``datasets`` has saved, of one split."""
WORDS = {name for names in (*SPLITS.values(), *ELSE.values()) for name in names} | {"testing", "holdout", "heldout"}
"""Words in the names of files that hold a split."""
_PART = re.compile(r"part[-_.]\d+")
"""How the files of a table begin that Spark and Dask write in parts."""


def files_in(folder: Path) -> list[Path]:
    """The files directly in a folder, without hidden ones, by their names."""
    if not folder.is_dir():
        return []
    return sorted(file for file in folder.iterdir() if file.is_file() and not file.name.startswith((".", "_")))


def stem_of(file: Path) -> str | None:
    """A file's name in lower case, without the ending of its kind; none where it is of no known one."""
    ending = formats.ending(file)
    return None if ending is None else file.name.lower().removesuffix(".gz").removesuffix(ending)


def elsewhere(folder: Path) -> str:
    """What else a folder without a train file has, as the end of a sentence."""
    folders = [each for each in sorted(folder.iterdir()) if each.is_dir()]
    if inner := [each for each in folders if any(each.glob("train*"))]:
        return f"; {inner[0]} has one: give that folder"
    if saved := [each for each in folders if (each / SAVED).is_file()]:
        return f"; {saved[0]} was saved by datasets: give it as the path"
    strangers = [file.name for file in files_in(folder) if stem_of(file) is None]
    return f"; it has {', '.join(strangers[:5])}, of no such ending" if strangers else ""


def other_layout(folder: Path) -> str:
    """What a folder without a train file holds in a layout of its own, as the end of a sentence, or nothing."""
    names = [file.name for file in files_in(folder)]
    if tables := [name for name in names if name.endswith(".arrow")]:
        return (
            f"; {tables[0]} is a table that load_dataset keeps for itself: load the data with it, save that with "
            "save_to_disk, and give the folder"
        )
    if annotations := [name for name in names if name.endswith(".ann")]:
        return f"; {annotations[0]} holds annotations of brat: {foreign.SPANS}"
    if parts := [name for name in names if _PART.match(name)]:
        train = folder.name == "train" or stem_of(folder) == "train"
        way = f"give {folder.parent}" if train else "call the folder train, and give the one that it is in"
        return f"; {parts[0]} seems to be a part of a table: {way}"
    return ""


def unread(folder: Path, files: Mapping[str, Sequence[Path]], known: Collection[str] = ()) -> list[str]:
    """Return a sentence on files of a folder that look like a split and are none that is read, or nothing.

    Args:
        folder: in which they are.
        files: split to those that are read.
        known: names of files of which something else is said.
    """
    taken = {file for parts in files.values() for file in parts} | {folder / name for name in known}
    beside = [
        str(file.relative_to(folder))
        for file in (*files_in(folder), *files_in(folder / "data"))
        if file not in taken and (stem := stem_of(file)) is not None and WORDS & {*re.findall("[a-z]+", stem)}
    ]
    way = ": data.files.validation=NAME and data.files.test=NAME name other files"
    return (
        [f"of {folder} {', '.join(beside[:5])} {'is' if len(beside) == 1 else 'are'} not read{way}"] if beside else []
    )
