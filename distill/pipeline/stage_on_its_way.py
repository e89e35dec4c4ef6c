"""Let a stage be seen while it is made, and say what is kept where it is interrupted."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from distill.base import long_work
from distill.base.signals import Interrupted
from distill.pipeline.kept import kept_sentence
from distill.pipeline.outlook import Outlook
from distill.pipeline.plan import Planned
from distill.pipeline.run_report import Finished
from distill.pipeline.step_cuts import cut_otherwise, note_begun
from distill.pipeline.store import Store

log = logging.getLogger("distill.pipeline.runner")  # for its readers it is a part of the chain


@contextmanager
def on_its_way(planned: Planned, outlook: Outlook, finished: Finished, store: Store, *, tell: bool) -> Iterator[None]:
    """Show a stage while the block makes it, and keep what it took for the outlook on those after it.

    Args:
        planned: the stage.
        outlook: on the time of all stages.
        finished: those that are done, this one too when the block ends.
        store: holds them.
        tell: whether this process logs what an interruption leaves.
    """
    try:
        with long_work.stage(outlook.stage(planned.title)):
            yield
    except Interrupted:
        if tell:
            log.info("%s", kept_sentence(list(finished.folders), planned, store))
        raise
    entry = finished.entries[-1]
    if entry["status"] == "done":
        outlook.seconds[planned.title] = float(str(entry["seconds"]))


def tell_of_beginning(planned: Planned, store: Store, partial: Path, *, resumed: bool) -> None:
    """Say how a stage begins, and keep by which settings.

    Args:
        planned: the stage.
        store: in which it is not yet, or damaged.
        partial: the folder in which it is made.
        resumed: whether something of it was made before.
    """
    if damage := store.damage(planned.name):
        log.warning("%s: %s, so that it is made again", planned.title, damage)
    elif not resumed and (other := cut_otherwise(planned, store)):
        log.warning("%s: begins anew; %s", planned.title, other)
    log.info("%s: %s", planned.title, "goes on where it was interrupted" if resumed else "begins")
    note_begun(planned, partial)
