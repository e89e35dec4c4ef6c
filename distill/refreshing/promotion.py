"""Where a new run stands beside the old one, and the link that names the run that was promoted last."""

import os
from pathlib import Path

from distill.errors import ConfigError
from distill.refreshing.old_run import OldRun

LATEST = "latest"
"""The link in an experiment's folder to the run that was promoted last."""


def folder_of(old: OldRun, moment: str) -> Path:
    """Return a folder for the new run beside the old one, which is not there yet.

    Raises:
        ConfigError: what is called latest there is no link.
    """
    parent = old.run.folder.parent
    latest = parent / LATEST  # the old run is given by its own folder here, wherever a link names it
    if latest.exists() and not latest.is_symlink():
        raise ConfigError(f"{latest} is no link to a run; give it another name, since refresh replaces it")
    names = (f"{moment}{'' if not number else f'_{number}'}" for number in range(1000))
    return next(parent / name for name in names if not (parent / name).exists())


def promote(folder: Path) -> None:
    """Let the link ``latest`` of an experiment name a run, in one step."""
    hidden = folder.with_name(f".{LATEST}.{os.getpid()}")
    hidden.unlink(missing_ok=True)
    try:
        hidden.symlink_to(folder.name, target_is_directory=True)
        hidden.replace(folder.with_name(LATEST))
    finally:
        hidden.unlink(missing_ok=True)


def passed_over(folder: Path, *, allowed: bool) -> list[str]:
    """Return a note where the run promoted last is not the one that goes on, so that nothing is judged against it.

    Args:
        folder: of the run that goes on.
        allowed: whether it may be another.

    Raises:
        ConfigError: it is another, and may not.
    """
    latest = folder.parent / LATEST
    if not latest.exists() or latest.resolve() == folder.resolve():
        return []
    names = f"{latest} names {latest.resolve().name}, with which the new run is not compared, but whose place it "
    if allowed:
        return [f"{names}may take"]
    raise ConfigError(
        f"run={folder}: {names}would take; give run={latest} to go on from that, or refresh.older=true to go on from "
        "this one all the same"
    )
