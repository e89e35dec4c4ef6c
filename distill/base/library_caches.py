"""Folders in which libraries keep what they made: where those of the home cannot be written, others are taken."""

import atexit
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

_HUB = "HF_HUB_CACHE"
"""The cache of downloads, which may stay where it is: what it holds can be read though nothing can be added."""


def ready(beside: Path | None = None) -> list[str]:
    """See to it that libraries can write what they keep; before they are imported, which is when they look.

    Args:
        beside: the folder beside which others are taken; none takes a temporary one, which is removed at the end.

    Returns:
        A sentence where others are taken, else nothing.
    """
    refused = {name: folder for name, folder in _folders() if not _writable(folder)}
    if _HUB in refused and refused[_HUB].is_dir():
        del refused[_HUB]
    if not refused:
        return []
    others = _others(beside)
    for name in refused:
        os.environ[name] = str(others / name.lower())
    first = next(iter(refused.values()))
    return [f"{first} cannot be written, so caches are kept in {others}; HF_HOME=FOLDER takes another"]


def _folders() -> Iterator[tuple[str, Path]]:
    """The variables that move these folders, and where they are now."""
    home = Path(os.path.expanduser("~"))  # which stays ~ where there is none
    cache = Path(os.environ.get("XDG_CACHE_HOME") or home / ".cache")
    data = Path(os.environ.get("XDG_DATA_HOME") or home / ".local" / "share")
    settings = Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config")
    hub = Path(os.path.expanduser(os.environ.get("HF_HOME") or cache / "huggingface"))
    usual = {
        "HF_DATASETS_CACHE": hub / "datasets", _HUB: hub / "hub", "HF_XET_CACHE": hub / "xet",
        "HF_ASSETS_CACHE": hub / "assets", "HF_MODULES_CACHE": hub / "modules",
        "MPLCONFIGDIR": settings / "matplotlib", "WANDB_CONFIG_DIR": settings / "wandb",
        "WANDB_CACHE_DIR": cache / "wandb", "WANDB_DATA_DIR": data / "wandb",
    }  # fmt: skip
    for name, folder in usual.items():
        yield name, Path(os.path.expanduser(os.environ.get(name) or folder))


def _others(beside: Path | None) -> Path:
    near = [] if beside is None else [beside.absolute().with_name(f"{beside.name}_cache")]
    for folder in near:
        if _writable(folder):
            return folder
    temporary = tempfile.mkdtemp(prefix="distill_cache_")
    atexit.register(shutil.rmtree, temporary, ignore_errors=True)
    return Path(temporary)


def _writable(folder: Path) -> bool:
    """Whether a folder can be written, or made; tried, since permissions do not say it of every file system."""
    if str(folder).startswith("~"):
        return False
    try:
        there = next(each for each in (folder.absolute(), *folder.absolute().parents) if each.exists())
        with tempfile.TemporaryFile(dir=there) if there == folder else tempfile.TemporaryDirectory(dir=there):
            return True
    except OSError:
        return False
