"""Open the trackers of each job of a run; one that fails is said once, and the run goes on as if it were not there."""

import logging
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Literal

from distill.tracking import Findings, JobDescription, Product, Tracker

log = logging.getLogger(__name__)
_SECRETS = ("WANDB_API_KEY", "HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "TRACKIO_WRITE_TOKEN")
"""Variables whose values no message may hold."""


class Unreachable(Exception):  # noqa: N818 - a state more than a fault: what was tracked lies on disk
    """A tracker has written everything to disk, and could not send it; the rest of the run does not try."""


@dataclass(frozen=True)
class TrackingPlan:
    """Where a run is tracked.

    Attributes:
        trackers: their names.
        wandb: online | offline | disabled.
        project: on W&B, and on Trackio.
        entity: user or team on W&B.
        artifact_limit_mb: megabytes above which a product of a stage is named and not copied.
        finish_seconds: that the end of a job waits for what W&B has still to send.
    """

    trackers: Sequence[str] = ()
    wandb: str = "offline"
    project: str = "distill"
    entity: str | None = None
    artifact_limit_mb: float = 0.0
    finish_seconds: float = 60.0

    @property
    def names(self) -> list[str]:
        """The names of the trackers that are asked for anything."""
        return [name for name in self.trackers if name != "wandb" or self.wandb != "disabled"]


class TrackedJob:
    """The trackers of one job; none of them can make it fail."""

    def __init__(
        self, trackers: Mapping[str, Tracker] | None = None, lost: Callable[[str, Exception], None] | None = None
    ) -> None:
        """Keep the trackers that are open, if any; ``lost`` is told which one failed, and why."""
        self._open, self._lost = dict(trackers or {}), lost or (lambda name, error: None)

    def log(self, values: Mapping[str, float], step: int, examples: int) -> None:
        """Add values of curves, at an optimiser step before which so many examples were seen."""
        self._each(lambda tracker: tracker.log(values, step, examples))

    def used(self, product: Product) -> None:
        """Note that the job reads a product of another one."""
        self._each(lambda tracker: tracker.used(product))

    def made(self, product: Product) -> None:
        """Note that the job has made a product."""
        self._each(lambda tracker: tracker.made(product))

    def found(self, findings: Callable[[], Findings]) -> None:
        """Add what the run has found, which is put together only if a tracker is there to take it."""
        self._each(lambda tracker: tracker.found(findings()))

    def finish(self, failed: bool) -> None:
        """Close the job with every tracker."""
        self._each(lambda tracker: tracker.finish(failed))
        self._open.clear()

    @property
    def link(self) -> Mapping[str, str | None] | None:
        """The ``id`` by which others find the job, and its ``url`` on the web, each if there is one."""
        return next((link for tracker in self._open.values() if (link := tracker.link) is not None), None)

    @property
    def is_open(self) -> bool:
        """Whether any tracker is left."""
        return bool(self._open)

    def _each(self, do: Callable[[Tracker], None]) -> None:
        for name, tracker in list(self._open.items()):
            try:
                do(tracker)
            except Exception as error:  # whatever it is, it is not worth a training
                del self._open[name]
                self._lost(name, error)
                with suppress(Exception):  # what failed once may well fail again; this lets go of what it holds
                    tracker.finish(True)


@dataclass
class Tracking:
    """The trackers of a run, and which of them have failed so far.

    Attributes:
        plan: where the run is tracked.
        failed: trackers that are left alone from now on.
        offline: whether W&B could not be reached, and is not tried again.
    """

    plan: TrackingPlan = field(default_factory=TrackingPlan)
    failed: set[str] = field(default_factory=set)
    offline: bool = False

    @contextmanager
    def job(self, described: JobDescription) -> Iterator[TrackedJob]:
        """Open the trackers of a job, and close them however the block ends."""
        names = [name for name in self.plan.names if name not in self.failed]
        opened = {name: tracker for name in names if (tracker := self._begin(name, described)) is not None}
        job, failed = TrackedJob(opened, self._lost), True
        try:
            yield job
            failed = False
        finally:
            job.finish(failed)

    @property
    def mode(self) -> Literal["online", "offline"]:
        """How W&B is tracked now."""
        return "online" if self.plan.wandb == "online" and not self.offline else "offline"

    def _begin(self, name: str, described: JobDescription) -> Tracker | None:
        try:
            if name == "wandb" and self.mode == "online":
                try:
                    return self._opened(name, described)
                except Exception as error:  # the key may be wrong, the server gone, the project not allowed
                    self._lost(name, Unreachable(_first_line(error)))
                    described = replace(described, id=f"{described.id}0")  # W&B holds on to the other one
            return self._opened(name, described)
        except Exception as error:  # see TrackedJob
            self._lost(name, error)
            return None

    def _opened(self, name: str, described: JobDescription) -> Tracker:
        """Return a tracker with the job begun; each library is imported only if it is asked for."""
        plan = self.plan
        if name == "tensorboard":
            from distill.tracking.with_tensorboard import TensorBoardTracker

            return TensorBoardTracker(described)
        if name == "trackio":
            from distill.tracking.with_trackio import TrackioTracker

            return TrackioTracker(described, plan.project)
        from distill.tracking.with_wandb import WandbTracker

        limit = int(plan.artifact_limit_mb * 1_000_000)
        return WandbTracker(described, self.mode, plan.project, plan.entity, limit, plan.finish_seconds)

    def _lost(self, name: str, error: Exception) -> None:
        """Say once that a tracker has failed, and leave it alone from now on; W&B goes on on disk if it can."""
        if isinstance(error, Unreachable):
            if not self.offline:
                log.warning("%s: %s; what follows is tracked on disk, and `wandb sync` sends it", name, error)
            self.offline = True
        elif name not in self.failed:
            log.warning("%s: %s; the run goes on without it", name, _first_line(error))
            self.failed.add(name)


def _first_line(error: Exception) -> str:
    """Return what an error says, without any secret of the environment."""
    said = str(error).strip().splitlines()
    text = said[0] if said else type(error).__name__
    for name in _SECRETS:
        if secret := os.environ.get(name):
            text = text.replace(secret, "…")
    return text
