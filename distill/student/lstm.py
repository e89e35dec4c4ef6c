"""A student of bidirectional LSTM layers, which reads the teacher's tokens (Tang et al. 2019)."""

from typing import TYPE_CHECKING, cast

from distill.objective.declaration import BEYOND_LOGITS
from distill.student import VOCABULARY, Expected, StudentKind
from distill.types import ModelShape

if TYPE_CHECKING:
    import torch
    from torch import nn
    from transformers import PreTrainedModel

    from distill.student.build import StudentSource, StudentSpec
    from distill.tasks.setup import TaskSetup


def build(spec: "StudentSpec", source: "StudentSource", setup: "TaskSetup", dtype: "torch.dtype") -> "PreTrainedModel":
    """Draw the weights; the embeddings are the teacher's, cut to fewer numbers."""
    from distill.models import bilstm, loading
    from distill.student.common import name_outputs, teacher_model

    teacher = teacher_model(source, setup, dtype)
    embeddings = cast("nn.Embedding", teacher.get_input_embeddings()).weight.detach()
    config = bilstm.BiLstmConfig(
        len(embeddings),
        spec.lstm.embedding_size,
        spec.lstm.hidden_size,
        spec.lstm.layers,
        spec.dropout,
        pad_token_id=source.tokenizer.pad_token_id,
    )
    name_outputs(setup, config)
    student = loading.from_config(config, setup.task.head)
    bilstm.embed(student, embeddings)
    return source.centre(student)


def refuse(spec: "StudentSpec", expected: Expected) -> None:
    """Compare its embeddings with the teacher's.

    Raises:
        ModelError: its own are wider.
    """
    from distill.models import bilstm

    teacher = expected.teacher_config
    hidden_size: int = expected.teacher.width if teacher is None else teacher.hidden_size
    bilstm.fits(spec.lstm.embedding_size, getattr(teacher, "embedding_size", None) or hidden_size)


def shape(spec: "StudentSpec", expected: Expected) -> ModelShape:
    """Return its own, without attention."""
    return ModelShape(spec.lstm.layers, 2 * spec.lstm.hidden_size, 0, (0, 0), False)


STUDENT = StudentKind(
    build,
    refuse,
    shape,
    settings=("lstm", *VOCABULARY),
    learning_rate=2e-3,
    has_head=lambda task: task.class_axis == "labels",
    lacks={
        "scores": f"a BiLSTM student has no {BEYOND_LOGITS['scores']}",
        "qkv": f"a BiLSTM student has no {BEYOND_LOGITS['qkv']}",
        "first_token": "reads the first token, of which half of a BiLSTM has read nothing else",
    },
    architecture="distill-bilstm",
    learnt="embeddings",
)
