"""The parts of a run as a stage is handed them, for tests that look at one of them alone."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from distill.config.schema import Config
from distill.data.example_pipeline import ExamplePipeline
from distill.data.prepared import Prepared
from distill.distributed.processes import Ranks
from distill.pipeline.context import example_pipeline, run_spec
from distill.pipeline.prepare_data import prepare
from distill.pipeline.teacher_outputs import with_output_plan
from distill.stages.job import Job, RunContext, RunSpec


def spec_of(config: Config, data: Prepared | None = None) -> RunSpec:
    """What a run of these settings is, on their own data unless some is given; what is stored is not decided yet."""
    return run_spec(config, prepare(config) if data is None else data)


def decided(config: Config, data: Prepared | None = None) -> RunSpec:
    """The same, with what is stored of the teacher."""
    return with_output_plan(spec_of(config, data))


def examples_of(spec: RunSpec, ranks: Ranks | None = None) -> ExamplePipeline:
    """What makes batches of the run's examples."""
    return example_pipeline(spec.config, spec.setup, ranks or Ranks())


def job_of(
    spec: RunSpec,
    folder: Path,
    inputs: Mapping[str, Path] | None = None,
    results: Mapping[str, Mapping[str, Any]] | None = None,
    title: str = "distill",
    *,
    ranks: Ranks | None = None,
    finished: Sequence[str] = (),
    context: RunContext | None = None,
) -> Job:
    """A stage about to be made in ``folder``, alone or among ``ranks``, where the store holds the ``finished`` ones."""
    context = context or RunContext(folder, "", ranks or Ranks())
    examples = examples_of(spec, context.ranks)
    return Job(spec, context, examples, folder, inputs or {}, results or {}, title, lambda name: name in finished)
