"""The search for the files of each split: by the usual names, by those that are given, and in parts."""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from distill.data import folder_layouts, formats, parallel_files
from distill.data.file_names import ELSE, SAVED, SPLITS, elsewhere, files_in, other_layout, stem_of
from distill.data.formats import foreign
from distill.errors import DataError

EITHER = "|"
"""The sign between alternative names, of which the first that exists is meant."""
_OF_A_VERSION = re.compile(r"[-_]v\d+(\.\d+)*$")
"""How the name of a file ends that says its version, as SQuAD's ``train-v2.0.json``."""
_PART = re.compile(r"^(?P<name>.+?)[-_.](?P<number>\d+)[-_]of[-_](?P<count>\d+)(-[0-9a-f]{8,})?$")
"""How a file is named that holds a part of a split, without its ending."""


def find(folder: Path, named: Mapping[str, Sequence[str]] | None = None) -> dict[str, list[Path]]:
    """Return the files of each split in a folder, by their usual names or by the names that are given.

    ``test_unseen.tsv`` and the like belong to no split, unless they are ``named``.

    Args:
        folder: which has them, or has them in a folder data.
        named: split to the names of its files, without or with their endings, or paths; all of them are read. Of names
            with ``|`` between them the first that is there is meant, and none has to be there where one of them is
            usual.

    Raises:
        DataError: there is no train file, a split has two, a named one is not there, or one of its parts.
    """
    files_by_split = {}
    for split, usual in SPLITS.items():
        names = (named or {}).get(split)
        files = (
            _usual(folder, split, usual) or _usual(folder, split, ELSE.get(split, ()))
            if names is None
            else given_files(folder, split, names)
        )
        if files:
            files_by_split[split] = files
    if "train" not in files_by_split:
        endings = ", ".join(formats.ENDINGS)
        way = other_layout(folder) or parallel_files.told(folder) or folder_layouts.told(folder)
        way = way or _others(folder, named) or elsewhere(folder)
        raise DataError(f"{folder} has no train file: train with one of {endings} is looked for, text also as .gz{way}")
    return files_by_split


def _others(folder: Path, named: Mapping[str, Sequence[str]] | None) -> str:
    """What files a folder without a train file has whose names may be given, as the end of a sentence, or nothing."""
    known = {None, *(name for names in SPLITS.values() for name in names)}
    files = [file for place in (folder, folder / "data") for file in files_in(place) if stem_of(file) not in known]
    if named is None:
        names = [str(file.relative_to(folder)) for file in files]
        which = "give it as the path" if len(names) == 1 else "give one of them as the path"
    else:
        shards = {file: part["name"] for file, part in _numbered(files)}
        names = list(dict.fromkeys(shards.get(file, file.name) for file in files))
        which = "say which is train with data.files.train=NAME"
        parts = [name for name in names if name.lower().startswith("train")]
        if len(parts) > 1:
            which += f", or take several as one with data.files.train=[{','.join(parts[:3])}]"
    return f"; it has {', '.join(names[:5])}: {which}" if names else ""


def given_files(folder: Path, split: str, names: Sequence[str]) -> list[Path]:
    """Return the files that the settings name for a split, in their order.

    Raises:
        DataError: one is not there, stands twice, or could be several.
    """
    files: list[Path] = []
    missing = []
    for name in names:
        ways = _ways(name)
        matches = next(filter(None, (_named(folder, split, way) for way in ways)), [])
        files += matches
        if not matches and not optional(split, name):
            missing += ways
    if missing:
        raise DataError(
            f"{folder} has no file {' or '.join(missing)} for {split}, with one of {', '.join(formats.ENDINGS)}"
        )
    if doubled := [file for file in files if files.count(file) > 1]:
        raise DataError(f"data.files.{split} names {doubled[0]} twice")
    return files


def chosen(names: Sequence[str], split: str, named: Sequence[str] | None, source: str) -> list[str]:
    """Return which of a data set's own splits stand for train, validation or test.

    Raises:
        DataError: a given one is not there, or two have names that may stand for it.
    """
    if named is None:
        usual = [name for name in names if name in SPLITS[split]]
        if len(usual) > 1:
            raise DataError(
                f"{source} has {len(usual)} splits for {split}: {', '.join(usual)}; say which with "
                f"data.files.{split}=NAME"
            )
        return usual
    selected: list[str] = []
    for wanted_name in named:
        ways = _ways(wanted_name)
        matches = [way for way in ways if way in names][:1]
        if not matches and not optional(split, wanted_name):
            raise DataError(f"{source} has no split {' or '.join(ways)} for {split}; it has {', '.join(names)}")
        selected += matches
    return selected


def optional(split: str, name: str) -> bool:
    """Return whether a name with alternatives may match nothing: where one of them is usual for the split.

    >>> optional("test", "test_unseen|test"), optional("test", "test_unseen"), optional("test", "test")
    (True, False, False)
    """
    return EITHER in name and not set(_ways(name)).isdisjoint(SPLITS[split])


def part(file: Path) -> list[str]:
    """Return a sentence that advises to read the whole folder where a single file is one part of several."""
    return [
        f"{file.name} is one of {int(match['count'])} parts; data.path={file.parent} reads them all"
        for _, match in _numbered([file])
        if int(match["count"]) > 1
    ]


def _ways(name: str) -> list[str]:
    return [way.strip() for way in name.split(EITHER)]


def _usual(folder: Path, split: str, usual: Sequence[str]) -> list[Path]:
    """The files of a split under one of its usual names."""
    candidates = [_in(folder, split, name) for name in usual]
    several = [files for files in candidates if files]
    if len(several) > 1:
        _refuse_several(folder, split, [file for files in several for file in files])
    if not several:
        strangers = [
            file for file in files_in(folder) if file.name.split(".")[0].lower() in usual and foreign.ending(file)
        ]
        for file in strangers:
            foreign.refuse(file, "")
    return several[0] if several else []


def _named(folder: Path, split: str, name: str) -> list[Path]:
    """The files of one name: with or without ending, or a path."""
    for path in (folder / os.path.expanduser(name), Path(os.path.expanduser(name))):
        if path.is_file():
            return [path]
        if path.parent.is_dir() and (files := _in(path.parent, split, path.name)):
            return files
        if path == Path(name):
            break
    return []


def _in(folder: Path, split: str, name: str) -> list[Path]:
    """The file of a name in a folder, or its parts, or those in a folder of this name; or the same in its ``data``.

    The name of a folder may end as that of a file does, as Spark and Dask call theirs.
    """
    for place in (folder, folder / "data"):
        files = files_in(place)
        whole = [[file] for file in files if _OF_A_VERSION.sub("", stem_of(file) or "") == name.lower()]
        parts = _parts(files, name)
        inside = [_inside(place / f"{name}{ending}") for ending in ("", *formats.ENDINGS)]
        ways = [*whole, *parts.values(), *filter(None, inside)]
        if len(ways) > 1:
            _refuse_several(folder, split, [way[0] for way in ways])
        if ways:
            return ways[0]
    return []


def _inside(folder: Path) -> list[Path]:
    """The files of a folder that holds a split.

    Raises:
        DataError: they are of several kinds, so that some may be no part of it, or those of a table of ``datasets``.
    """
    if (folder / SAVED).is_file():
        raise DataError(
            f"{folder} was saved by datasets: such splits are read where data.path is the folder that they are in, and "
            "train is one of them; else save it with to_parquet"
        )
    files = [file for file in files_in(folder) if formats.ending(file) is not None]
    if files and {formats.ending(file) for file in files} == {".txt"} and (way := folder_layouts.of_labels(folder)):
        raise DataError(f"{folder} {way}")
    kinds = sorted({formats.ending(file) or "" for file in files})
    if len(kinds) > 1:
        raise DataError(
            f"{folder} has files of several kinds, {', '.join(kinds)}: keep those of one, which are its parts"
        )
    return files


def _refuse_several(folder: Path, split: str, files: Sequence[Path]) -> None:
    listed = sorted(files, key=lambda file: formats.ENDINGS.index(formats.ending(file) or formats.PARQUET))
    raise DataError(f"{folder} has {len(files)} files for {split}: {', '.join(file.name for file in listed)}")


def _parts(files: Sequence[Path], name: str) -> dict[str, list[Path]]:
    """The parts of a split, by the ending and the number of all.

    Raises:
        DataError: one is missing.
    """
    parts: dict[str, dict[int, Path]] = {}
    for file, part in _numbered(files):
        if part["name"] == name.lower():
            parts.setdefault(f"{part['count']}{formats.ending(file)}", {})[int(part["number"])] = file
    for numbers in parts.values():
        first = next(iter(numbers.values()))
        count = int(_PART.match(stem_of(first) or "")["count"])  # type: ignore[index]
        missing = sorted(set(range(count)) - numbers.keys())
        if missing and not set(range(1, count + 1)) == numbers.keys():
            raise DataError(
                f"{first.parent} has {len(numbers)} of the {count} parts of {name}, such as {first.name}: "
                f"part {missing[0]} is missing"
            )
    return {key: [numbers[number] for number in sorted(numbers)] for key, numbers in parts.items()}


def _numbered(files: Sequence[Path]) -> Iterator[tuple[Path, re.Match[str]]]:
    """The files that are parts, and what their names say."""
    for file in files:
        part = _PART.match(stem_of(file) or "")
        if part is not None:
            yield file, part
