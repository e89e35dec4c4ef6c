"""Estimate from the sizes of models and data how long the stages that are left take, given those that are done."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from distill.base.long_work import Stage
from distill.config.training import TrainingConfig
from distill.data.splits import UNLABELLED
from distill.pipeline.expected_shapes import student_and_teacher_shapes
from distill.pipeline.plan import OF_EACH_TEACHER, Planned
from distill.pipeline.store import Store
from distill.stages.hyperparameters import min_steps
from distill.stages.job import RunSpec
from distill.training.training_length import TrainingLength, training_length
from distill.types import ModelShape

_OVERHEAD = 1.5e5
"""Multiplications of a token in whose time a small model does nothing but begin and end its operations."""
_BACKWARD = 3.0
"""How many times a pass a training step takes."""
_SECONDS_OF_SCORES, _SECONDS_OF_A_FORMAT = 5.0, 8.0
"""What evaluation, and each format of an export, takes whatever the models are."""
_SECTIONS = {"pretrain": "pretrain", "finetune": "finetune", "distill": "distill", "control": "distill"}
"""The section of the settings by which each stage is trained that is."""


@dataclass
class Outlook:
    """The stages of a run, how much there is to compute in each, and how long those took that are done.

    Attributes:
        stages: by their titles, in order.
        finished: titles of those that are taken from the store.
        seconds: title of each that was made to its seconds.
    """

    stages: Mapping[str, Planned]
    finished: frozenset[str]
    seconds: dict[str, float] = field(default_factory=dict)

    @cached_property
    def efforts(self) -> dict[str, float]:
        """How much there is to compute in each stage."""
        return {title: effort(planned) for title, planned in self.stages.items()}

    def stage(self, title: str) -> Stage:
        """Return a stage that begins, with what is expected of it and of those after it."""
        return Stage(
            title, list(self.stages).index(title) + 1, len(self.stages), self.expected(title), self.later(title)
        )

    def expected(self, title: str) -> float | None:
        """Return about how many seconds a stage takes at the pace of those that are done; none without any."""
        pace = self._pace(self.seconds)
        return None if pace is None else self._expected(title, pace)

    def later(self, title: str) -> Callable[[float], float | None]:
        """Return what tells the seconds of all stages after one, given about how many that one takes."""

        def seconds(of_this: float) -> float | None:
            if (pace := self._pace({**self.seconds, title: of_this})) is None:
                return None
            names = list(self.stages)
            rest = [name for name in names[names.index(title) + 1 :] if name not in self.finished]
            return sum(self._expected(name, pace) for name in rest)

        return seconds

    def _expected(self, title: str, pace: float) -> float:
        """Return the seconds of a stage at a pace."""
        return pace * self.efforts[title] + _fixed(self.stages[title])

    def _pace(self, done: Mapping[str, float]) -> float | None:
        """Return the seconds that a multiplication took in these stages, given their seconds; none without any."""
        computed = sum(self.efforts[name] for name in done)
        spent = sum(max(0.0, took - _fixed(self.stages[name])) for name, took in done.items())
        return spent / computed if computed else None


def effort(planned: Planned) -> float:
    """Return how much a stage computes, in multiplications of one token of each row."""
    spec, stage = planned.spec, planned.stage
    student, teacher = (_multiplications(shape) for shape in student_and_teacher_shapes(spec))
    scored = sum(len(spec.data.splits.get(split, ())) for split in ("validation", "test"))
    if stage in _SECTIONS:
        learner = student if stage in ("distill", "control") else teacher
        if stage == "pretrain":  # which tells every token from all others
            learner += spec.config.teacher.vocab_size * spec.config.teacher.architecture.hidden_size
        beside = teacher if stage == "distill" and not spec.decisions.outputs.stored else 0.0
        return trained_rows(spec, stage) * (_BACKWARD * learner + beside)
    if stage == "teach":
        return teacher * sum(len(spec.data.splits.get(split, ())) for split in ("train", UNLABELLED))
    if stage == "augment":
        made = spec.config.augment
        return teacher * len(spec.data.splits["train"]) * made.copies * ("masked_lm" in made.methods)
    if stage == "evaluate":
        roles = ("student", "control", "without_unlabelled")
        students = [model for role in roles for model in spec.decisions.of_role(role)]
        return scored * (teacher + student * len(students))
    return scored * student * len(spec.decisions.exported)


def trained_rows(spec: RunSpec, stage: str) -> int:
    """Return how many rows a stage sees in all its epochs, where nothing stops it before."""
    return _read(spec, stage) * _length(spec, stage).epochs


def validations(spec: RunSpec, stage: str) -> int:
    """Return how often a stage scores validation, where nothing stops it before."""
    length = _length(spec, stage)
    return length.epochs // length.validate_every


def _read(spec: RunSpec, stage: str) -> int:
    """Return the rows of an epoch."""
    splits = ("train",) if stage == "finetune" else ("train", UNLABELLED)
    return sum(len(spec.data.splits.get(split, ())) for split in splits)


def _length(spec: RunSpec, stage: str) -> TrainingLength:
    section: TrainingConfig = getattr(spec.config, _SECTIONS[stage])
    if not section.max_epochs:
        return TrainingLength(0)
    a_step = spec.config.data.batch_size * spec.world * spec.config.trainer.accumulate_grad_batches
    steps = -(-_read(spec, stage) // a_step)
    return training_length(section.max_epochs, min_steps(spec.config, section), steps)


def _multiplications(shape: ModelShape) -> float:
    return _OVERHEAD + 12.0 * shape.layers * shape.width**2


def _fixed(planned: Planned) -> float:
    """Return the seconds of a stage that no computing of models explains."""
    formats = len(planned.spec.decisions.exported)
    return {"evaluate": _SECONDS_OF_SCORES, "export": formats * _SECONDS_OF_A_FORMAT}.get(planned.stage, 0.0)


def outlook_on(plans: Sequence[Mapping[str, Planned]], store: Store) -> Outlook:
    """Return the outlook on the stages of some plans, each once whatever its titles are."""
    by_name: dict[str, Planned] = {}
    for planned_stages in plans:
        for planned in planned_stages.values():
            by_name.setdefault(planned.title if planned.stage in OF_EACH_TEACHER else planned.name, planned)
    stages = {planned.title: planned for planned in by_name.values()}
    return Outlook(stages, frozenset(title for title, each in stages.items() if store.folder(each.name).is_dir()))
