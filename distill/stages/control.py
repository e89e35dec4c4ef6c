"""The same student, data and steps without the teacher: what distillation has to beat."""

from typing import Any

from distill.build import Builder
from distill.stages import Job, students, training

RECIPE = 3


def skipped(build: Builder) -> str | None:
    """Never."""
    return None


def needs(build: Builder) -> list[str]:
    """What the student starts from."""
    return [build.student_source]


def settings(build: Builder) -> dict[str, Any]:
    """Those of the student, less the objective."""
    return {
        **training.settings(build, build.config.distill),
        **build.data.identity("train", "validation"),
        "student": students.settings(build),
        "class_weights": build.config.data.class_weights,
    }


def run(job: Job) -> dict[str, Any]:
    """Train on labels alone; the folder ``model`` holds the control and its tokenizer."""
    build, section = job.build, job.build.config.distill
    student, tokenizer = students.student(build, job.inputs)
    batches = training.batches(build, tokenizer)
    module, watched = training.learner(build, section, student, batches[0])
    return training.train(job, section, module, tokenizer, batches, watched)
