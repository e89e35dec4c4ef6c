"""A run on its way: what it is made of, and the stages that it has so far."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from distill.data.example_pipeline import ExamplePipeline
from distill.distributed.processes import Ranks
from distill.pipeline.run_report import Finished
from distill.pipeline.store import Store
from distill.stages.job import Job, RunContext, RunSpec

Judge: TypeAlias = Callable[[Job], Mapping[str, object]]
"""Returns what else a report shall hold, of the job of the finished stage ``evaluate``."""


@dataclass(frozen=True)
class Chain:
    """A run on its way through the stages.

    Attributes:
        spec: settings, data, and what was decided from both.
        context: its folder, command and processes.
        examples: makes batches of its examples.
        store: holds finished stages.
        finished: the stages so far.
        accepted: names of the teachers that were looked at.
        judge: is asked once the models are scored, on the first rank; none where the report is that of any run.
    """

    spec: RunSpec
    context: RunContext
    examples: ExamplePipeline
    store: Store
    finished: Finished = field(default_factory=Finished)
    accepted: set[str] = field(default_factory=set)
    judge: Judge | None = None

    @property
    def ranks(self) -> Ranks:
        """This process among all."""
        return self.context.ranks
