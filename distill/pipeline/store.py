"""Keep finished stages on disk, addressed by everything that can change them.

A stage is a folder ``<stage>-<12 hex>`` with its files and a ``manifest.json``. It is written under a hidden name and
renamed when whole, so whatever carries the final name is complete.
"""

import logging
import os
import shutil
import socket
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from filelock import FileLock, Timeout

from distill.base import manifest, signals
from distill.base.disk import Place, as_new, to_disk, unfinished
from distill.base.files import RESUME, checksum
from distill.base.manifest import MANIFEST
from distill.errors import DamagedStageError, StoreError

log = logging.getLogger(__name__)

Manifest: TypeAlias = dict[str, Any]
"""The content of a manifest.json."""

_SAY_AGAIN = 600
"""Seconds of waiting for another run after which it is said again."""


@dataclass(frozen=True)
class Store:
    """A folder of finished stages, found by a stage's ``name``, ``<stage>-<12 hex>``."""

    root: Path

    def folder(self, name: str) -> Path:
        """Return the folder in which the stage is once it is finished."""
        return self.root / name

    def find(self, name: str) -> Path | None:
        """Return the folder of a finished stage, or none.

        Raises:
            DamagedStageError: a file of it is missing or not the one that was written.
            StoreError: it cannot be read, or is not this stage.
        """
        folder = self.folder(name)
        try:
            if not folder.is_dir():
                return None
            for file, written in self.manifest(name)["files"].items():
                path = folder / file
                same = path.is_file() and path.stat().st_size == written["bytes"]
                if not same or checksum(path) != written["checksum"]:
                    raise DamagedStageError(f"{path} is missing or damaged", folder)
        except OSError as error:
            raise StoreError(f"{folder} cannot be read ({error}); take another store with store=FOLDER") from error
        return folder

    def whole(self, name: str) -> Path | None:
        """Return the folder of a finished stage; none also of one that is damaged, which is as good as none.

        Raises:
            StoreError: it cannot be read, or is not this stage.
        """
        try:
            return self.find(name)
        except DamagedStageError:
            return None

    def damage(self, name: str) -> str | None:
        """Return what of a finished stage is not as it was written, in words; none where nothing is."""
        try:
            self.find(name)
        except DamagedStageError as error:
            return error.what
        return None

    def manifest(self, name: str) -> Manifest:
        """Return what a finished stage recorded: settings, inputs, versions, files and result.

        Raises:
            DamagedStageError: it is not what was written.
            StoreError: it cannot be read, or is that of another stage.
        """
        folder = self.folder(name)
        content = manifest.read(folder)
        if (recorded := f"{content['stage']}-{content['fingerprint']}") != name:
            raise StoreError(f"{folder} holds the stage {recorded}; remove the folder {folder} and run again")
        return content

    def used(self, name: str) -> None:
        """Note that a finished stage is read again; where the store cannot be written, only the time is lost."""
        with suppress(OSError):
            os.utime(self.folder(name) / MANIFEST)

    @contextmanager
    def lock(self, name: str) -> Iterator[None]:
        """Hold the right to make a stage; wait for another run that has it, unless its process is dead."""
        with self.writing():
            (self.root / ".locks").mkdir(parents=True, exist_ok=True)
            file_lock = FileLock(self.root / ".locks" / name)
            self._take(file_lock, name)
        try:
            yield
        finally:
            file_lock.release()

    def _take(self, file_lock: FileLock, name: str) -> None:
        """Wait for the lock, and write down which process has it."""
        owner, waited = self.root / ".locks" / f"{name}.owner", 0
        while True:
            try:
                file_lock.acquire(timeout=1 if waited else 0)
                break
            except Timeout:
                if waited % _SAY_AGAIN == 0:
                    log.info("%s is made by another run (%s): waiting for it", name, _read_owner(owner))
                waited += 1
                signals.check()
        with suppress(OSError):  # another user's, of an earlier run: only a hint is lost
            owner.write_text(f"process {os.getpid()} on {socket.gethostname()}", encoding="utf-8")

    def partial(self, name: str) -> Path:
        """Return the hidden folder in which a stage is made; it survives an interruption, to resume from."""
        with self.writing():
            folder = self.root / f".{name}.partial"
            folder.mkdir(parents=True, exist_ok=True)
            return folder

    def discard(self, name: str) -> None:
        """Remove what there is of a stage that was begun and that nobody goes on with."""
        with self.lock(name), self.writing():
            shutil.rmtree(self.root / f".{name}.partial", ignore_errors=True)

    def finish(self, name: str, description: Mapping[str, object]) -> Path:
        """Write the manifest into the partial folder, rename it, and remove its checkpoints to resume from.

        They stay until then, so that a kill before the last moment repeats no training. A damaged stage, in whose place
        this one is made, keeps its name until then, too: another run may be reading what is whole of it.
        """
        partial, folder = self.root / f".{name}.partial", self.folder(name)
        with self.writing(partial):
            for leftover in unfinished(partial):
                leftover.unlink()
            as_new(partial)
            resume = partial / RESUME
            paths = [path for path in partial.rglob("*") if path != resume and resume not in path.parents]
            files = sorted(path for path in paths if path.is_file() and path.name != MANIFEST)
            entries = {
                path.relative_to(partial).as_posix(): {"bytes": path.stat().st_size, "checksum": checksum(path)}
                for path in files
            }
            manifest.write(partial, {**description, "files": entries})
            for path in [*files, *(path for path in paths if path.is_dir()), partial]:
                to_disk(path)
            if self.whole(name) is None:  # else another run was faster, on a file system whose locks hold nobody back
                self._put_aside(folder)
                partial.rename(folder)
                to_disk(self.root)
        shutil.rmtree(partial, ignore_errors=True)
        shutil.rmtree(folder / RESUME, ignore_errors=True)
        return folder

    def _put_aside(self, folder: Path) -> None:
        """Give what is damaged another name, under which it stays until the store is cleaned."""
        damaged = folder.with_name(f".{folder.name}.damaged")
        if folder.is_dir():
            shutil.rmtree(damaged, ignore_errors=True)
            folder.rename(damaged)

    def writing(self, *watched: Path) -> AbstractContextManager[None]:
        """Turn a failure for want of disk space, of permission, or of a folder into one sentence.

        Raises:
            StoreError: finished stages are whole, and the partial one resumes.
        """
        place = Place(self.root, StoreError, "what is finished there stays whole", "store=FOLDER")
        return place.writing(*watched)


def _read_owner(owner: Path) -> str:
    try:
        return owner.read_text(encoding="utf-8") or "unknown"
    except (OSError, ValueError):
        return "unknown"
