"""A student that is the mean of the teacher's token embeddings, reduced, with a small head (after Model2Vec)."""

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

_NO_LAYERS = "reads hidden states, but a static student has no layers that make any"
"""Why terms on states are refused for it."""


def build(spec: "StudentSpec", source: "StudentSource", setup: "TaskSetup", dtype: "torch.dtype") -> "PreTrainedModel":
    """Draw the head; the embeddings are the teacher's input embeddings, reduced and weighted.

    Model2Vec takes what the teacher says of each token alone, and never trains it on a task. Here every embedding that
    train has a use for is trained, and input embeddings cost no pass over the vocabulary.
    """
    from distill.models import loading, static
    from distill.student.common import name_outputs, teacher_model

    embeddings = cast("nn.Embedding", teacher_model(source, setup, dtype).get_input_embeddings()).weight.detach()
    width = min(spec.static.size, embeddings.shape[1])
    config = static.configured(source.tokenizer, len(embeddings), width, len(setup.task.text), spec.dropout)
    name_outputs(setup, config)
    student = loading.from_config(config, setup.task.head)
    static.embed(student, embeddings, source.counts(), spec.static.smoothing)
    return source.centre(student)


def refuse(spec: "StudentSpec", expected: Expected) -> None:
    """Do nothing: any embeddings can be reduced."""


def shape(spec: "StudentSpec", expected: Expected) -> ModelShape:
    """Return its own, without layers."""
    teacher = expected.teacher_config
    hidden_size: int = expected.teacher.width if teacher is None else teacher.hidden_size
    wide: int = getattr(teacher, "embedding_size", None) or hidden_size
    return ModelShape(0, min(spec.static.size, wide), 0, (0, 0), False)


STUDENT = StudentKind(
    build,
    refuse,
    shape,
    settings=("static", *VOCABULARY),
    learning_rate=5e-3,
    has_head=lambda task: task.of_texts,
    lacks={
        "scores": f"a static student has no {BEYOND_LOGITS['scores']}",
        "qkv": f"a static student has no {BEYOND_LOGITS['qkv']}",
        "states": _NO_LAYERS,
        "first_token": _NO_LAYERS,
    },
    architecture="distill-static",
    learnt="embeddings",
)
