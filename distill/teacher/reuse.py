"""What the teacher has answered before, for another student or for more or fewer texts, need not be asked again."""

import logging
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file

from distill.errors import StoreError
from distill.inference.output_columns import not_finite
from distill.inference.output_parts import stored_parts

log = logging.getLogger(__name__)

Places = set[tuple[int, int]]
"""(key, first) of features."""


def reuse_outputs(
    folder: Path, identity: str, states: Sequence[int], wanted: Callable[[], Places], is_whole: Callable[[str], bool]
) -> None:
    """Begin a teacher store with the parts of the finished one beside it that answers the most of what is wanted.

    Parts never change, so that they are linked, those that hold anything wanted. They are of one store only: two may
    answer the same text. A store that has parts already, of an interrupted try, goes on by itself. Whatever cannot be
    taken, or holds what is no finite number, is asked of the teacher.

    Args:
        folder: of the parts of the stage that begins; ``STORE/.NAME.partial/outputs``.
        identity: of what answers.
        states: which hidden states are wanted, too.
        wanted: says what; it is asked only where another store may have some of it.
        is_whole: whether the finished stage of this name has all its files as they were written.
    """
    root, asked, most = folder.parent.parent, None, 0
    best: tuple[Path, list[Path]] | None = None
    if any(folder.glob("part-*.safetensors")):
        return
    for other in sorted(root.glob("teach-*/outputs")):
        if not (parts := _answered(other, identity, states)):
            continue
        asked = wanted() if asked is None else asked
        useful = {path: len(places & asked) for path, places in parts.items() if places & asked}
        if sum(useful.values()) > most:
            most, best = sum(useful.values()), (other, list(useful))
    if best is not None and asked is not None and _linked(is_whole, *best, folder):
        log.info("teach: %s of %s are answered in %s", f"{most:,}", f"{len(asked):,}", best[0].parent)


def _answered(folder: Path, identity: str, states: Sequence[int]) -> Mapping[Path, Places]:
    """What each part of a store answers in the way that is wanted: nothing, where it is another's, broken or gone."""
    try:
        return stored_parts(folder, identity, states)
    except (StoreError, SafetensorError, OSError):
        return {}


def _linked(is_whole: Callable[[str], bool], other: Path, parts: Sequence[Path], folder: Path) -> bool:
    """Link parts of a whole store; where that cannot be done, leave nothing and say so."""
    try:
        if not is_whole(other.parent.name):
            return False
        parts = [part for part in parts if not bool(not_finite(load_file(part)).any())]
        folder.mkdir(parents=True, exist_ok=True)
        for part in parts:
            os.link(part, folder / part.name)
    except (StoreError, OSError) as error:
        shutil.rmtree(folder, ignore_errors=True)
        log.warning("teach: what is answered in %s is asked again: %s", other.parent, error)
        return False
    return True
