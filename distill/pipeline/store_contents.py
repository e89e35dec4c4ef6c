"""See what a store holds: its stages, for which runs they are, how large, and when they were last used."""

import os
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast

from filelock import FileLock, Timeout

from distill.base import manifest
from distill.base.disk import replacing
from distill.base.files import fingerprint
from distill.base.manifest import MANIFEST
from distill.errors import StoreError

Kind = Literal["stage", "partial", "removed", "damaged", "merged"]
"""A finished stage, one that is being made or was interrupted, one whose removal was interrupted, a damaged one in
whose place another has been made, or a whole model that was made of an adapter and its base."""
MERGED = ".merged"
"""Folder in a store for the models that were made of adapters; none of them is made under the lock of its name."""
RUNS = ".runs"
"""Folder in a store with one file for each run that wrote there, which holds the run's folder."""
SEARCHES = "searches"
"""Folder in a store with one folder for each search: its journal, and the stages that it keeps."""
KEPT = "kept.json"
"""In the folder of a search that has ended: the names of the stages of its best trials and their teacher."""
_JOURNAL = "journal.log"
_STAGE = r"[a-z]+-[0-9a-f]{12}"
_FOLDER = re.compile(rf"\.?({_STAGE})(\.partial|\.removed|\.damaged)?")
_MODEL = r"[0-9a-f]{12}-[0-9a-f]{12}"
_MERGED_FOLDER = re.compile(rf"({_MODEL})|\.[0-9a-f]{{12}}")
_IN_LOG = re.compile(rf"\b{_STAGE}\b|(?<={re.escape(MERGED)}/){_MODEL}\b")


@dataclass(frozen=True)
class Entry:
    """One folder of a store.

    Attributes:
        folder: where it is.
        name: ``<stage>-<12 hex>``, or that of a model in ``MERGED``.
        kind: whether it is finished, and a stage.
        bytes: what its files take, those that are linked from elsewhere too included.
        used: when it was made or last reused, in seconds since 1970.
        runs: folders of the runs that name it, by themselves or by a stage that was made from it.
        locked: whether a run is making it now.
        leftovers: files of a finished stage that its manifest does not name, such as checkpoints to resume from.
    """

    folder: Path
    name: str
    kind: Kind
    bytes: int
    used: float
    runs: tuple[str, ...] = ()
    locked: bool = False
    leftovers: tuple[Path, ...] = ()


def note_run(root: Path, run: Path) -> None:
    """Write into a store that a run uses it, so that its stages are kept wherever its folder is.

    A store that cannot be written is one from which nothing is removed either.
    """
    text = str(run.resolve())
    path = root / RUNS / fingerprint({"run": text})
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as hidden:
            hidden.write_text(text, encoding="utf-8")


def run_folders(root: Path, below: Path) -> list[Path]:
    """Return the folders of runs ``below`` a folder, of those elsewhere that a store knows, and of its searches.

    Raises:
        StoreError: a folder in which there may be runs cannot be read.
    """
    try:
        searches = [path for path in (root / SEARCHES).glob("*") if (path / _JOURNAL).is_file()]
        noted = [Path(note.read_text(encoding="utf-8")) for note in sorted((root / RUNS).glob("[!.]*"))]
        runs = (path for path in (*_walk(below, root), *noted) if _is_run(path))
        return sorted({path.resolve() for path in (*runs, *searches)})
    except OSError as error:
        raise StoreError(
            f"{error.filename} cannot be read ({error.strerror}); runs=FOLDER says where runs are"
        ) from error


def contents(root: Path, runs: Iterable[Path]) -> list[Entry]:
    """Return what is in a store, the largest first.

    Args:
        root: folder of the store.
        runs: folders of the runs that may name its stages.

    Raises:
        StoreError: the store cannot be read.
    """
    try:
        folders = [path for path in sorted(root.iterdir()) if path.is_dir() and not path.is_symlink()]
        named = _named(root, runs)
        entries = [_entry(path, match, named) for path in folders if (match := _FOLDER.fullmatch(path.name))]
        entries += [_merged(path, named) for path in (root / MERGED).glob("*") if _MERGED_FOLDER.fullmatch(path.name)]
    except OSError as error:
        raise StoreError(f"{root} cannot be read ({error.strerror}); say which with store=FOLDER") from error
    return sorted(entries, key=lambda entry: (-entry.bytes, entry.name))


def lock_of(root: Path, name: str, kind: Kind = "stage") -> FileLock:
    """Return the lock that a run holds while it makes a stage, or makes a whole model of an adapter."""
    return FileLock(root / MERGED / ".lock" if kind == "merged" else root / ".locks" / name, timeout=0)


def _entry(folder: Path, match: re.Match[str], named: dict[str, set[str]]) -> Entry:
    name, ending = match.groups()
    kind = cast(Kind, ending[1:]) if ending else "stage"
    written = folder / MANIFEST
    recorded = _recorded(folder) if kind == "stage" else None
    files = list(_files(folder))
    leftovers = () if recorded is None else tuple(_unnamed(folder, files, recorded))
    used = max((written if written.exists() else folder).stat().st_mtime, *_times(folder, kind))
    size = sum(path.lstat().st_size for path in files)
    locked = _is_locked(folder.parent, name)
    return Entry(folder, name, kind, size, used, tuple(sorted(named.get(name, ()))), locked, leftovers)


def _merged(folder: Path, named: dict[str, set[str]]) -> Entry:
    """Return a model that was made of an adapter; one whose making was interrupted has a name that no run knows."""
    size, runs = sum(path.lstat().st_size for path in _files(folder)), named.get(folder.name, ())
    return Entry(folder, folder.name, "merged", size, folder.stat().st_mtime, tuple(sorted(runs)))


def _times(folder: Path, kind: Kind) -> list[float]:
    """Return when the files of an unfinished stage were written; 0 for others, whose manifest tells."""
    return [0.0, *(path.lstat().st_mtime for path in _files(folder) if kind == "partial")]


def _unnamed(folder: Path, files: Iterable[Path], recorded: Iterable[str]) -> Iterator[Path]:
    known = {MANIFEST, *recorded}
    return (path for path in files if path.relative_to(folder).as_posix() not in known)


def _recorded(folder: Path) -> list[str] | None:
    """Return the files that a finished stage is made of; none where its manifest does not tell."""
    try:
        return list(manifest.read(folder)["files"])
    except StoreError:
        return None


def _is_locked(root: Path, name: str) -> bool:
    """Return whether a run holds a stage's lock; it is taken for a moment, and only where there is one."""
    if not (root / ".locks" / name).exists():
        return False
    try:
        with lock_of(root, name):
            return False
    except Timeout:
        return True
    except OSError:  # a store of somebody else, in which nothing can be removed either
        return False


def _named(root: Path, runs: Iterable[Path]) -> dict[str, set[str]]:
    """Return each stage with the runs that name it, or name a stage that was made from it."""
    named: dict[str, set[str]] = defaultdict(set)
    for run in runs:
        waiting = list(_stages_of(run))
        while waiting:
            name = waiting.pop()
            if str(run) not in named[name]:
                named[name].add(str(run))
                waiting += _inputs(root / name)
    return named


def _inputs(folder: Path) -> list[str]:
    try:
        inputs = manifest.read(folder).get("inputs")
    except StoreError:
        return []
    return [str(name) for name in inputs.values()] if isinstance(inputs, dict) else []


def _stages_of(run: Path) -> set[str]:
    """Return the stages in a run's report, its settings (models may be stages), and its log while it has no report.

    Of a search those of the best trials and their teacher, and of all trials while it goes on.
    """
    names: set[str] = set()
    files: tuple[str, ...] = ("report.json", "run.log", "config.yaml")
    if (run / _JOURNAL).is_file():
        files = (KEPT,) if (run / KEPT).is_file() else (_JOURNAL, "worker0.log")
    for file in files:
        try:
            text = (run / file).read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            continue
        except OSError as error:
            raise StoreError(f"{run / file} cannot be read ({error.strerror})") from error
        names |= set(_IN_LOG.findall(text))
    return names


def _is_run(folder: Path) -> bool:
    """Return whether a folder is one of a run: its report, or the log and settings of one without a report yet."""
    return (folder / "report.json").is_file() or (folder / "run.log").is_file()


def _walk(below: Path, store: Path) -> Iterator[Path]:
    """Yield all folders below one, without what is in the store; links are followed, each folder once."""
    seen = {store.resolve()}
    for path, folders, _ in os.walk(below, onerror=_raise, followlinks=True):
        yield Path(path)
        folders[:] = [name for name in folders if Path(path, name).resolve() not in seen]
        seen |= {Path(path, name).resolve() for name in folders}


def _raise(error: OSError) -> None:
    """Raise: in a folder that cannot be read there may be a run that names a stage."""
    raise error


def _files(folder: Path) -> Iterator[Path]:
    """Yield the files and links in a folder; links to folders are not followed."""
    for path, folders, files in os.walk(folder):
        yield from (Path(path, name) for name in files)
        yield from (Path(path, name) for name in folders if Path(path, name).is_symlink())


def is_store(folder: Path) -> bool:
    """Return whether a folder is a store: it holds what only a store does."""
    return any((folder / name).is_dir() for name in (RUNS, ".locks"))
