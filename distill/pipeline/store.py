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
from distill.errors import StoreError

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
            StoreError: a file of it is missing or not the one that was written, or it cannot be read.
        """
        folder = self.folder(name)
        try:
            if not folder.is_dir():
                return None
            for file, written in self.manifest(name)["files"].items():
                path = folder / file
                same = path.is_file() and path.stat().st_size == written["bytes"]
                if not same or checksum(path) != written["checksum"]:
                    raise StoreError(f"{path} is missing or damaged; remove the folder {folder} and run again")
        except OSError as error:
            raise StoreError(f"{folder} cannot be read ({error}); take another store with store=FOLDER") from error
        return folder

    def manifest(self, name: str) -> Manifest:
        """Return what a finished stage recorded: settings, inputs, versions, files and result.

        Raises:
            StoreError: it cannot be read, or is not what was written for this stage.
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
        """Write the manifest into the partial folder, without its checkpoints to resume from, and rename it."""
        partial = self.root / f".{name}.partial"
        with self.writing(partial):
            shutil.rmtree(partial / RESUME, ignore_errors=True)
            for leftover in unfinished(partial):
                leftover.unlink()
            as_new(partial)
            files = sorted(path for path in partial.rglob("*") if path.is_file() and path.name != MANIFEST)
            entries = {
                path.relative_to(partial).as_posix(): {"bytes": path.stat().st_size, "checksum": checksum(path)}
                for path in files
            }
            manifest.write(partial, {**description, "files": entries})
            for path in [*files, *(path for path in partial.rglob("*") if path.is_dir()), partial]:
                to_disk(path)
            partial.rename(self.folder(name))
            to_disk(self.root)
        return self.folder(name)

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
