"""Change what a checkpoint counts, so that Lightning's loops go on from it where they else could not."""

from collections.abc import Iterator
from typing import Any


def recut(checkpoint: dict[str, Any], accumulate: int) -> None:
    """Let a checkpoint, written between steps, count ``accumulate`` micro-batches for each of its steps.

    Ranks and accumulation cut the same step into parts, so that a training may go on with another number of either.
    """
    fit_loop, steps = checkpoint["loops"]["fit_loop"], checkpoint["global_step"]
    progress = fit_loop["epoch_loop.batch_progress"]
    before = progress["total"]["ready"] // steps if steps else accumulate
    if before == accumulate:
        return
    for counts in (progress["total"], progress["current"]):
        ready = counts["ready"]
        counts.update({name: ready // before * accumulate - (ready - count) for name, count in counts.items()})
    places = [*fit_loop["state_dict"].get("combined_loader", ()), *_kept_places(checkpoint)]
    for place in places:
        place["position"] = place["position"] // before * accumulate


def _kept_places(checkpoint: dict[str, Any]) -> Iterator[dict[str, int]]:
    """Yield the place of the loader that the callback ``Resume`` has kept."""
    for name, state in checkpoint["callbacks"].items():
        if name.startswith("Resume") and state["place"] is not None:
            yield state["place"]


def begin_validation_anew(checkpoint: dict[str, Any]) -> None:
    """Let a checkpoint, written within a validation, say that its first batch was begun and not scored.

    Of one that counts so Lightning goes on with the validation, and skips the steps before it, which are done.
    """
    progress = checkpoint["loops"]["fit_loop"]["epoch_loop.val_loop.batch_progress"]
    for name, begun in (("total", 1), ("current", 0)):
        progress[name].update(ready=begun, started=begun, processed=0, completed=0)
