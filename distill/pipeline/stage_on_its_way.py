"""Let a stage be seen while it is made, and say what is kept where it is interrupted."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from distill.base import long_work
from distill.base.signals import Interrupted
from distill.pipeline.kept import kept_sentence
from distill.pipeline.outlook import Outlook
from distill.pipeline.plan import Planned
from distill.pipeline.run_report import Finished
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
