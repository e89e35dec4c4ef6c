"""The student before it learns: what distillation and its control both start from."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import pytorch_lightning as pl
import torch
from torch import nn
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from distill.models import scratch
from distill.student import student_kind
from distill.student.narrow.narrowing import Width
from distill.tasks.setup import TaskSetup
from distill.types import Batch


@dataclass(frozen=True)
class LstmSize:
    """The size of a bidirectional LSTM.

    Attributes:
        layers: one above the other.
        hidden_size: of each direction.
        embedding_size: its embeddings are the teacher's, cut to this width.
    """

    layers: int
    hidden_size: int
    embedding_size: int


@dataclass(frozen=True)
class StudentSpec:
    """What a student is made of.

    Attributes:
        init: its kind, a name in ``distill.student.STUDENTS``.
        layers: how many of the teacher's it takes, or as many as it has of its own.
        layer_map: which ones; see ``distill.base.layer_maps.layer_map``.
        size: of a student from scratch, or of a narrow copy.
        width: of a narrow copy, as ``size`` says it.
        lstm: of a BiLSTM.
        max_length: tokens that a student from scratch can read.
        dropout: while it learns.
    """

    init: str
    layers: int
    layer_map: str
    size: scratch.Size
    width: Width
    lstm: LstmSize
    max_length: int
    dropout: float


@dataclass(frozen=True)
class StudentSource:
    """What a student is made from.

    Attributes:
        folder: of the teacher, of another checkpoint, or of a model of which only the tokenizer is taken.
        tokenizer: of that folder.
        columns: the outputs of the teacher's head in the order of the task's; none where the head brings its own.
        centre: lets a new head begin at what train says of any text.
        sample: some batches of train, by which a narrow copy is fitted.
    """

    folder: Path
    tokenizer: PreTrainedTokenizerBase
    columns: Callable[[], list[int] | None]
    centre: Callable[[PreTrainedModel], PreTrainedModel]
    sample: Callable[[], Sequence[Batch]]


def build_student(
    spec: StudentSpec, source: StudentSource, setup: TaskSetup, *, seed: int, dtype: torch.dtype
) -> PreTrainedModel:
    """Build the student, the same whenever it is built.

    Args:
        spec: what it is made of.
        source: what it is made from.
        setup: the task whose head it gets.
        seed: of weights that are drawn.
        dtype: of its weights.

    Raises:
        ModelError: it cannot be made of this source.
    """
    pl.seed_everything(seed, verbose=False)
    made = student_kind(spec.init).build(spec, source, setup, dtype)
    cast(nn.Module, made).to(dtype)
    return made
