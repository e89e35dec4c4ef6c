"""The same student, labels and steps without the teacher: what distillation has to beat."""

from dataclasses import replace
from typing import Any

from transformers import PreTrainedTokenizerBase

from distill.data.batching import Batches
from distill.data.splits import UNLABELLED
from distill.pipeline.context import Builder
from distill.stages import Job, supervised
from distill.student import build as students
from distill.training import length

RECIPE = 6


def skipped(build: Builder) -> str | None:
    """Never."""
    return None


def needs(build: Builder) -> list[str]:
    """What the student starts from."""
    return [build.student_source]


def settings(build: Builder) -> dict[str, Any]:
    """Those of the student, less the objective; of texts without labels only what they lengthen its training by."""
    more = build.data.identity(UNLABELLED)["examples"]
    return {
        **supervised.settings(build, build.config.distill),
        **build.data.identity("train", "validation"),
        **({"as_long_as_with": more} if more else {}),
        "student": students.settings(build),
        "class_weights": build.config.data.class_weights,
    }


def run(job: Job) -> dict[str, Any]:
    """Train on labels alone; the folder ``model`` holds the control and its tokenizer."""
    build = job.build
    student, tokenizer = students.student(build, job.inputs)
    batches = supervised.batches(build, tokenizer)
    section, every = _length(job, tokenizer, batches[0])
    module, watched = supervised.learner(build, section, student, batches[0])
    return supervised.train(job, section, module, tokenizer, batches, watched, every)


def _length(job: Job, tokenizer: PreTrainedTokenizerBase, own: Batches) -> length.Length:
    """As many epochs as come nearest to the student's steps: its own are longer where it reads texts without labels."""
    build, more = job.build, job.build.data.splits.get(UNLABELLED)
    students = own if more is None else supervised.batches(build, tokenizer, unlabelled=more)[0]
    section, every = length.of(build, build.config.distill, students, job.title)
    longer = len(students) / len(own)
    return length.Length(replace(section, max_epochs=round(section.max_epochs * longer)), every)
