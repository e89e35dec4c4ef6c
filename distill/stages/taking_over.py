"""What the teacher has answered before, for another student or for more or fewer texts, is not asked again."""

import logging
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from distill.errors import StoreError
from distill.store import Store
from distill.teacher_store import stored_places

log = logging.getLogger(__name__)


def take_over(folder: Path, identity: str, states: Sequence[int], wanted: set[tuple[int, int]]) -> None:
    """Begin a teacher store with the parts of the finished one beside it that answers the most of what is wanted.

    Parts never change, so that they are linked, not copied, where the disk can do so. They are of one store only: two
    may answer the same text. A store that has parts already, of an interrupted try, goes on by itself.

    Args:
        folder: of the parts of the stage that begins; ``STORE/.NAME.partial/outputs``.
        identity: of what answers.
        states: which hidden states are wanted, too.
        wanted: (key, first) of the features.

    Raises:
        StoreError: a file of the store that would be taken over is not the one that was written.
    """
    if any(folder.glob("part-*")):
        return
    root = folder.parent.parent
    found = {other: _answered(other, identity, states) & wanted for other in sorted(root.glob("teach*-*/outputs"))}
    other = max(found, key=lambda each: len(found[each]), default=None)
    if other is None or not found[other]:
        return
    Store(root).find(other.parent.name)
    folder.mkdir(parents=True, exist_ok=True)
    for part in sorted(other.glob("part-*.safetensors")):
        _link(part, folder / part.name)
    log.info("teach: %s of %s are answered in %s", *(f"{len(each):,}" for each in (found[other], wanted)), other.parent)


def _answered(folder: Path, identity: str, states: Sequence[int]) -> set[tuple[int, int]]:
    """What a store answers in the way that is wanted: nothing, where another has answered, or without the states."""
    try:
        return stored_places(folder, identity, states)
    except StoreError:
        return set()


def _link(part: Path, name: Path) -> None:
    try:
        os.link(part, name)
    except OSError:  # a disk without links
        hidden = name.with_suffix(".writing")
        shutil.copyfile(part, hidden)
        hidden.rename(name)
