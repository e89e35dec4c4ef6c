"""Move the cache folders of libraries to where they can be written, if those of the home cannot."""

import atexit
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

_HUB = "HF_HUB_CACHE"
"""The cache of downloads, which may stay where it is: what it holds can be read though nothing can be added."""


def ready(beside: Path | None = None) -> list[str]:
    """Make sure that libraries can write their caches; call it before they are imported, which is when they look.

    Args:
        beside: the folder beside which caches are kept instead; ``None`` takes a temporary one, removed at exit.

    Returns:
        A sentence where caches are kept elsewhere, else nothing.
    """
    refused = {name: folder for name, folder in _folders() if not _writable(folder)}
    if _HUB in refused and refused[_HUB].is_dir():
        del refused[_HUB]
    if not refused:
        return []
    replacement = _replacement(beside)
    for name in refused:
        os.environ[name] = str(replacement / name.lower())
    first = next(iter(refused.values()))
    return [f"{first} cannot be written, so caches are kept in {replacement}; HF_HOME=FOLDER takes another"]


def _folders() -> Iterator[tuple[str, Path]]:
    """Yield the variable that moves each cache folder, and where that folder is now."""
    home = Path(os.path.expanduser("~"))  # which stays ~ where there is none
    cache = Path(os.environ.get("XDG_CACHE_HOME") or home / ".cache")
    data = Path(os.environ.get("XDG_DATA_HOME") or home / ".local" / "share")
    settings = Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config")
    hub = Path(os.path.expanduser(os.environ.get("HF_HOME") or cache / "huggingface"))
    usual = {
        "HF_DATASETS_CACHE": hub / "datasets",
        _HUB: hub / "hub",
        "HF_XET_CACHE": hub / "xet",
        "HF_ASSETS_CACHE": hub / "assets",
        "HF_MODULES_CACHE": hub / "modules",
        "MPLCONFIGDIR": settings / "matplotlib",
        "TRACKIO_DIR": hub / "trackio",
        "WANDB_CONFIG_DIR": settings / "wandb",
        "WANDB_CACHE_DIR": cache / "wandb",
        "WANDB_DATA_DIR": data / "wandb",
    }
    for name, folder in usual.items():
        yield name, Path(os.path.expanduser(os.environ.get(name) or folder))


def _replacement(beside: Path | None) -> Path:
    candidates = [] if beside is None else [beside.absolute().with_name(f"{beside.name}_cache")]
    for folder in candidates:
        if _writable(folder):
            return folder
    temporary = tempfile.mkdtemp(prefix="distill_cache_")
    atexit.register(shutil.rmtree, temporary, ignore_errors=True)
    return Path(temporary)


def _writable(folder: Path) -> bool:
    """Return whether a folder can be written, or made; tried, since permissions do not tell on every file system."""
    if str(folder).startswith("~"):
        return False
    try:
        existing = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
        with tempfile.TemporaryFile(dir=existing) if existing == folder else tempfile.TemporaryDirectory(dir=existing):
            return True
    except OSError:
        return False
