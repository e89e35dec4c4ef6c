"""Track a job with Trackio, in its own database on this machine."""

import io
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout

import trackio

from distill.tracking import Findings, JobDescription, Product
from distill.tracking.settings import flat

_ELSEWHERE = ("TRACKIO_SPACE_ID", "TRACKIO_SERVER_URL")
"""Variables that would send a run away, for which it might have to wait."""


class TrackioTracker:
    """A run of Trackio, which ``trackio show`` shows; nothing leaves this machine before ``trackio sync``."""

    def __init__(self, described: JobDescription, project: str) -> None:
        """Begin a run; the jobs of a run are one group."""
        with _quietly():
            self._run = trackio.init(
                project=project,
                name=f"{described.name}-{described.id}",
                group=described.group,
                config={**flat(described.settings), "job": described.job, "sweep": described.sweep},
                resume="never",
                embed=False,
            )

    @property
    def link(self) -> Mapping[str, str | None] | None:
        """None: nobody else can find it."""
        return None

    def log(self, values: Mapping[str, float], step: int, examples: int) -> None:
        """Add values of curves."""
        self._run.log({**values, "examples": examples}, step=step)

    def used(self, product: Product) -> None:
        """Name what the job reads."""
        self._run.log({"used": f"{product.kind}: {product.name}"})

    def made(self, product: Product) -> None:
        """Name what the job has made."""
        self._run.log({"made": f"{product.kind}: {product.name}"})

    def found(self, findings: Findings) -> None:
        """Add the numbers, the sentences and the tables."""
        tables = {
            f"tables/{name}": trackio.Table(columns=list(table.columns), data=[list(row) for row in table.rows])
            for name, table in findings.tables.items()
        }
        self._run.log({**findings.numbers, **findings.sentences, **tables})

    def finish(self, failed: bool) -> None:
        """Write what is left."""
        with _quietly():
            trackio.finish()  # type: ignore[no-untyped-call]


@contextmanager
def _quietly() -> Iterator[None]:
    """Keep what Trackio prints off the console, and what it tracks on this machine."""
    moved = {name: os.environ.pop(name) for name in _ELSEWHERE if name in os.environ}
    try:
        with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
            yield
    finally:
        os.environ.update(moved)
