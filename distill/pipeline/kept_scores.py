"""Score again what the student of a finished run has answered, from the store."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from datasets import Dataset
from numpy.typing import NDArray
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from distill import report as words
from distill.base.run_folders import written_again
from distill.comparison.runs import Run, stage_folder
from distill.config.schema import Config
from distill.distributed.processes import Ranks
from distill.errors import ConfigError, StoreError
from distill.inference.scoring import SplitScore
from distill.pipeline.context import example_pipeline, run_spec
from distill.pipeline.prepare_data import prepare
from distill.pipeline.seeds import with_seed
from distill.pipeline.settle import settled
from distill.stages import evaluate, kept_outputs
from distill.stages.job import Job, RunContext, RunSpec


class KeptScore(NamedTuple):
    """A run's student on the split that leads."""

    spec: RunSpec
    split: str
    examples: Dataset
    score: SplitScore

    @property
    def statistics(self) -> NDArray[Any]:
        """What stands behind the metric that leads, of each example ``[examples, k]``."""
        return self.score.scored.statistics[self.spec.leading.headline.name]


def kept_score(run: Run, slices: Sequence[str] = ()) -> KeptScore:
    """Score what a run's student has answered on the split that leads the report; of several, that of the best seed.

    Args:
        run: a finished one.
        slices: parts of the split that are told apart.

    Raises:
        DistillError: the data or the store is not there any more, or there are no such slices.
    """
    return _scored(run, _spec(run, slices))


def kept_scores(run: Run, slices: Sequence[str] = ()) -> list[KeptScore]:
    """Score what the student of each seed of a run has answered, in the order of its seeds, as ``kept_score`` does.

    The stages of the best seed are the run's own in its report; those of another seed are named after it.

    Raises:
        DistillError: as there.
    """
    spec = _spec(run, slices)
    if len(run.seeds) == 1:
        return [_scored(run, spec)]
    labels = {seed: "" if seed == run.student_seed else f":seed{seed}" for seed in run.seeds}
    return [_scored(run, with_seed(spec, int(str(seed))), label) for seed, label in labels.items()]


def _spec(run: Run, slices: Sequence[str]) -> RunSpec:
    config = settings_of_run(run.folder / "config.yaml")
    config = replace(config, evaluate=replace(config.evaluate, slices=list(slices)))
    config, data = settled(config, prepare(config))
    spec = run_spec(config, data)
    if not spec.decisions.of_role("student"):
        raise ConfigError(f"{run.folder} has no student")
    return spec


def _scored(run: Run, spec: RunSpec, label: str = "") -> KeptScore:
    """Score the student whose stages have this label in the run's report."""
    lead = words.headline(run.report)
    split = lead[1] if lead else "validation"
    job = _job(run, spec, label)
    model = spec.finished(spec.sources.model("distill", job.inputs))
    answered = kept_outputs.student_outputs(job, split)
    return KeptScore(spec, split, spec.data.splits[split], evaluate.score(job, model, split, answered))


def settings_of_run(path: Path) -> Config:
    """Return the settings in the ``config.yaml`` of a run.

    Raises:
        ConfigError: it cannot be read, or holds other settings.
    """
    again = written_again(path.parent)
    try:
        loaded = OmegaConf.load(path)
        config = OmegaConf.to_object(OmegaConf.merge(OmegaConf.structured(Config), loaded))
    except FileNotFoundError as error:
        raise ConfigError(f"{path} is gone, which says how the run reads its data; {again}") from error
    except (OSError, OmegaConfBaseException, YAMLError) as error:
        raise ConfigError(f"{path} cannot be read ({str(error).splitlines()[0]}); {again}") from error
    if not isinstance(config, Config) or not loaded:  # an empty file would stand for all defaults
        raise ConfigError(f"{path} holds no settings of a run; {again}")
    return config


def _job(run: Run, spec: RunSpec, label: str) -> Job:
    """Return what stands for the job that scored the run, with the stages that it read."""
    inputs: dict[str, Path] = {}
    for name in ("distill", "evaluate"):
        if (folder := stage_folder(run.folder, run.report, f"{name}{label}")) is None:
            raise StoreError(f"the stage {name}{label} of {run.folder} is in no store that is found")
        inputs[name] = folder
    ranks = Ranks()
    examples = example_pipeline(spec.config, spec.setup, ranks)
    context = RunContext(run.folder, str(run.report.get("command")), ranks)
    return Job(spec, context, examples, run.folder, inputs, {}, "compare", lambda name: True)
