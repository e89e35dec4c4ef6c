"""What the checks look at: settings, and what follows from them, made once."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from distill.base.per_object_cache import computed_once
from distill.config.schema import Config
from distill.config.seeds import with_shared_seed
from distill.data.example_pipeline import ExamplePipeline
from distill.data.prepared import Prepared
from distill.distributed.processes import Ranks
from distill.pipeline.batch_fitting import fitted
from distill.pipeline.context import alone, example_pipeline, run_spec
from distill.pipeline.plan import Planned, plan
from distill.pipeline.prepare_data import prepare
from distill.pipeline.seeds import plan_seeds
from distill.pipeline.settle import settled
from distill.pipeline.store import Store
from distill.pipeline.teacher_outputs import with_output_plan
from distill.stages.job import RunSpec


@dataclass
class Case:
    """The settings of a run and all that follows from them; each part is made when a check first asks for it.

    Attributes:
        config: the settings, composed.
        overrides: of the command line.
        seconds: after so many of trying stages on a few rows, no further one is begun.
    """

    config: Config
    overrides: Sequence[str]
    seconds: float = 30.0

    @cached_property
    def ranks(self) -> Ranks:
        """This process, alone, with the device that the run takes."""
        return alone(self.config)

    @cached_property
    def ready(self) -> tuple[Config, Prepared]:
        """The settings with nothing left open, and the data."""
        config = with_shared_seed(self.config)
        return fitted(*settled(config, prepare(config)), self.ranks)

    @cached_property
    def spec(self) -> RunSpec:
        """The specification of the run, with what is stored of the teacher."""
        return with_output_plan(run_spec(*self.ready))

    @property
    def store(self) -> Store:
        """The store of the run."""
        return Store(Path(self.config.store))

    @cached_property
    def stages(self) -> dict[str, Planned]:
        """The stages of the run; of several seeds those of one, and all that seeds share."""
        return plan(self.spec, self.store, tell=False)

    @cached_property
    def of_seeds(self) -> dict[str, Planned]:
        """The further stages by which each of several seeds has a student and a control, and these their scores."""
        known = {planned.name for planned in self.stages.values()}
        every = [item for planned in plan_seeds(self.spec, self.store).values() for item in planned.items()]
        return {title: planned for title, planned in every if planned.name not in known}

    @property
    def examples(self) -> ExamplePipeline:
        """What makes batches of the run's examples."""
        return example_pipeline(self.spec.config, self.spec.setup, self.ranks)

    def finished(self, title: str) -> Path | None:
        """Return the folder of a stage that the store holds, whole; or none."""
        planned = self.stages.get(title) or self.of_seeds.get(title)
        if planned is None:
            return None
        return computed_once(self, ("finished", title), lambda: self.store.whole(planned.name))
