"""What the chain hands to a stage: what the run is, what was decided, and the parts that a stage works with."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol

import torch
from transformers import PreTrainedTokenizerBase

from distill.config.ensemble import FIRST
from distill.config.schema import Config
from distill.data.example_pipeline import ExamplePipeline
from distill.data.prepared import Prepared
from distill.data.quoting import quote
from distill.distributed.processes import Ranks
from distill.inference.runtime import FinishedModel
from distill.inference.torch_runtime import finished_model
from distill.metrics import Leading, leading, metric_module
from distill.models.sources import ModelRef, ModelSources
from distill.student.build import StudentSpec
from distill.tasks.setup import TaskSetup
from distill.teacher.output_plan import TeacherOutputPlan


def title(name: str, teacher: str) -> str:
    """Return what the run calls a stage or checkpoint of a teacher.

    >>> title("finetune", "first"), title("finetune", "second")
    ('finetune', 'finetune:second')
    """
    return name if teacher == FIRST else f"{name}:{teacher}"


_UNDECIDED = TeacherOutputPlan("nothing is decided yet")


@dataclass(frozen=True)
class ScoredModel:
    """A model that a run compares with others.

    Attributes:
        name: in the report.
        role: ``teacher``, ``student`` or ``control``: what the report makes of it. Of several teachers, the first is
            what they say together.
        source: the input that holds it; none for what several teachers say together.
    """

    name: str
    role: str
    source: str | None


@dataclass(frozen=True)
class Decisions:
    """What follows from settings, checkpoints and data, and is decided once, before the first stage.

    Attributes:
        base: the input that holds the teacher before it learnt the task.
        teacher: the input that holds the teacher.
        student_source: the input that the student starts from; for a random one, only its tokenizer.
        student: what the student is made of.
        compared: the models that are compared, in the order of the report.
        outputs: whether the teacher's outputs are stored, and which; decided once the checkpoints were looked at.
    """

    base: str
    teacher: str
    student_source: str
    student: StudentSpec
    compared: tuple[ScoredModel, ...]
    outputs: TeacherOutputPlan = _UNDECIDED

    def of_role(self, role: str) -> list[ScoredModel]:
        """The compared models of a role, in the order of the report."""
        return [model for model in self.compared if model.role == role]

    def first_of(self, role: str) -> str | None:
        """The name of the first compared model of a role, of several teachers what they say together; or none."""
        return next((model.name for model in self.of_role(role)), None)


@dataclass(frozen=True, eq=False)
class RunSpec:
    """What a run is: settings and data, and what was decided from both.

    A stage that is made for each of several teachers gets the spec of a run in which that one is the only teacher, so
    that its fingerprint is that of such a run, and either run finds what the other made.

    Attributes:
        config: the settings.
        data: the prepared splits.
        setup: the task with the data's labels.
        sources: where models come from.
        world: processes that train together.
        decisions: see there.
        members: of several teachers, by name, the spec of a run in which it is the only one; empty where there is one.
    """

    config: Config
    data: Prepared
    setup: TaskSetup
    sources: ModelSources
    world: int
    decisions: Decisions
    members: Mapping[str, "RunSpec"] = field(default_factory=dict)

    @property
    def dtype(self) -> torch.dtype:
        """The type of numbers of the weights that are trained, and of the teacher that they follow."""
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
        """How targets are written, in the words of transformers' ``generate``."""
        return {"num_beams": self.config.generate.beams, "max_new_tokens": self.setup.spec.max_target_length}

    @property
    def learns_teacher_targets(self) -> bool:
        """Whether the student learns from what the teacher writes instead of the targets of the data."""
        return self.config.distill.targets == "teacher"

    def quote(self, keys: Sequence[int]) -> str:
        """Show how the texts of some examples begin, by which a user finds them again."""
        return quote(self.data.splits, self.setup.task.text, keys)

    def same_tokens(self, one: PreTrainedTokenizerBase, other: PreTrainedTokenizerBase) -> bool:
        """Say whether two tokenizers are one: the same vocabulary, and the same ids for the first examples of train."""
        if one.get_vocab() != other.get_vocab():
            return False
        rows = self.data.splits["train"][:200]
        return bool(self.setup.encode(rows, one) == self.setup.encode(rows, other))

    @property
    def teachers(self) -> Mapping[str, "RunSpec"]:
        """Each teacher by its name, with the spec of a run in which it is the only one."""
        return self.members or {FIRST: self}

    @property
    def teacher_inputs(self) -> dict[str, str]:
        """Each teacher's name to the input that holds it."""
        return {name: title(spec.decisions.teacher, name) for name, spec in self.teachers.items()}

    def owner(self, name: str) -> tuple["RunSpec", str]:
        """The spec of the teacher that an input of a stage belongs to, and what that one calls it."""
        own, _, teacher = name.partition(":")
        return (self.members[teacher] if teacher else self), own

    def model(self, name: str, inputs: Mapping[str, Path]) -> ModelRef:
        """The model of an input, whichever teacher's it is."""
        spec, own = self.owner(name)
        return spec.sources.model(own, {own: inputs[name]} if name in inputs else {})

    def finished(self, model: ModelRef, dtype: torch.dtype = torch.float32) -> FinishedModel:
        """A model of the run, to be asked in some precision; scored models are, as their users will, in float32."""
        return finished_model(model, self.sources, self.setup, dtype)


@dataclass(frozen=True)
class RunContext:
    """Where and by whom a run is made.

    Attributes:
        folder: of the run.
        command: that repeats it.
        ranks: this process among all.
        wandb: online | offline | disabled.
    """

    folder: Path
    command: str
    ranks: Ranks = field(default_factory=Ranks)
    wandb: str = "disabled"


@dataclass(frozen=True)
class Job:
    """One stage about to be made.

    Attributes:
        spec: what the run is.
        context: where and by whom it is made.
        examples: makes batches of its examples.
        folder: where the stage's files go; on a second try it holds what the first one left.
        inputs: name of each stage it needs to that stage's folder.
        results: name of each such stage to what it found.
        title: what the run calls the stage; it names the teacher where there are several.
        is_finished: whether the store holds a stage of this name, whole.
    """

    spec: RunSpec
    context: RunContext
    examples: ExamplePipeline
    folder: Path
    inputs: Mapping[str, Path]
    results: Mapping[str, Mapping[str, Any]]
    title: str
    is_finished: Callable[[str], bool]


class Stage(Protocol):
    """What a module of this package offers."""

    RECIPE: int
    """Version of what it does: raised when the same settings begin to give another result."""

    def skipped(self, spec: RunSpec) -> str | None:
        """Say why this run does without the stage; none where it does not."""

    def needs(self, spec: RunSpec) -> list[str]:
        """Name the stages and checkpoints that it reads."""

    def settings(self, spec: RunSpec) -> dict[str, Any]:
        """Return everything else that can change its result."""

    def run(self, job: Job) -> dict[str, Any]:
        """Make the files, on every rank; return what it found, for reports."""
