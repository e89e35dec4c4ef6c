"""Build the student before it learns, from which distillation and its control both start."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import pytorch_lightning as pl
import torch
from torch import Tensor, nn
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from distill.models import from_scratch
from distill.student import student_kind
from distill.student.narrow.narrowing import Width
from distill.student.vocabulary import VocabularySpec
from distill.tasks.setup import TaskSetup
from distill.types import Batch


@dataclass(frozen=True)
class LstmSize:
    """The size of a bidirectional LSTM.

    Attributes:
        layers: the number of layers, one above the other.
        hidden_size: the width of each direction.
        embedding_size: the width of the embeddings, which are the teacher's, reduced.
    """

    layers: int
    hidden_size: int
    embedding_size: int


@dataclass(frozen=True)
class StaticSize:
    """The size of the mean of token embeddings.

    Attributes:
        size: the width of the embeddings, where the teacher's are no narrower.
        smoothing: the share of all tokens at which a token's weight is a half.
    """

    size: int
    smoothing: float


@dataclass(frozen=True)
class StudentSpec:
    """What a student is made of.

    Attributes:
        init: the kind, a name in ``distill.student.STUDENTS``.
        layers: how many of the teacher's layers it takes, or how many it has of its own.
        layer_map: which ones; see ``distill.base.layer_maps.layer_map``.
        size: the size of a student from scratch or of a narrow copy.
        width: the width of a narrow copy.
        lstm: the size of a BiLSTM.
        static: the size of a static student, and how its embeddings are weighted.
        max_length: the number of tokens that a student from scratch can read.
        dropout: its dropout in training.
        vocabulary: which of the teacher's tokens it keeps.
        embedding_rank: the rank of its embeddings; none leaves them as they are.
    """

    init: str
    layers: int
    layer_map: str
    size: from_scratch.Size
    width: Width
    lstm: LstmSize
    static: StaticSize
    max_length: int
    dropout: float
    vocabulary: VocabularySpec
    embedding_rank: int | None


@dataclass(frozen=True)
class StudentSource:
    """What a student is made from.

    Attributes:
        folder: the folder of the teacher, of another checkpoint, or of a model of which only the tokenizer is taken.
        tokenizer: the tokenizer of that folder.
        columns: the outputs of the teacher's head in the order of the task's; none where the head brings its own.
        centre: sets the bias of a new head to the mean of the training labels.
        sample: returns some training batches, by which a narrow copy is fitted.
        counts: returns how often each token stands in train ``[tokens]``, by which a static student is weighted.
        has_head: whether the folder is a teacher that has learnt the task; else a head begins anew.
        had: names of the outputs of a checkpoint's own head, where it has one of labels.
    """

    folder: Path
    tokenizer: PreTrainedTokenizerBase
    columns: Callable[[], list[int] | None]
    centre: Callable[[PreTrainedModel], PreTrainedModel]
    sample: Callable[[], Sequence[Batch]]
    counts: Callable[[], Tensor]
    has_head: bool = True
    had: Sequence[str] = ()


def build_student(
    spec: StudentSpec, source: StudentSource, setup: TaskSetup, *, seed: int, dtype: torch.dtype
) -> PreTrainedModel:
    """Build the student; the same arguments give the same weights.

    Args:
        spec: the kind and the sizes of the student.
        source: the model from which it is made.
        setup: the task whose head it gets.
        seed: the seed of weights that are drawn.
        dtype: the type of its weights.

    Raises:
        ModelError: no such student can be made from this source.
    """
    pl.seed_everything(seed, verbose=False)
    student = student_kind(spec.init).build(spec, source, setup, dtype)
    cast(nn.Module, student).to(dtype)
    return student
