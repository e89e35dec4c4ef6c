"""A student of one's own: a checkpoint that ``student.model`` names, whatever tokens it reads."""

from typing import TYPE_CHECKING, cast

from distill.student import VOCABULARY, Expected, StudentKind

if TYPE_CHECKING:
    import torch
    from transformers import PretrainedConfig, PreTrainedModel

    from distill.student.build import StudentSource, StudentSpec
    from distill.tasks.setup import TaskSetup
    from distill.types import ModelShape


def build(spec: "StudentSpec", source: "StudentSource", setup: "TaskSetup", dtype: "torch.dtype") -> "PreTrainedModel":
    """Load the checkpoint; a head that it does not bring for the task begins anew, outputs of other names too."""
    from distill.models import loading

    return loading.load_model(
        source.folder,
        setup.task.head,
        labels=setup.outputs,
        kind=setup.task.kind,
        dropout=spec.dropout,
        tokenizer=source.tokenizer,
        dtype=dtype,
        new_head=True,
        named=source.had,
    )


def refuse(spec: "StudentSpec", expected: Expected) -> None:
    """Do nothing: every checkpoint of a run is looked at as such."""


def shape(spec: "StudentSpec", expected: Expected) -> "ModelShape":
    """Return that of the checkpoint."""
    from distill.models.model_shape import model_shape

    return model_shape(cast("PretrainedConfig", expected.student_config))


STUDENT = StudentKind(build, refuse, shape, settings=VOCABULARY, begins_with="checkpoint")
