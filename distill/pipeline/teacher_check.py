"""Check a teacher on some rows before a student learns from it.

A checkpoint that the settings call fine-tuned is checked before anything is trained, since it may be another one; a
teacher that the run fine-tunes, before a student learns from it.
"""

import logging
from collections.abc import Mapping
from pathlib import Path

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


def check_teacher(
    spec: RunSpec, examples: ExamplePipeline, name: str, inputs: Mapping[str, Path] | None = None
) -> str | None:
    """Judge whether a student can learn from a teacher, by its answers to some rows of validation.

    Args:
        spec: specification of a run in which it is the only teacher.
        examples: makes batches of the run's examples.
        name: its name among several.
        inputs: the stage that fine-tuned it, by name, where the run did.

    Returns:
        What was accepted, a sentence; none where there is nothing to accept.

    Raises:
        ModelError: it answers no better than who has not read them, or on another scale, and that is not accepted; or
            its answers are not finite.
    """
    teacher, verdict, sentence = asked_of_rows(spec, examples, name, inputs)
    key = teacher.key
    if not verdict.refused:
        log.log(logging.WARNING if verdict.hardly else logging.INFO, "%s", sentence)
        return None
    accepted = f"{key}.accept=true"
    if spec.config.teacher.accept:
        log.warning("%s; gone on with, %s", sentence, accepted)
        return f"{sentence}; gone on with, {accepted}"
    if not spec.config.teacher.finetuned and len(spec.data.splits["validation"]) < _FEWEST_TO_REFUSE:
        log.warning("%s; gone on with, since so few rows cannot tell", sentence)
        return f"{sentence}; gone on with, since so few rows cannot tell"
    if not spec.config.teacher.finetuned:
        raise ModelError(
            f"{sentence}, so a student would learn nothing from it; fine-tune it for longer (finetune.max_epochs, "
            f"finetune.min_steps), give it more data or a pretrained model (teacher.model), or go on with {accepted}"
        )
    hint = _naming_hint(teacher, verdict)
    raise ModelError(
        f"{sentence}; {hint}give the checkpoint that was fine-tuned for this data, fine-tune it here "
        f"without {key}.finetuned=true, or go on with {accepted}"
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
