"""What student and teacher will be, known of settings and checkpoints before either is made."""

from dataclasses import replace

from transformers import PretrainedConfig

from distill.config.architecture import ArchitectureConfig
from distill.models.model_shape import model_shape
from distill.models.sources import STUDENT_CHECKPOINT, TEACHER_CHECKPOINT
from distill.stages.job import RunSpec
from distill.student.narrow.narrowing import narrowed_config
from distill.types import ModelShape


def student_and_teacher_shapes(spec: RunSpec) -> tuple[ModelShape, ModelShape]:
    """Return the shapes of student and teacher, before either is made."""
    config, family, configurations = spec.config, spec.setup.task.family, spec.sources.configurations
    checkpoint = configurations.get(TEACHER_CHECKPOINT)
    teacher = _shape(family, config.teacher.architecture, checkpoint)
    student = _shape(family, config.student.architecture, configurations.get(STUDENT_CHECKPOINT))
    if config.student.init == "narrow" and checkpoint is not None:
        student = replace(model_shape(narrowed_config(checkpoint, spec.decisions.student.width)), layers=student.layers)
    elif config.student.init == "teacher":
        student = replace(teacher, layers=spec.decisions.student.layers)
    elif config.student.init == "bilstm":
        lstm = config.student.lstm
        student = ModelShape(lstm.layers, 2 * lstm.hidden_size, 0, (0, 0), False)
    return student, teacher


def _shape(family: str, size: ArchitectureConfig, checkpoint: PretrainedConfig | None) -> ModelShape:
    """The shape of a checkpoint, or of a model from scratch."""
    if checkpoint is not None:
        return model_shape(checkpoint)
    width = size.hidden_size
    return ModelShape(size.layers, width, size.heads, (width, width), family == "decoder")


def read_same_tokens(spec: RunSpec) -> bool:
    """Say whether teacher and student read the same tokens, before either is made."""
    checkpoints = spec.sources.checkpoints
    if spec.decisions.student_source != STUDENT_CHECKPOINT:
        return True
    student, teacher = spec.sources.tokenizer(checkpoints[STUDENT_CHECKPOINT]), checkpoints.get(TEACHER_CHECKPOINT)
    return teacher is not None and spec.same_tokens(student, spec.sources.tokenizer(teacher))
