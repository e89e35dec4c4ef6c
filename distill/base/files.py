"""Fingerprint settings and files, and make folders that outlive an interruption."""

import hashlib
import json
import shutil
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from distill.base.disk import to_disk

RESUME = "resume"
"""Folder of a partial stage for what only an interrupted one needs."""


def fingerprint(content: Mapping[str, object]) -> str:
    """Return 12 hexadecimal digits that change whenever anything in ``content`` (JSON-like) does.

    >>> fingerprint({"lr": 1e-3, "epochs": 2}) == fingerprint({"epochs": 2, "lr": 0.001})
    True
    """
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def no_file(path: Path) -> str | None:
    """Return why a path is no file that can be read more than once; none where it is one.

    >>> print(no_file(Path("/")), no_file(Path("/none")), no_file(Path("/dev/null")), no_file(Path(__file__)), sep=", ")
    is a folder, not a file, there is no such file, is a device or a socket, not a file, None
    """
    if path.is_file():
        return None
    if path.is_dir():
        return "is a folder, not a file"
    if path.is_fifo():
        return "is a pipe, of which nothing can be read twice; save what comes out of it as a file"
    return "is a device or a socket, not a file" if path.exists() else "there is no such file"


def checksum(path: Path) -> str:
    """Return the BLAKE2 digest of a file's bytes, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "blake2b").hexdigest()


def folder_checksum(folder: Path, patterns: Iterable[str]) -> str:
    """Return a digest of the names and bytes of the files directly in ``folder`` that match the ``patterns``."""
    files = sorted({path for pattern in patterns for path in folder.glob(pattern) if path.is_file()})
    return fingerprint({path.name: checksum(path) for path in files})


def whole_folder(parent: Path, name: str, make: Callable[[Path], object]) -> Path:
    """Return a folder of files in ``parent`` that outlives an interruption: its name ends in a digest of its files.

    Args:
        parent: the folder in which it is, or is made.
        name: how the name of the folder begins.
        make: writes the files into a folder, where there is none yet, or one that is damaged.
    """
    for folder in parent.glob(f"{name}-*"):
        if folder.name == f"{name}-{folder_checksum(folder, ['*'])}":
            return folder
        shutil.rmtree(folder)
    hidden = parent / f".{name}"
    shutil.rmtree(hidden, ignore_errors=True)
    hidden.mkdir(parents=True)
    make(hidden)
    for path in (*hidden.iterdir(), hidden):
        to_disk(path)
    return hidden.rename(parent / f"{name}-{folder_checksum(hidden, ['*'])}")
