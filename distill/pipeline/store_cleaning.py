"""Remove from a store what no run names any more, and what is left of stages that are finished."""

import shutil
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from filelock import Timeout

from distill.base.manifest import MANIFEST
from distill.errors import StoreError
from distill.pipeline.store_contents import Entry, lock_of


@dataclass(frozen=True)
class Removable:
    """Something in a store that nothing needs any more.

    Attributes:
        entry: the folder that it is, or lies in.
        reason: why nothing needs it, as the end of a line.
        bytes: what it takes.
        files: files of a finished stage that stays; none where the whole folder goes.
    """

    entry: Entry
    reason: str
    bytes: int
    files: tuple[Path, ...] = ()


def removable(entries: Iterable[Entry], keep_hours: float) -> list[Removable]:
    """Return what can be removed from a store.

    While any stage is being made, no finished stage can: the run that makes it may be about to read that one.

    Args:
        entries: what the store holds.
        keep_hours: what was used within so many hours stays.
    """
    entries = list(entries)
    finished = {entry.name for entry in entries if entry.kind == "stage"}
    at_work = any(entry.locked for entry in entries)
    recent = time.time() - 3600 * keep_hours
    found = []
    for entry in entries:
        if entry.locked:
            continue
        if entry.kind == "removed":
            found.append(Removable(entry, "its removal was interrupted", entry.bytes))
        elif entry.kind == "damaged":
            found.append(Removable(entry, "damaged; it was made again", entry.bytes))
        elif entry.kind == "partial" and entry.name in finished:
            found.append(Removable(entry, "the stage is finished", entry.bytes))
        elif entry.used <= recent:
            found += _unused(entry, at_work)
    return found


def _unused(entry: Entry, at_work: bool) -> Iterator[Removable]:
    """Yield what of a folder can be removed that no run has just used."""
    if entry.kind == "partial":
        yield Removable(entry, "interrupted; a run would resume from it", entry.bytes)
    elif entry.kind == "merged":
        if not entry.runs and not at_work:
            yield Removable(entry, "no run names it; it is made again of its adapter and base", entry.bytes)
    elif not entry.runs and not at_work and (entry.folder / MANIFEST).is_file():
        yield Removable(entry, "no run names it", entry.bytes)
    elif entry.leftovers:
        size = sum(path.lstat().st_size for path in entry.leftovers)
        yield Removable(entry, "files that are no part of the finished stage", size, entry.leftovers)


def remove(root: Path, found: Removable) -> bool:
    """Remove it, unless a run has taken the stage meanwhile; return whether it is gone.

    Raises:
        StoreError: the store cannot be written.
    """
    entry = found.entry
    try:
        with ExitStack() as held:
            (root / ".locks").mkdir(exist_ok=True)
            held.enter_context(lock_of(root, entry.name, entry.kind))
            looked_at = {"stage": entry.folder / MANIFEST, "merged": entry.folder}.get(entry.kind)
            if looked_at is not None and looked_at.stat().st_mtime > entry.used:
                return False  # reused since it was looked at
            if found.files:
                for path in found.files:
                    path.unlink(missing_ok=True)
            else:
                shutil.rmtree(_out_of_sight(root, entry))
    except Timeout:
        return False
    except OSError as error:
        raise StoreError(f"{error.filename or root} cannot be removed ({error.strerror})") from error
    return True


def _out_of_sight(root: Path, entry: Entry) -> Path:
    """Give a folder a name under which no run finds it while its files go; return where it is."""
    hidden = entry.folder.parent / f".{entry.name.lstrip('.')}.removed"
    if entry.folder != hidden:
        if hidden.exists():
            shutil.rmtree(hidden)
        entry.folder.rename(hidden)
    return hidden
