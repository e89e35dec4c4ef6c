"""Check a teacher on some rows before a student learns from it.

A checkpoint that the settings call fine-tuned is checked before anything is trained, since it may be another one; a
teacher that the run fine-tunes, before a student learns from it.
"""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from distill.data.example_pipeline import ExamplePipeline
from distill.errors import ModelError
from distill.metrics.chance import Verdict
from distill.models.label_columns import output_names
from distill.pipeline.teacher_answers import CheckedTeacher, asked_of_rows
from distill.stages.job import RunSpec

log = logging.getLogger(__name__)

_FEWEST_TO_REFUSE = 100
"""Rows of validation from which on a teacher that the run fine-tunes is refused: fewer leave it to chance who is ahead;
those of train, which are drawn beside few of validation, it has seen."""


class Judgement(NamedTuple):
    """What a run makes of a teacher, by its answers to some rows of validation.

    Attributes:
        sentence: what its answers are worth beside those of who has not read the rows.
        refused: whether they are no better, or on another scale.
        hardly: whether chance may explain what they are better by.
        despite: why a student learns from it though its answers are refused; empty where none does, or they are not.
        way_out: what to do about a teacher whose answers are refused.
    """

    sentence: str
    refused: bool
    hardly: bool
    despite: str
    way_out: str


def judge_teacher(
    spec: RunSpec, examples: ExamplePipeline, name: str, inputs: Mapping[str, Path] | None = None
) -> Judgement:
    """Judge whether a student can learn from a teacher, by its answers to some rows of validation.

    Args:
        spec: specification of a run in which it is the only teacher.
        examples: makes batches of the run's examples.
        name: its name among several.
        inputs: the stage that fine-tuned it, by name, where the run did.

    Raises:
        ModelError: its answers are not finite.
    """
    teacher, verdict, sentence = asked_of_rows(spec, examples, name, inputs)
    despite = _despite(teacher) if verdict.refused else ""
    if verdict.refused and not despite and not spec.config.teacher.finetuned:
        sentence += ", so a student would learn nothing from it"
    return Judgement(sentence, verdict.refused, verdict.hardly, despite, _way_out(teacher, verdict))


def check_teacher(
    spec: RunSpec, examples: ExamplePipeline, name: str, inputs: Mapping[str, Path] | None = None
) -> str | None:
    """Refuse a teacher from which a student cannot learn, and say what of one is accepted; see ``judge_teacher``.

    Returns:
        What was accepted, a sentence; none where there is nothing to accept.

    Raises:
        ModelError: it answers no better than who has not read the rows, or on another scale, and that is not accepted;
            or its answers are not finite.
    """
    judged = judge_teacher(spec, examples, name, inputs)
    if not judged.refused:
        log.log(logging.WARNING if judged.hardly else logging.INFO, "%s", judged.sentence)
        return None
    if not judged.despite:
        raise ModelError(f"{judged.sentence}; {judged.way_out}")
    log.warning("%s; gone on with, %s", judged.sentence, judged.despite)
    return f"{judged.sentence}; gone on with, {judged.despite}"


def _accepted(teacher: CheckedTeacher) -> str:
    return f"{teacher.key}.accept=true"


def _despite(teacher: CheckedTeacher) -> str:
    """Return why a run goes on with a teacher whose answers are refused, or nothing."""
    if teacher.spec.config.teacher.accept:
        return _accepted(teacher)
    few = len(teacher.spec.data.splits["validation"]) < _FEWEST_TO_REFUSE
    return "since so few rows cannot tell" if few and not teacher.spec.config.teacher.finetuned else ""


def _way_out(teacher: CheckedTeacher, verdict: Verdict) -> str:
    if not teacher.spec.config.teacher.finetuned:
        return (
            "fine-tune it for longer (finetune.max_epochs, finetune.min_steps), give it more data or a pretrained "
            f"model (teacher.model), or go on with {_accepted(teacher)}"
        )
    return (
        f"{_naming_hint(teacher, verdict)}give the checkpoint that was fine-tuned for this data, fine-tune it here "
        f"without {teacher.key}.finetuned=true, or go on with {_accepted(teacher)}"
    )


def _naming_hint(teacher: CheckedTeacher, verdict: Verdict) -> str:
    """Return the output names that would make sense of the teacher's answers, where others would score higher."""
    if not verdict.exchanged or teacher.columns is None:
        return ""
    labels, names_in_settings = teacher.spec.data.labels, teacher.spec.config.teacher.labels
    hint = f"its outputs seem to be named wrongly: with others it would get {verdict.would:.1%} right; "
    if teacher.spec.setup.outputs != list(labels):
        return hint
    names = list(names_in_settings) or output_names(teacher.model.config)
    for column, number in zip(teacher.columns, verdict.exchanged, strict=True):
        names[column] = labels[number]
    return f"{hint}{teacher.key}.labels=[{','.join(names)}] names them so; "
