"""Say what teacher and student keep of heads that have learnt other labels before."""

import logging

from distill.models.sources import STUDENT_CHECKPOINT, TEACHER_CHECKPOINT
from distill.models.warm_start import WarmStart, warm_start
from distill.stages.job import Job, RunSpec, StageSettings

log = logging.getLogger(__name__)


def of_teacher(spec: RunSpec) -> WarmStart | None:
    """Return what becomes of the outputs of the checkpoint that the teacher begins with; none where it has no head.

    Raises:
        ModelError: the settings name more or fewer outputs than it has.
    """
    return _start(spec, TEACHER_CHECKPOINT, spec.config.teacher.labels) if _is_teachers(spec) else None


def of_student(spec: RunSpec) -> WarmStart | None:
    """Return what becomes of the outputs of the checkpoint that the student begins with; none where it has no head.

    Raises:
        ModelError: the settings name more or fewer outputs than it has.
    """
    named = spec.config.student.labels
    return _start(spec, STUDENT_CHECKPOINT, named) if spec.decisions.student_source == STUDENT_CHECKPOINT else None


def settings(start: WarmStart | None) -> StageSettings:
    """Return what of it changes a stage's result; nothing where all outputs are kept, or none of them by name."""
    return {"outputs": {"kept": start.kept, "had": list(start.had)}} if start is not None and start.grows else {}


def told(job: Job, start: WarmStart | None, who: str) -> list[str]:
    """Return a note on a head that has learnt other labels before, if it has, and log it."""
    if start is None or set(start.had) == set(start.outputs):
        return []
    note = f"the {who} goes on from a model that has learnt other labels: {start.sentence}"
    if job.context.ranks.rank == 0:
        log.info("%s: %s", job.title, note)
    return [note]


def _is_teachers(spec: RunSpec) -> bool:
    return spec.decisions.base == TEACHER_CHECKPOINT and not spec.config.teacher.finetuned


def _start(spec: RunSpec, name: str, named: list[str]) -> WarmStart | None:
    task = spec.setup.task
    config = spec.sources.configurations[name]
    return warm_start(config, task.head, spec.setup.outputs, task.outputs(named) if named else ())
