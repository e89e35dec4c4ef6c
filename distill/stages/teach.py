"""The teacher's outputs for every training example, computed once."""

from typing import Any

from distill.build import Builder
from distill.stages import Job, answers

RECIPE = 1


def skipped(build: Builder) -> str | None:
    """Hidden states are not stored: the teacher gives them while the student learns."""
    return None if build.storable else "hidden states are not stored; the teacher answers while the student learns"


def needs(build: Builder) -> list[str]:
    """The teacher."""
    return [build.teacher]


def settings(build: Builder) -> dict[str, Any]:
    """What decides on a logit besides the teacher, and the texts."""
    config = build.config
    return {
        "labels": list(build.data.labels),
        "given_labels": list(config.teacher.labels),
        "max_length": config.data.max_length,
        "texts": build.data.texts("train"),
    }


def run(job: Job) -> dict[str, Any]:
    """Answer every text once, in parts, each rank its share; the folder ``outputs`` is the teacher store."""
    build = job.build
    answers.write(build, build.teacher, job.inputs, "train", job.folder / "outputs")
    return {"examples": len(build.data.splits["train"])}
