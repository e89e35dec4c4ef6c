"""A student that is a copy of some of the teacher's layers in fewer numbers."""

from dataclasses import replace
from typing import TYPE_CHECKING

from distill.student import SIZE_OF_EMBEDDINGS, Expected, StudentKind, fewer_layers, from_scratch

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

    from distill.student.build import StudentSource, StudentSpec
    from distill.tasks.setup import TaskSetup
    from distill.types import ModelShape


def build(spec: "StudentSpec", source: "StudentSource", setup: "TaskSetup", dtype: "torch.dtype") -> "PreTrainedModel":
    """Take the layers, then cut them narrower by what some texts of train make of them."""
    from distill.student.common import name_outputs
    from distill.student.narrow.narrowing import narrow

    wide = fewer_layers.with_layers(spec, spec.size.layers, source, setup, dtype)
    student = narrow(wide, source.sample(), spec.width, setup.task.head)
    name_outputs(setup, student.config)
    return student


def refuse(spec: "StudentSpec", expected: Expected) -> None:
    """Look at what would be cut, without memory, where the teacher is there.

    Raises:
        ModelError: these layers cannot be taken from it, or not be copied at this width.
    """
    from distill.student.narrow.narrowing import narrowed_config
    from distill.student.narrow.sublayers import head_of

    wide = fewer_layers.with_expected_layers(spec, spec.size.layers, expected)
    fewer_layers.refuse_rank(spec, wide)
    if wide is not None and expected.teacher_config is not None:
        narrowed_config(expected.teacher_config, spec.width)
        head_of(wide)


def shape(spec: "StudentSpec", expected: Expected) -> "ModelShape":
    """Return that of the size which the settings give it, in the teacher's architecture."""
    from distill.models.model_shape import model_shape
    from distill.student.narrow.narrowing import narrowed_config

    if expected.teacher_config is None:
        return from_scratch.shape(spec, expected)
    return replace(model_shape(narrowed_config(expected.teacher_config, spec.width)), layers=spec.size.layers)


STUDENT = StudentKind(
    build,
    refuse,
    shape,
    settings=("architecture", "layer_map", *SIZE_OF_EMBEDDINGS),
    takes_head=True,
    learning_rate=1e-3,
    rank_share=7 / 12,
    recipe=2,
)
