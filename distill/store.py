"""Finished stages on disk, addressed by everything that can change them.

A stage is a folder ``<stage>-<12 hex>`` with its files and a ``manifest.json``. It is written under a hidden name and
renamed when whole, so whatever carries the final name is complete.
"""

import errno
import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock

from distill.errors import StoreError

MANIFEST = "manifest.json"
RESUME = "resume"
"""Folder of a partial stage for what only an interrupted one needs."""
_FULL = 1 << 20
"""Free bytes below which a failed write is put down to the disk being full."""


def fingerprint(content: Mapping[str, Any]) -> str:
    """12 hexadecimal digits that change whenever anything in ``content`` (JSON-like) does.

    >>> fingerprint({"lr": 1e-3, "epochs": 2}) == fingerprint({"epochs": 2, "lr": 0.001})
    True
    """
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def checksum(path: Path) -> str:
    """BLAKE2 digest of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "blake2b").hexdigest()


def folder_checksum(folder: Path, patterns: Iterable[str]) -> str:
    """Digest of the names and bytes of the files directly in ``folder`` that match one of the ``patterns``."""
    files = sorted({path for pattern in patterns for path in folder.glob(pattern) if path.is_file()})
    return fingerprint({path.name: checksum(path) for path in files})


@dataclass(frozen=True)
class Store:
    """A folder of stages; a stage's ``name`` is ``<stage>-<12 hex>``."""

    root: Path

    def folder(self, name: str) -> Path:
        """Where the stage is once it is finished."""
        return self.root / name

    def find(self, name: str) -> Path | None:
        """The folder of a finished stage, or none.

        Raises:
            StoreError: a file of it is missing or not the one that was written.
        """
        folder = self.folder(name)
        if not folder.is_dir():
            return None
        for file, written in self.manifest(name)["files"].items():
            path = folder / file
            if not path.is_file() or path.stat().st_size != written["bytes"] or checksum(path) != written["checksum"]:
                raise StoreError(f"{path} is missing or damaged; remove the folder {folder} and run again")
        return folder

    def manifest(self, name: str) -> dict[str, Any]:
        """What a finished stage says of itself.

        Raises:
            StoreError: it cannot be read.
        """
        path = self.folder(name) / MANIFEST
        try:
            content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise StoreError(f"{path} cannot be read; remove the folder {path.parent} and run again") from error
        return content

    @contextmanager
    def lock(self, name: str) -> Iterator[None]:
        """Hold the right to make a stage, waiting for whoever has it; a dead process holds nothing."""
        with self.writing():
            self.root.mkdir(parents=True, exist_ok=True)
            (self.root / ".locks").mkdir(exist_ok=True)
        with FileLock(self.root / ".locks" / name):
            yield

    def partial(self, name: str) -> Path:
        """The hidden folder in which a stage is made; it survives an interruption, to resume from."""
        with self.writing():
            folder = self.root / f".{name}.partial"
            folder.mkdir(parents=True, exist_ok=True)
            return folder

    def finish(self, name: str, manifest: Mapping[str, Any]) -> Path:
        """Write the manifest into the partial folder, without what it resumed from, and give it its final name."""
        with self.writing():
            partial = self.partial(name)
            shutil.rmtree(partial / RESUME, ignore_errors=True)
            files = sorted(path for path in partial.rglob("*") if path.is_file() and path.name != MANIFEST)
            entries = {
                path.relative_to(partial).as_posix(): {"bytes": path.stat().st_size, "checksum": checksum(path)}
                for path in files
            }
            text = json.dumps({**manifest, "files": entries}, indent=2, allow_nan=False)
            (partial / MANIFEST).write_text(text, encoding="utf-8")
            for path in [*files, partial / MANIFEST, partial]:
                _to_disk(path)
            partial.rename(self.folder(name))
            _to_disk(self.root)
        return self.folder(name)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Say in one message when what is inside fails for want of disk space or of permission.

        Raises:
            StoreError: no space is left; finished stages are whole, and the partial one resumes.
        """
        try:
            yield
        except Exception as error:  # libraries say "disk full" in many ways, so the disk itself is asked
            code = error.errno if isinstance(error, OSError) else None
            if code in (errno.ENOSPC, errno.EDQUOT) or _free(self.root) < _FULL:
                raise StoreError(
                    f"no space left in {self.root}; what is finished there stays whole: "
                    "free some space, or take another folder with store=FOLDER, and run again"
                ) from error
            if code in (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST):
                raise StoreError(f"{self.root} cannot be written ({error}); take another with store=FOLDER") from error
            raise


def _free(folder: Path) -> int:
    there = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
    return shutil.disk_usage(there).free


def _to_disk(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
