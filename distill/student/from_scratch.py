"""A student of some size from random weights, which reads the teacher's tokens."""

from typing import TYPE_CHECKING

from distill.student import VOCABULARY, Expected, StudentKind
from distill.types import ModelShape

if TYPE_CHECKING:
    import torch
    from transformers import PretrainedConfig, PreTrainedModel, PreTrainedTokenizerBase

    from distill.student.build import StudentSource, StudentSpec
    from distill.tasks.setup import TaskSetup


def build(spec: "StudentSpec", source: "StudentSource", setup: "TaskSetup", dtype: "torch.dtype") -> "PreTrainedModel":
    """Draw the weights; the head begins at what train says of any text."""
    from distill.models import loading

    config = _configuration(spec, setup, source.tokenizer, loading.configuration(source.folder))
    return source.centre(loading.from_config(config, setup.task.head))


def _configuration(
    spec: "StudentSpec", setup: "TaskSetup", tokenizer: "PreTrainedTokenizerBase", teacher: "PretrainedConfig | None"
) -> "PretrainedConfig":
    """Return the configuration of a student from scratch, which starts to write with what its teacher starts with."""
    from distill.models import from_scratch
    from distill.student.common import name_outputs

    start = getattr(teacher, "decoder_start_token_id", None)
    config = from_scratch.config(
        setup.task.family, tokenizer, spec.size, max_length=spec.max_length, dropout=spec.dropout, start=start
    )
    name_outputs(setup, config)
    return config


def refuse(spec: "StudentSpec", expected: Expected) -> None:
    """Build it without memory.

    Raises:
        ModelError: it cannot be made with this tokenizer.
    """
    from distill.models.on_meta import build_on_meta

    config = _configuration(spec, expected.setup, expected.tokenizer(), expected.teacher_config)
    build_on_meta(config, expected.setup.task.head)


def shape(spec: "StudentSpec", expected: Expected) -> ModelShape:
    """Return that of the size which the settings give it."""
    size = spec.size
    projected = (size.hidden_size, size.hidden_size)
    return ModelShape(size.layers, size.hidden_size, size.heads, projected, expected.setup.task.family == "decoder")


STUDENT = StudentKind(
    build,
    refuse,
    shape,
    settings=("architecture", *VOCABULARY),
    begins_with="tokenizer",
    learning_rate=2e-3,
    is_limited=True,
    learnt="nothing",
)
