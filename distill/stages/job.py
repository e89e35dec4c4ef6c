"""Describe what the pipeline hands to a stage: the run, its decisions, and the parts that a stage works with."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol, TypeAlias

import torch
from transformers import PreTrainedTokenizerBase

from distill.config.ensemble import FIRST
from distill.config.schema import Config
from distill.data.answers.labelled import Labelled
from distill.data.example_pipeline import ExamplePipeline
from distill.data.prepared import Prepared
from distill.data.quoting import quote
from distill.distributed.processes import Ranks
from distill.inference.runtime import FinishedModel
from distill.inference.torch_runtime import finished_model
from distill.metrics import Leading, leading, metric_module
from distill.models.sources import BESIDE, ModelRef, ModelSources
from distill.stages.decisions import Decisions, ScoredModel
from distill.stages.learner import STAGE, Learner
from distill.tasks.setup import TaskSetup
from distill.tracking.jobs import TrackedJob, Tracking
from distill.training.callbacks import Validation

StageSettings: TypeAlias = dict[str, object]
"""All that can change the result of a stage besides its inputs, as JSON takes it: its fingerprint is made of it."""
StageResult: TypeAlias = dict[str, Any]
"""What a stage leaves for later stages and the report, as JSON takes it; each stage has keys of its own."""


def title(name: str, teacher: str) -> str:
    """Return the run's name of a stage or checkpoint of a teacher.

    >>> title("finetune", "first"), title("finetune", "second")
    ('finetune', 'finetune:second')
    """
    return name if teacher == FIRST else f"{name}:{teacher}"


@dataclass(frozen=True, eq=False)
class RunSpec:
    """The specification of a run: settings and data, and what was decided from both.

    A stage that is made for each of several teachers gets the spec of a run in which that one is the only teacher, so
    that its fingerprint is that of such a run, and either run finds what the other made.

    Attributes:
        config: the settings.
        data: the prepared splits.
        setup: the task with the data's labels.
        sources: where models come from.
        world: processes that train together.
        decisions: what follows from settings, checkpoints and data.
        members: name of each of several teachers to the specification of a run in which it is the only one; empty where
            there is one teacher.
        whole: of one of several seeds the specification of the whole run, whose seed data and teachers have.
        label: what the titles of this seed's own stages carry, such as ``seed2``; empty where they need none.
        learner: which of the run's students the stage ``distill`` makes.
    """

    config: Config
    data: Prepared
    setup: TaskSetup
    sources: ModelSources
    world: int
    decisions: Decisions
    members: Mapping[str, "RunSpec"] = field(default_factory=dict)
    learner: Learner = Learner()  # noqa: RUF009  (nobody changes it)
    whole: "RunSpec | None" = None
    label: str = ""

    @property
    def run(self) -> "RunSpec":
        """The specification of the whole run: this one, unless it is that of one of several seeds."""
        return self.whole or self

    @property
    def dtype(self) -> torch.dtype:
        """The dtype of the weights that are trained, and of the teacher that they follow."""
        return torch.float64 if self.config.trainer.precision == "64-true" else torch.float32

    @property
    def metrics(self) -> ModuleType:
        """The module that scores predictions."""
        return metric_module(self.setup.task.metric_module(self.setup.labels))

    @property
    def leading(self) -> Leading:
        """The metric that leads the run: the one that the settings name, or else the task's first."""
        return leading(self.metrics, self.config.metric)

    @property
    def generation(self) -> dict[str, int]:
        """The settings by which targets are written, in the words of transformers' ``generate``."""
        return {"num_beams": self.config.generate.beams, "max_new_tokens": self.setup.spec.max_target_length}

    @property
    def learns_teacher_targets(self) -> bool:
        """Whether the student learns from targets that the teacher writes instead of those of the data."""
        return self.config.distill.targets == "teacher"

    def quote(self, keys: Sequence[int]) -> str:
        """Return how the texts of some examples begin, by which a user finds them again."""
        return quote(self.data.splits, self.setup.task.text, keys)

    def same_tokens(self, first: PreTrainedTokenizerBase, second: PreTrainedTokenizerBase) -> bool:
        """Return whether two tokenizers have one vocabulary, and cut the first examples of train alike."""
        if first.get_vocab() != second.get_vocab():
            return False
        rows = self.data.splits["train"][:200]
        return bool(self.setup.encode(rows, first) == self.setup.encode(rows, second))

    @property
    def labelled(self) -> Labelled | None:
        """What the one teacher said of the rows, where it is a file of answers; else none."""
        return None if self.config.teacher.answers is None else self.data.labelled[FIRST]

    def labeller(self, row: ScoredModel) -> Labelled | None:
        """Return what a compared model said, where it is a teacher that is a file of answers; else none."""
        name = FIRST if row.name == "teacher" and not self.members else row.name
        return self.data.labelled.get(name) if row.role == "teacher" and row.source is None else None

    @property
    def teachers(self) -> Mapping[str, "RunSpec"]:
        """Each teacher by its name, with the specification of a run in which it is the only one."""
        return self.members or {FIRST: self.run}

    @property
    def teacher_inputs(self) -> dict[str, str]:
        """Each teacher's name to the input that holds it."""
        return {name: title(spec.decisions.teacher, name) for name, spec in self.teachers.items()}

    def owner(self, name: str) -> tuple["RunSpec", str]:
        """Return the specification of the teacher that an input belongs to, and that teacher's name of the input."""
        name_in_teacher, _, teacher = name.partition(":")
        if not teacher or name_in_teacher in (STAGE, BESIDE):
            return self, name
        return self.members[teacher], name_in_teacher

    def model(self, name: str, inputs: Mapping[str, Path]) -> ModelRef:
        """Return the model of an input, whichever teacher it belongs to."""
        spec, name_in_teacher = self.owner(name)
        return spec.sources.model(name_in_teacher, {name_in_teacher: inputs[name]} if name in inputs else {})

    def finished(self, model: ModelRef, dtype: torch.dtype = torch.float32) -> FinishedModel:
        """Return a model of the run that can be asked, in float32 like its users will, unless ``dtype`` differs."""
        return finished_model(model, self.sources, self.setup, dtype)


@dataclass(frozen=True)
class RunContext:
    """The surroundings of a run: its folder, its command line and its processes.

    Attributes:
        folder: the run's folder, which takes the report.
        command: the command line that repeats the run.
        ranks: this process among all.
        tracking: the trackers of the run.
        swept: the settings that a sweep sweeps over, with their values in this run.
        validated: is told of each validation while a stage trains, and ends the training by what it raises; none where
            nobody asks.
    """

    folder: Path
    command: str
    ranks: Ranks = field(default_factory=Ranks)
    tracking: Tracking = field(default_factory=Tracking)
    swept: Mapping[str, str] = field(default_factory=dict)
    validated: Callable[[str, Validation], None] | None = None


@dataclass(frozen=True)
class Job:
    """One stage about to run, with all it works with.

    Attributes:
        spec: settings, data, and what was decided from both.
        context: the run's folder, command and processes.
        examples: makes batches of the run's examples.
        folder: takes the stage's files; on a second try it holds what the first one left.
        inputs: name of each stage it needs to that stage's folder.
        results: name of each such stage to its result.
        title: the run's name of the stage; it names the teacher where there are several.
        is_finished: whether the store holds a stage of this name, whole.
        tracked: the trackers of the stage.
    """

    spec: RunSpec
    context: RunContext
    examples: ExamplePipeline
    folder: Path
    inputs: Mapping[str, Path]
    results: Mapping[str, StageResult]
    title: str
    is_finished: Callable[[str], bool]
    tracked: TrackedJob = field(default_factory=TrackedJob)


class Stage(Protocol):
    """The protocol that every module of this package fulfils."""

    RECIPE: int
    """Version of what it does: raised when the same settings begin to give another result."""

    def skipped(self, spec: RunSpec) -> str | None:
        """Return why this run does without the stage, or none where it runs."""

    def needs(self, spec: RunSpec) -> list[str]:
        """Return the names of the stages and checkpoints that it reads."""

    def settings(self, spec: RunSpec) -> StageSettings:
        """Return everything else that can change its result."""

    def run(self, job: Job) -> StageResult:
        """Write the stage's files, on every rank, and return its result for reports."""
