"""Train the control: the same student, labels and steps without the teacher, which distillation has to beat."""

from dataclasses import replace

from transformers import PreTrainedTokenizerBase

from distill.data.batching import Batches
from distill.data.splits import UNLABELLED
from distill.stages import adapting, hyperparameters, loaders, quantizing, students, supervised
from distill.stages.job import Job, RunSpec, StageResult, StageSettings

RECIPE = 6


def skipped(spec: RunSpec) -> str | None:
    """Return none: no run leaves this stage out."""
    return None


def needs(spec: RunSpec) -> list[str]:
    """Return the input that the student starts from."""
    return [spec.decisions.student_source]


def settings(spec: RunSpec) -> StageSettings:
    """Return the student's settings without the objective; of unlabelled texts only the steps that they add."""
    more = spec.data.identity(UNLABELLED)["examples"]
    return {
        **hyperparameters.settings(spec, spec.config.distill),
        **spec.data.identity("train", "validation"),
        **({"as_long_as_with": more} if more else {}),
        "student": students.settings(spec),
        **quantizing.settings(spec),
        **adapting.student_settings(spec.config.distill),
        "class_weights": spec.config.data.class_weights,
    }


def run(job: Job) -> StageResult:
    """Train the control on labels alone; the folder ``model`` holds it and its tokenizer."""
    student, tokenizer = students.make_student(job)
    calibration = quantizing.callbacks(job, student, tokenizer)
    batches = loaders.make_loaders(job, tokenizer)
    section = _matching_section(job, tokenizer, batches.train)
    module = supervised.supervised_module(job.spec, section.settings, student, batches.train)
    watched = hyperparameters.watched(job.spec, section.settings)
    return supervised.train(job, section, module, tokenizer, batches, watched, calibration)


def _matching_section(
    job: Job, tokenizer: PreTrainedTokenizerBase, control_batches: Batches
) -> hyperparameters.Section:
    """Return the training section with the epochs that come nearest to the student's steps."""
    unlabelled = job.spec.data.splits.get(UNLABELLED)
    student_batches = (
        control_batches if unlabelled is None else loaders.make_loaders(job, tokenizer, unlabelled=unlabelled).train
    )
    section, validate_every = hyperparameters.with_length(job, job.spec.config.distill, student_batches)
    ratio = len(student_batches) / len(control_batches)
    return hyperparameters.Section(replace(section, max_epochs=round(section.max_epochs * ratio)), validate_every)
