"""What student and teacher will be, known of settings and checkpoints before either is made."""

from transformers import PretrainedConfig

from distill.config.architecture import ArchitectureConfig
from distill.models.model_shape import model_shape
from distill.models.sources import STUDENT_CHECKPOINT, TEACHER_CHECKPOINT
from distill.pipeline import meta_build
from distill.stages.job import RunSpec
from distill.student import Expected, student_kind
from distill.types import ModelShape

_READ = 64
"""Examples that a tokenizer learns from which stands in for one that is not there yet."""


def expected(spec: RunSpec, teacher: PretrainedConfig | None) -> Expected:
    """Return what is known before models are made, with the configuration of the teacher's checkpoint, if any."""
    return Expected(
        spec.setup,
        _shape(spec.setup.task.family, spec.config.teacher.architecture, teacher),
        teacher,
        spec.sources.configurations.get(STUDENT_CHECKPOINT),
        lambda: meta_build.stand_in(spec, _READ),
    )


def refuse_student(spec: RunSpec, teacher: PretrainedConfig | None) -> None:
    """Try what the student is made of.

    Raises:
        ModelError: it cannot be made.
    """
    wanted = spec.decisions.student
    student_kind(wanted.init).refuse(wanted, expected(spec, teacher))


def student_and_teacher_shapes(spec: RunSpec) -> tuple[ModelShape, ModelShape]:
    """Return the shapes of student and teacher, before either is made."""
    known = expected(spec, spec.sources.configurations.get(TEACHER_CHECKPOINT))
    wanted = spec.decisions.student
    return student_kind(wanted.init).shape(wanted, known), known.teacher


def _shape(family: str, size: ArchitectureConfig, checkpoint: PretrainedConfig | None) -> ModelShape:
    """The shape of a checkpoint, or of a model from scratch."""
    if checkpoint is not None:
        return model_shape(checkpoint)
    width = size.hidden_size
    return ModelShape(size.layers, width, size.heads, (width, width), family == "decoder")


def read_same_tokens(spec: RunSpec) -> bool:
    """Say whether teacher and student read the same tokens in all texts of train, before either is made."""
    section = spec.config.student
    keeps_tokens = section.vocabulary == "all" or section.vocabulary_min_count == 1
    return keeps_tokens and has_teachers_tokenizer(spec)


def has_teachers_tokenizer(spec: RunSpec) -> bool:
    """Say whether the student begins with the tokenizer of its teacher."""
    checkpoints = spec.sources.checkpoints
    if spec.decisions.student_source != STUDENT_CHECKPOINT:
        return True
    student, teacher = spec.sources.tokenizer(checkpoints[STUDENT_CHECKPOINT]), checkpoints.get(TEACHER_CHECKPOINT)
    return teacher is not None and spec.same_tokens(student, spec.sources.tokenizer(teacher))
