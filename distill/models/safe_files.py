"""Look at the files of a folder of strangers before anything in them is read."""

import fnmatch
import os
from collections.abc import Iterable
from pathlib import Path

from distill.errors import ModelError

LARGEST = 256 << 20
"""Bytes that a file which describes a model or tokenizer has at most; only weights are larger."""
WEIGHTS = (".safetensors", ".onnx", ".bin", ".pt", ".pth", ".ckpt")
"""The endings of files that hold weights, and may be as large as they like."""
_NOT_THE_FILE = {
    b"version https://git-lfs": "is a Git LFS pointer, not the file itself: fetch it with git lfs pull in its folder",
    b"<!DOCTYPE": "is a web page, not the file itself: download it again",
    b"<html": "is a web page, not the file itself: download it again",
}
"""How a file begins that another one stands in for."""


def refuse_unreadable(folder: Path, files: Iterable[Path]) -> None:
    """Refuse files that are elsewhere, cannot be opened, are empty or far too large, or stand in for others.

    Raises:
        ModelError: a file is one of these.
    """
    for path in files:
        _refuse_outside(folder, path)
        if path.is_dir():
            raise ModelError(f"{path} is a folder, not a file")
        if path.exists() and not path.is_file():  # reading it might never end
            raise ModelError(f"{path} is a pipe or a device, not a file: copy the file itself")
        try:
            with path.open("rb") as file:
                start = file.read(32)
                size = os.fstat(file.fileno()).st_size
        except OSError as error:
            raise ModelError(f"{path} cannot be read: {error.strerror}") from error
        for begins, fault in _NOT_THE_FILE.items():
            if start.lower().startswith(begins.lower()):
                raise ModelError(f"{path} {fault}")
        if not start and not fnmatch.fnmatch(path.name, "*.txt"):
            raise ModelError(f"{path} is empty: fetch or copy it again")
        if size > LARGEST and path.suffix not in WEIGHTS:
            raise ModelError(f"{path} has {size:,} bytes, and no file beside the weights has more than {LARGEST:,}")


def _refuse_outside(folder: Path, path: Path) -> None:
    """Refuse a file that a link leads to out of its folder, other than to the files of the hub's cache.

    Raises:
        ModelError: one does, or leads nowhere.
    """
    try:
        home, target = folder.resolve(), path.resolve()
    except RuntimeError as error:
        raise ModelError(f"{path} is a link to itself: fetch or copy the file") from error
    if path.is_symlink() and not target.exists():
        raise ModelError(f"{path} is a link to {os.readlink(path)}, which is not there: fetch or copy the file")
    cached = home.parent.parent / "blobs" if home.parent.name == "snapshots" else home
    if not target.is_relative_to(home) and not target.is_relative_to(cached):
        raise ModelError(f"{path} is a link out of its folder, to {target}: copy the file instead")
