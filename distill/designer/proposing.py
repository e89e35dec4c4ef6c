"""From settings to proposals: which students there are, which of them fit the budget, and which to try first."""

import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from distill.config.design import DesignConfig, parse_count, shipped_form, timed_tokens, timed_written_tokens
from distill.config.seeds import with_shared_seed
from distill.designer import cards, exported, sizes
from distill.designer.candidates import StudentShape, candidates, of_fewer_tokens
from distill.designer.ranking import Sized, choose
from distill.designer.search import MEGABYTE, Cost, Costs, Limits
from distill.designer.timing import Latency, Text, Timed, measure
from distill.errors import ModelError
from distill.inference.formats import TORCH
from distill.pipeline.context import run_spec
from distill.pipeline.prepare_data import prepare
from distill.pipeline.settle import settled

log = logging.getLogger(__name__)
_TEACHER = "teacher"


@dataclass(frozen=True)
class Measured:
    """A model's shape, its parameters, the bytes of its file, and the time that it takes for one text."""

    name: str
    shape: StudentShape
    parameters: int
    bytes: int
    latency: Latency


@dataclass(frozen=True)
class Design:
    """What there is to say of the students that were looked at.

    Attributes:
        limits: what a student may cost.
        form: in which students are shipped, and were timed and weighed.
        formats: of the export that ship them.
        text: what was timed.
        samples: times that it was read by each model.
        attention: the fraction of the time in which the CPU really worked on that.
        architecture: the teacher's.
        teacher: who teaches, in PyTorch.
        tokens: how many tokens students of the texts' own tokens have; none where there are no such students.
        many, large, slow, fitting: candidates with too many parameters, those whose file is too large, those that take
            too long, and all others.
        exported: how many were exported to be timed and weighed; the time and size of others is estimated from them.
        proposals: at most three of those that fit, the most promising first.
        nearest: what was measured and exceeds the limits least, where nothing fits.
    """

    limits: Limits
    form: str
    formats: tuple[str, ...]
    text: Text
    samples: int
    attention: float
    architecture: str
    teacher: Measured
    tokens: int | None
    many: int
    large: int
    slow: int
    fitting: int
    exported: int
    proposals: list[tuple[Sized, Measured]]
    nearest: Measured | None = None


def propose(config: DesignConfig) -> Design:
    """Propose up to three students that fit the budget of the settings, which were checked before.

    Raises:
        DistillError: the user can mend it, and the message says how.
    """
    config = with_shared_seed(config)
    config, data = settled(config, prepare(config))
    spec, form = run_spec(config, data), shipped_form(config)
    for note in (spec.data.summary(), *spec.data.notes):
        log.info("data: %s", note)
    limits, threads = _limits(config), config.budget.threads
    text = Text(timed_tokens(config), threads, timed_written_tokens(config), config.generate.beams)
    teacher = sizes.teacher(spec)
    students = _students(teacher, form)
    small = [one for one in students if limits.excess(parameters=one.parameters) <= 1]
    cards.refuse_to_replace(
        [student.name for student in small], Path(config.output).expanduser(), overwrite=config.overwrite
    )
    tried = small or [min(students, key=lambda one: limits.excess(parameters=one.parameters, size=one.bytes))]
    if form == TORCH:
        timed, costs = _in_torch(teacher, tried, text, limits)
    else:
        log.info("exporting, timing and weighing some of %d students; this takes up to two minutes", len(tried))
        timed, costs = exported.measure(teacher, tried, text, limits, form, config.export.int8, name=_TEACHER)
    cost = costs.estimate()
    fits = {one.name: costs.excess(cost(one)) <= 1 for one in small}
    fitting = [one for one in small if fits[one.name] and one.name in timed.latency]
    large = [one for one in small if limits.excess(size=cost(one).bytes) > 1]
    measured = [_measured(one, timed) for one in tried if one.name in timed.latency]
    return Design(
        limits=limits,
        form=form,
        formats=() if form == TORCH else tuple(config.export.formats or ()),
        text=text,
        samples=timed.samples,
        attention=timed.attention,
        architecture=teacher.configuration.model_type,
        teacher=_measured_teacher(teacher, timed),
        tokens=None if teacher.vocabulary is None else len(teacher.vocabulary.kept),
        many=len(students) - len(small),
        large=len(large),
        slow=len(small) - len(large) - sum(fits.values()),
        fitting=sum(fits.values()),
        exported=len(timed.bytes),
        proposals=[(one, _measured(one, timed)) for one in choose(fitting)],
        nearest=None if fitting else min(measured, key=lambda model: _excess(limits, model)),
    )


def _excess(limits: Limits, model: Measured) -> float:
    """Return how many times the limit it is that a model exceeds most."""
    return limits.excess(latency_ms=model.latency["p50"], size=model.bytes, parameters=model.parameters)


def _limits(config: DesignConfig) -> Limits:
    """Return what a student may cost by the settings."""
    budget = config.budget
    return Limits(
        budget.latency_ms,
        None if budget.size_mb is None else budget.size_mb * MEGABYTE,
        None if budget.parameters is None else parse_count(budget.parameters),
    )


def _students(teacher: sizes.Teacher, form: str) -> list[Sized]:
    """Return all students that can be made of a teacher, the smallest first; see ``sizes.sized``.

    Raises:
        ModelError: there are none.
    """
    listed = candidates(teacher.shape, teacher.kinds)
    makeable = sizes.makeable(teacher, listed if teacher.vocabulary is None else [*listed, *of_fewer_tokens(listed)])
    if not makeable:
        raise ModelError("no smaller student can be made of this teacher, which may have one layer and one head")
    students = [sizes.sized(teacher, candidate, form=form) for candidate in makeable]
    return sorted(students, key=lambda student: (student.body, student.parameters))


def _in_torch(teacher: sizes.Teacher, students: Sequence[Sized], text: Text, limits: Limits) -> tuple[Timed, Costs]:
    """Time students in PyTorch, the smallest first, and their teacher; one for all that differ in their tokens alone.

    Returns:
        The times of those whose file is small enough, and what is known of all of them: a student that was given up
        takes for ever.
    """
    light = [one for one in students if limits.excess(size=one.bytes) <= 1]
    light = light or [min(students, key=lambda one: one.bytes)]
    wanted = light if limits.latency_ms is not None else choose(light)  # without a limit, time decides nothing
    by_shape = {one.candidate.layers_alone: one.name for one in reversed(wanted)}
    by_name = {one.name: one.candidate for one in wanted if one.name in by_shape.values()}
    models = {name: sizes.configuration(teacher, candidate) for name, candidate in by_name.items()}
    log.info("timing up to %d students and their teacher; this takes up to two minutes", len(models))

    def slower(one: str, other: str) -> bool:
        """Tell whether one student is of the kind of another, and no smaller in any way."""
        first, second = by_name[one], by_name[other]
        deeper, wider = first.shape.layers >= second.shape.layers, first.shape.width >= second.shape.width
        return first.init == second.init and deeper and wider

    timed = measure(
        teacher.setup.task,
        teacher.tokenizer,
        {**models, _TEACHER: teacher.configuration},
        text,
        limit=limits.latency_ms,
        always=_TEACHER,
        slower=slower,
    )
    costs = Costs(limits)
    for one in wanted:
        latency = timed.latency.get(by_shape[one.candidate.layers_alone])
        costs.add(one, Cost(math.inf if latency is None else latency["p50"], one.bytes))
        timed.latency.update({} if latency is None else {one.name: latency})
    return timed, costs


def _measured(student: Sized, timed: Timed) -> Measured:
    size = timed.bytes.get(student.name, student.bytes)
    return Measured(student.name, student.candidate.shape, student.parameters, size, timed.latency[student.name])


def _measured_teacher(teacher: sizes.Teacher, timed: Timed) -> Measured:
    parameters, _ = sizes.count(teacher.configuration, teacher.setup.task.head)
    return Measured(_TEACHER, teacher.shape, parameters, sizes.FLOAT * parameters, timed.latency[_TEACHER])
