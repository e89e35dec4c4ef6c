"""From settings to proposals: which students there are, which of them fit the budget, and which to try first."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from distill.config.design import DesignConfig, parse_count, timed_tokens, timed_written_tokens
from distill.designer import cards, sizes
from distill.designer.candidates import StudentShape, candidates
from distill.designer.ranking import Sized, choose
from distill.designer.timing import Latency, Text, Timed, measure
from distill.errors import ModelError
from distill.pipeline.context import run_spec
from distill.pipeline.prepare_data import prepare
from distill.pipeline.settle import settled

log = logging.getLogger(__name__)
_TEACHER = "teacher"


@dataclass(frozen=True)
class Budget:
    """What a student may cost; none: any."""

    latency_ms: float | None
    parameters: int | None


@dataclass(frozen=True)
class Measured:
    """A model's shape, its parameters, and the time that it takes for one text."""

    name: str
    shape: StudentShape
    parameters: int
    latency: Latency


@dataclass(frozen=True)
class Design:
    """What there is to say of the students that were looked at.

    Attributes:
        budget: what a student may cost.
        text: what was timed.
        samples: times that it was read by each model.
        attention: the fraction of the time in which the CPU really worked on that.
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
    """Propose up to three students that fit the budget of the settings, which were checked before.

    Raises:
        DistillError: the user can mend it, and the message says how.
    """
    config, data = settled(config, prepare(config))
    spec = run_spec(config, data)
    for note in (spec.data.summary(), *spec.data.notes):
        log.info("data: %s", note)
    limits = config.budget
    budget = Budget(limits.latency_ms, None if limits.parameters is None else parse_count(limits.parameters))
    text = Text(timed_tokens(config), limits.threads, timed_written_tokens(config), config.generate.beams)
    teacher = sizes.teacher(spec)
    students = _students(teacher)
    small = [one for one in students if budget.parameters is None or one.parameters <= budget.parameters]
    cards.refuse_to_replace(
        [student.name for student in small], Path(config.output).expanduser(), overwrite=config.overwrite
    )
    wanted = small if budget.latency_ms is not None else choose(small)  # without a limit, time decides nothing
    tried = wanted or [min(students, key=lambda student: student.parameters)]
    timed = _timed(teacher, tried, text, budget.latency_ms)
    fitting = [student for student in wanted if _in_time(timed, student, budget.latency_ms)]
    measured = [_measured(student, timed) for student in tried if student.name in timed.latency]
    return Design(
        budget=budget,
        text=text,
        samples=timed.samples,
        attention=timed.attention,
        architecture=teacher.configuration.model_type,
        teacher=_measured_teacher(teacher, timed),
        many=len(students) - len(small),
        slow=len(wanted) - len(fitting),
        fitting=len(small) - len(wanted) + len(fitting),
        proposals=[(student, _measured(student, timed)) for student in choose(fitting)],
        cheapest=None if fitting else min(measured, key=lambda model: model.latency["p50"]),
    )


def _students(teacher: sizes.Teacher) -> list[Sized]:
    """Return all students that can be made of a teacher, the smallest first.

    Raises:
        ModelError: there are none.
    """
    makeable = sizes.makeable(teacher, candidates(teacher.shape, teacher.kinds))
    if not makeable:
        raise ModelError("no smaller student can be made of this teacher, which may have one layer and one head")
    students = [sizes.sized(teacher, candidate) for candidate in makeable]
    return sorted(students, key=lambda student: (student.body, student.parameters))


def _timed(teacher: sizes.Teacher, students: Sequence[Sized], text: Text, limit: float | None) -> Timed:
    """Time students, the smallest first, and their teacher."""
    by_name = {student.name: student.candidate for student in students}
    models = {name: sizes.configuration(teacher, candidate) for name, candidate in by_name.items()}
    log.info("timing up to %d students and their teacher; this takes up to two minutes", len(students))

    def slower(one: str, other: str) -> bool:
        """Tell whether one student is of the kind of another, and no smaller in any way."""
        first, second = by_name[one], by_name[other]
        deeper, wider = first.shape.layers >= second.shape.layers, first.shape.width >= second.shape.width
        return first.init == second.init and deeper and wider

    return measure(
        teacher.setup.task,
        teacher.tokenizer,
        {**models, _TEACHER: teacher.configuration},
        text,
        limit=limit,
        always=_TEACHER,
        slower=slower,
    )


def _in_time(timed: Timed, student: Sized, limit: float | None) -> bool:
    """Tell whether a student was timed, and takes no longer than the limit."""
    latency = timed.latency.get(student.name)
    return latency is not None and (limit is None or latency["p50"] <= limit)


def _measured(student: Sized, timed: Timed) -> Measured:
    return Measured(student.name, student.candidate.shape, student.parameters, timed.latency[student.name])


def _measured_teacher(teacher: sizes.Teacher, timed: Timed) -> Measured:
    parameters, _ = sizes.count(teacher.configuration, teacher.setup.task.head)
    return Measured(_TEACHER, teacher.shape, parameters, timed.latency[_TEACHER])
