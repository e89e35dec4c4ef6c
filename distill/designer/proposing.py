"""From settings to proposals."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from transformers import PretrainedConfig

from distill.config.design import DesignConfig, amount, tokens, written
from distill.designer import cards, sizes
from distill.designer.candidates import Shape, candidates
from distill.designer.ranking import Sized, choose
from distill.designer.timing import Latency, Text, Timed, measure
from distill.errors import ModelError
from distill.pipeline.context import run_spec
from distill.pipeline.prepare_data import prepare
from distill.pipeline.settle import settled
from distill.stages.job import RunSpec

log = logging.getLogger(__name__)
_TEACHER = "teacher"


@dataclass(frozen=True)
class Budget:
    """What a student may cost; none: any."""

    latency_ms: float | None
    parameters: int | None


@dataclass(frozen=True)
class Measured:
    """A model's shape, its parameters and its time."""

    name: str
    shape: Shape
    parameters: int
    latency: Latency


@dataclass(frozen=True)
class Design:
    """What was found.

    Attributes:
        budget: what a student may cost.
        text: what was timed.
        samples: times that it was read by each model.
        attention: the share of the time in which the CPU really worked on that.
        architecture: the teacher's.
        teacher: who teaches.
        many, slow, fitting: candidates with too many parameters, those that take too long, and all others.
        proposals: at most three of those that fit, the most promising first.
        cheapest: what costs least of all that was tried, where nothing fits.
    """

    budget: Budget
    text: Text
    samples: int
    attention: float
    architecture: str
    teacher: Measured
    many: int
    slow: int
    fitting: int
    proposals: list[tuple[Sized, Measured]]
    cheapest: Measured | None = None


def propose(config: DesignConfig) -> Design:
    """Look for students.

    Args:
        config: checked.

    Raises:
        DistillError: the user can mend it, and the message says how.
    """
    config, data = settled(config, prepare(config))
    spec = run_spec(config, data)
    log.info("data: %s", spec.data.summary())
    for note in spec.data.notes:
        log.info("data: %s", note)
    given = config.budget
    budget = Budget(given.latency_ms, None if given.parameters is None else amount(given.parameters))
    teacher = sizes.teacher(spec)
    made = sizes.makeable(spec, teacher, candidates(teacher.shape, teacher.kinds))
    if not made:
        raise ModelError("no smaller student can be made of this teacher, which may have one layer and one head")
    every = [sizes.sized(spec, teacher, each) for each in made]
    every.sort(key=lambda each: (each.body, each.parameters))
    small = [each for each in every if budget.parameters is None or each.parameters <= budget.parameters]
    cards.refuse_to_replace(
        [each.name for each in small], Path(str(config.output)).expanduser(), overwrite=config.overwrite
    )
    wanted = small if budget.latency_ms is not None else choose(small)  # without a limit, time decides nothing
    text = Text(tokens(config), given.threads, written(config))
    tried = wanted or [min(every, key=lambda each: each.parameters)]
    timed = _timed(spec, teacher, tried, text, budget.latency_ms)
    fits = [each for each in wanted if _in_time(timed, each, budget.latency_ms)]
    measured = [_measured(each, timed) for each in tried if each.name in timed.latency]
    return Design(
        budget, text, timed.samples, timed.attention, teacher.configuration.model_type,
        Measured(_TEACHER, teacher.shape, sizes.count(spec, teacher.configuration)[0], timed.latency[_TEACHER]),
        len(every) - len(small), len(wanted) - len(fits), len(small) - len(wanted) + len(fits),
        [(each, _measured(each, timed)) for each in choose(fits)],
        None if fits else min(measured, key=lambda each: each.latency["p50"]),
    )  # fmt: skip


def _timed(spec: RunSpec, teacher: sizes.Teacher, students: Sequence[Sized], text: Text, limit: float | None) -> Timed:
    shapes = {each.name: each.candidate for each in students}
    configured: dict[str, PretrainedConfig] = {
        each.name: sizes.configuration(spec, teacher, each.candidate) for each in students
    }
    log.info("timing up to %d students and their teacher; this takes up to two minutes", len(students))

    def slower(one: str, other: str) -> bool:
        here, there = shapes[one], shapes[other]
        same = here.init == there.init
        return same and here.shape.layers >= there.shape.layers and here.shape.width >= there.shape.width

    return measure(
        spec, teacher.tokenizer, {**configured, _TEACHER: teacher.configuration}, text, limit=limit, always=_TEACHER,
        slower=slower,
    )  # fmt: skip


def _in_time(timed: Timed, student: Sized, limit: float | None) -> bool:
    taken = timed.latency.get(student.name)
    return taken is not None and (limit is None or taken["p50"] <= limit)


def _measured(student: Sized, timed: Timed) -> Measured:
    return Measured(student.name, student.candidate.shape, student.parameters, timed.latency[student.name])
