"""A student of some of the teacher's layers, with its embeddings and its head."""

from dataclasses import replace
from typing import TYPE_CHECKING

from distill.base.layer_maps import layer_map
from distill.errors import ModelError
from distill.student import SIZE_OF_EMBEDDINGS, STUDENTS, Expected, StudentKind, student_kind
from distill.types import ModelShape

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

    from distill.student.build import StudentSource, StudentSpec
    from distill.tasks.setup import TaskSetup


def build(spec: "StudentSpec", source: "StudentSource", setup: "TaskSetup", dtype: "torch.dtype") -> "PreTrainedModel":
    """Take the layers as they are."""
    from distill.student.common import name_outputs

    student = with_layers(spec, spec.layers, source, setup, dtype)
    name_outputs(setup, student.config)
    return student


def with_layers(
    spec: "StudentSpec", layers: int, source: "StudentSource", setup: "TaskSetup", dtype: "torch.dtype"
) -> "PreTrainedModel":
    """Make a model of as many ``layers`` of the teacher, with the teacher's names for its outputs."""
    from distill.student.common import teacher_model
    from distill.student.from_layers import from_layers

    teacher, columns = teacher_model(source, setup, dtype), source.columns()
    chosen = layer_map(spec.layer_map, student=layers, teacher=teacher.config.num_hidden_layers)
    return from_layers(teacher, chosen, columns, setup.task.head, spec.dropout)


def refuse(spec: "StudentSpec", expected: Expected) -> None:
    """Build it without memory, where the teacher is there.

    Raises:
        ModelError: these layers cannot be taken from it, or its embeddings cannot have the rank.
    """
    refuse_rank(spec, with_expected_layers(spec, spec.layers, expected))


def refuse_rank(spec: "StudentSpec", model: "PreTrainedModel | None") -> None:
    """Refuse a rank that the embeddings of an expected model cannot have.

    Raises:
        ModelError: they cannot have it.
    """
    from distill.models import low_rank

    if model is not None and spec.embedding_rank is not None:
        low_rank.refuse_rank(model, spec.embedding_rank)


def with_expected_layers(spec: "StudentSpec", layers: int, expected: Expected) -> "PreTrainedModel | None":
    """Make a model of as many ``layers`` of the expected teacher without memory; none of a teacher from scratch.

    Raises:
        ModelError: it has no layers, or these cannot be taken from it.
    """
    import torch

    from distill.models.loading import from_config
    from distill.student.from_layers import from_layers

    if expected.teacher_config is not None and expected.teacher.layers == 0:
        raise ModelError(
            f"student.init={spec.init}: takes layers of its teacher, and {expected.teacher_config.model_type} models "
            f"have none; allowed is {', '.join(name for name in STUDENTS if not student_kind(name).takes_head)}"
        )
    chosen = layer_map(spec.layer_map, student=layers, teacher=expected.teacher.layers)
    if expected.teacher_config is None:
        return None
    head = expected.setup.task.head
    with torch.device("meta"):
        return from_layers(from_config(expected.teacher_config, head), chosen, None, head, 0.0)


def shape(spec: "StudentSpec", expected: Expected) -> ModelShape:
    """Return that of the teacher, with fewer layers."""
    return replace(expected.teacher, layers=spec.layers)


STUDENT = StudentKind(
    build,
    refuse,
    shape,
    settings=("layers", "layer_map", *SIZE_OF_EMBEDDINGS),
    takes_head=True,
    learning_rate=5e-4,
    rank_share=11 / 24,
)
