"""Whether the models fit data and settings, and whether the teacher is worth learning from."""

from collections.abc import Iterator

from distill.base.findings import FAIL, OK, SKIPPED, WARN, Finding
from distill.diagnosis.case import Case
from distill.models.sources import TEACHER_CHECKPOINT
from distill.pipeline.acceptance import first_reader
from distill.pipeline.preflight import preflight
from distill.pipeline.teacher_check import Judgement, judge_teacher
from distill.report import short
from distill.stages.job import title

_BETTER = "give a teacher that was fine-tuned for this data, or let the run fine-tune it longer"
"""What to do about a teacher of which a run goes on, and by which little is learnt."""


def models(case: Case) -> Iterator[Finding]:
    """Yield what the models will be; the chain's own checks refuse what does not fit."""
    spec = case.spec
    preflight(spec)
    for name, member in spec.teachers.items():
        checkpoint = member.sources.checkpoints.get(TEACHER_CHECKPOINT)
        config = member.sources.configurations.get(TEACHER_CHECKPOINT)
        what = "from scratch" if checkpoint is None or config is None else f"{config.model_type} of {checkpoint}"
        learnt = "fine-tuned already" if member.config.teacher.finetuned else "fine-tuned by the run"
        if member.config.teacher.answers is not None:
            learnt = f"what the student begins with; the answers of {member.config.teacher.answers} teach"
        yield Finding("models", OK, f"teacher {name}: {what}, {learnt}")
    outputs = spec.decisions.outputs
    kept = f"stored, about {short(1e9 * (outputs.gigabytes or 0), (' B', ' kB', ' MB', ' GB'))}"
    said = f"student {spec.config.student.init}; the teacher's outputs are {kept if outputs.stored else 'not stored'}"
    yield Finding("models", OK, said if outputs.stored else f"{said}: {outputs.reason}")


def stages(case: Case) -> Iterator[Finding]:
    """Yield which stages are to be made, and which the store holds already."""
    titles = [*case.stages, *case.of_seeds]
    finished = [title for title in titles if case.finished(title) is not None]
    made = [title for title in titles if title not in finished]
    taken = f"; in the store: {', '.join(finished)}" if finished else ""
    yield Finding(
        "stages", OK, f"to be made: {', '.join(made) or 'none'}{taken}", facts={"made": made, "reused": finished}
    )


def teacher(case: Case) -> Iterator[Finding]:
    """Yield how good each teacher is on some rows of validation, as far as there is one already."""
    for name, spec in case.spec.teachers.items():
        stage = title("finetune", name)
        folder = None if spec.config.teacher.finetuned else case.finished(stage)
        if not spec.config.teacher.finetuned and folder is None:
            said = (
                f"not checked: the run fine-tunes {name}, and asks it about rows of validation before a student learns"
            )
            yield Finding("teacher", SKIPPED, said)
            continue
        judged = judge_teacher(spec, case.examples, name, {} if folder is None else {"finetune": folder})
        reader = first_reader(case.stages, name)
        read = reader is not None and case.finished(reader.title) is None
        yield _of_answers(judged, "" if read else "since no stage that is to be made learns from it")


def _of_answers(judged: Judgement, unread: str) -> Finding:
    """Return the finding of a teacher's answers, which fails where the run would end; ``unread``: why it would not."""
    despite = judged.despite or unread
    if judged.refused and not despite:
        return Finding("teacher", FAIL, judged.sentence, judged.way_out)
    if judged.refused:
        return Finding("teacher", WARN, f"{judged.sentence}; gone on with, {despite}", _BETTER)
    return (
        Finding("teacher", WARN, judged.sentence, _BETTER) if judged.hardly else Finding("teacher", OK, judged.sentence)
    )
