"""Reuse what the teacher has answered before, for another student or for more or fewer texts."""

import logging
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file

from distill.errors import DamagedStageError, StoreError
from distill.inference.output_columns import not_finite
from distill.inference.output_parts import stored_parts

log = logging.getLogger(__name__)

Places = set[tuple[int, int]]
"""(key, first) of features."""


def reuse_outputs(
    folder: Path,
    identity: str,
    states: Sequence[int],
    places_needed: Callable[[], Places],
    is_whole: Callable[[str], bool],
) -> None:
    """Begin a teacher store with the parts of the finished store that answers the most of the wanted places.

    Parts never change, so that they are linked, those that hold anything wanted. They are of one store only: two may
    answer the same text. A store that has parts already, of an interrupted try, goes on by itself. Whatever cannot be
    taken, or holds what is no finite number, is asked of the teacher.

    Args:
        folder: takes the parts of the stage that begins; ``STORE/.NAME.partial/outputs``.
        identity: stands for the model that answers.
        states: which hidden states are wanted, too.
        places_needed: returns the places that are needed; called only where another store may have some of them.
        is_whole: whether the finished stage of this name has all its files as they were written.
    """
    root, needed, most = folder.parent.parent, None, 0
    best: tuple[Path, list[Path]] | None = None
    if any(folder.glob("part-*.safetensors")):
        return
    for other in sorted(root.glob("teach-*/outputs")):
        if not (parts := _answered(other, identity, states)):
            continue
        needed = places_needed() if needed is None else needed
        useful = {path: len(places & needed) for path, places in parts.items() if places & needed}
        if sum(useful.values()) > most:
            most, best = sum(useful.values()), (other, list(useful))
    if best is not None and needed is not None and _linked(is_whole, *best, folder):
        log.info("teach: %s of %s are answered in %s", f"{most:,}", f"{len(needed):,}", best[0].parent)


def _answered(folder: Path, identity: str, states: Sequence[int]) -> Mapping[Path, Places]:
    """Return the places that each part of a store answers in the same way; none of a broken or other store."""
    try:
        return stored_parts(folder, identity, states)
    except (StoreError, SafetensorError, OSError):
        return {}


def _linked(is_whole: Callable[[str], bool], other: Path, parts: Sequence[Path], folder: Path) -> bool:
    """Link parts of a whole store; where that cannot be done, leave nothing and log it."""
    try:
        if not is_whole(other.parent.name):
            return False
        parts = [part for part in parts if not bool(not_finite(load_file(part)).any())]
        folder.mkdir(parents=True, exist_ok=True)
        for part in parts:
            os.link(part, folder / part.name)
    except (StoreError, OSError) as error:
        shutil.rmtree(folder, ignore_errors=True)
        why = error.what if isinstance(error, DamagedStageError) else error  # nothing has to be removed
        log.warning("teach: what is answered in %s is asked again: %s", other.parent, why)
        return False
    return True
