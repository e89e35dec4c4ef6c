"""The same student, labels and steps without the teacher: what distillation has to beat."""

from dataclasses import replace
from typing import Any

from transformers import PreTrainedTokenizerBase

from distill.data.batching import Batches
from distill.data.splits import UNLABELLED
from distill.stages import students, supervised
from distill.stages.job import Job, RunSpec

RECIPE = 6


def skipped(spec: RunSpec) -> str | None:
    """Never leave it out."""
    return None


def needs(spec: RunSpec) -> list[str]:
    """Need what the student starts from."""
    return [spec.decisions.student_source]


def settings(spec: RunSpec) -> dict[str, Any]:
    """Return those of the student, less the objective; of unlabelled texts only what they lengthen its training by."""
    more = spec.data.identity(UNLABELLED)["examples"]
    return {
        **supervised.settings(spec, spec.config.distill),
        **spec.data.identity("train", "validation"),
        **({"as_long_as_with": more} if more else {}),
        "student": students.settings(spec),
        "class_weights": spec.config.data.class_weights,
    }


def run(job: Job) -> dict[str, Any]:
    """Train on labels alone; the folder ``model`` holds the control and its tokenizer."""
    student, tokenizer = students.make_student(job)
    batches = supervised.loaders(job, tokenizer)
    section = _as_long_as_the_student(job, tokenizer, batches.train)
    module = supervised.supervised_module(job.spec, section.settings, student, batches.train)
    watched = supervised.watched(job.spec, section.settings)
    return supervised.train(job, section, module, tokenizer, batches, watched)


def _as_long_as_the_student(job: Job, tokenizer: PreTrainedTokenizerBase, own: Batches) -> supervised.Section:
    """As many epochs as come nearest to the student's steps, whose own are longer where it reads unlabelled texts."""
    more = job.spec.data.splits.get(UNLABELLED)
    of_student = own if more is None else supervised.loaders(job, tokenizer, unlabelled=more).train
    section, every = supervised.with_length(job, job.spec.config.distill, of_student)
    longer = len(of_student) / len(own)
    return supervised.Section(replace(section, max_epochs=round(section.max_epochs * longer)), every)
