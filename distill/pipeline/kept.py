"""Say what an interrupted run leaves behind, and that the same command goes on from there."""

from collections.abc import Sequence
from pathlib import Path

from distill.base.files import RESUME
from distill.pipeline.plan import Planned
from distill.pipeline.store import Store
from distill.training.checkpoints import newest_checkpoint


def kept_sentence(finished: Sequence[str], interrupted: Planned, store: Store) -> str:
    """Return what is kept.

    Args:
        finished: titles of the stages that are whole.
        interrupted: the stage that was being made, or about to be.
        store: holds finished stages, and what there is of that one.
    """
    title, half = interrupted.title, _half(store.root / f".{interrupted.name}.partial")
    if not finished and not half:
        return "kept: nothing, since no stage has anything to keep yet"
    begun = f"of {title} {half}" if half else f"nothing of {title} yet, which begins anew"
    return f"kept in {store.root}: {'; '.join(filter(None, [', '.join(finished), begun]))}"


def _half(partial: Path) -> str:
    """Return what there is of an interrupted stage, in words; nothing where it would begin anew."""
    checkpoint = newest_checkpoint(partial / RESUME)
    if checkpoint is not None:
        return f"all up to step {checkpoint.step:,}"
    if any(path.is_file() for folder in ("outputs", "written", "answers") for path in (partial / folder).rglob("*")):
        return "what was answered so far"
    return ""
