"""Send what a run logs and finds to trackers: Weights & Biases, TensorBoard and Trackio.

Names are the same everywhere: a curve has the name that it has in ``metrics.csv``, and a number of ``report.json`` is
named by its place there (``names.py``). Whatever a tracker does, training goes on (``jobs.py``).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Pixels: TypeAlias = NDArray[np.uint8]

TRACKERS = ("wandb", "tensorboard", "trackio")
"""The trackers that there are."""


@dataclass(frozen=True)
class JobDescription:
    """A job of a run as trackers show it: one a stage, and one for the report.

    Attributes:
        group: stands for the run; all its jobs have it.
        job: the stage, or ``report``.
        id: names the job for good, also when it is interrupted and goes on.
        settings: of the run, nested as they are in ``config.yaml``.
        folder: of the run; takes what trackers write.
        sweep: the sweep that the run is a job of, if it is one.
    """

    group: str
    job: str
    id: str
    settings: Mapping[str, Any]
    folder: Path
    sweep: str | None = None

    @property
    def name(self) -> str:
        """The name of the job among those of all runs."""
        return f"{self.group}-{self.job}"


@dataclass(frozen=True)
class Product:
    """What a stage leaves for others, as trackers keep account of it.

    Attributes:
        name: that of the stage's folder in the store, which no other product has.
        kind: what it is, such as ``student``.
        folder: where it lies; none for data, of which only ``about`` tells.
        about: the stage, its fingerprint and how large it is.
        kept_in_place: is never copied, however small it is.
    """

    name: str
    kind: str
    folder: Path | None
    about: Mapping[str, Any]
    kept_in_place: bool = False

    @property
    def bytes(self) -> int:
        """How large all its files are together."""
        if self.folder is None:
            return 0
        return sum(path.stat().st_size for path in self.folder.rglob("*") if path.is_file())


@dataclass(frozen=True)
class Table:
    """Rows under the names of their columns."""

    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]


@dataclass(frozen=True)
class Findings:
    """What a run has found, for its last job.

    Attributes:
        numbers: each number of ``report.json`` by its name.
        sentences: the verdict, and what else is said in words.
        tables: by name.
        confusion: each model to how often one label was taken for another: rows of right, said, count.
        pictures: by name, pixels ``[height, width, red green blue]`` from 0 to 255.
        page: ``report.html``.
    """

    numbers: Mapping[str, float]
    sentences: Mapping[str, str] = field(default_factory=dict)
    tables: Mapping[str, Table] = field(default_factory=dict)
    confusion: Mapping[str, Sequence[Sequence[Any]]] = field(default_factory=dict)
    pictures: Mapping[str, "Pixels"] = field(default_factory=dict)
    page: Path | None = None


class Tracker(Protocol):
    """What every tracker can do with a job; it may fail with any error, which ``jobs.py`` turns into a sentence."""

    @property
    def link(self) -> Mapping[str, str | None] | None:
        """The ``id`` by which others find the job, and its ``url`` on the web, each if there is one."""

    def log(self, values: Mapping[str, float], step: int, examples: int) -> None:
        """Add values of curves, at an optimiser step before which so many examples were seen."""

    def used(self, product: Product) -> None:
        """Note that the job reads a product of another one."""

    def made(self, product: Product) -> None:
        """Note that the job has made a product."""

    def found(self, findings: Findings) -> None:
        """Add what the run has found."""

    def finish(self, failed: bool) -> None:
        """Write what is left, and close the job."""
