"""What student and teacher will be, known of settings and checkpoints before either is made."""

from collections.abc import Mapping
from dataclasses import replace

from transformers import PretrainedConfig

from distill.config.schema import ArchitectureConfig
from distill.objective import build as objectives
from distill.pipeline.context import Builder
from distill.student import build as students
from distill.student.narrow.narrowing import narrowed


def shapes(build: Builder, configs: Mapping[str, PretrainedConfig]) -> tuple[objectives.Shape, objectives.Shape]:
    """Of student and teacher, before either is made; ``configs`` are those of the checkpoints."""
    given = configs.get("teacher_checkpoint")
    teacher = _shape(build, build.config.teacher.architecture, given)
    student = _shape(build, build.config.student.architecture, configs.get("student_checkpoint"))
    if build.config.student.init == "narrow" and given is not None:
        student = replace(objectives.shape(narrowed(given, students.width(build))), layers=student.layers)
    elif build.config.student.init == "teacher":
        student = replace(teacher, layers=build.config.student.layers)
    elif build.config.student.init == "bilstm":
        lstm = build.config.student.lstm
        student = objectives.Shape(lstm.layers, 2 * lstm.hidden_size, 0, (0, 0), False)
    return student, teacher


def _shape(build: Builder, size: ArchitectureConfig, found: PretrainedConfig | None) -> objectives.Shape:
    """Of a checkpoint, or of a model from scratch."""
    if found is not None:
        return objectives.shape(found)
    width = size.hidden_size
    return objectives.Shape(size.layers, width, size.heads, (width, width), build.task.family == "decoder")


def same_tokens(build: Builder) -> bool:
    """Whether teacher and student read the same tokens, before either is made."""
    if build.student_source != "student_checkpoint":
        return True
    student = build.tokenizer(build.checkpoints["student_checkpoint"])
    teacher = build.checkpoints.get("teacher_checkpoint")
    return teacher is not None and students.same_tokens(build, student, build.tokenizer(teacher))
