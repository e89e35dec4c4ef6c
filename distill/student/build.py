"""Build the student before it learns, from which distillation and its control both start."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import pytorch_lightning as pl
import torch
from torch import nn
from transformers import PretrainedConfig, PreTrainedModel, PreTrainedTokenizerBase

from distill.base.layer_maps import layer_map
from distill.models import bilstm, from_scratch, loading
from distill.student.from_layers import from_layers
from distill.student.narrow.narrowing import Width, narrow
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
class StudentSpec:
    """What a student is made of.

    Attributes:
        init: ``teacher`` (some of its layers), ``narrow`` (some of its layers, narrower), ``random``, ``bilstm``, or
            ``checkpoint``.
        layers: how many of the teacher's layers it takes.
        layer_map: which ones; see ``distill.base.layer_maps.layer_map``.
        size: the size of a student from scratch.
        width: the width of a narrow copy.
        lstm: the size of a BiLSTM.
        max_length: the number of tokens that a student from scratch can read.
        dropout: its dropout in training.
    """

    init: str
    layers: int
    layer_map: str
    size: from_scratch.Size
    width: Width
    lstm: LstmSize
    max_length: int
    dropout: float


@dataclass(frozen=True)
class StudentSource:
    """What a student is made from.

    Attributes:
        folder: the folder of the teacher, of another checkpoint, or of a model of which only the tokenizer is taken.
        tokenizer: the tokenizer of that folder.
        columns: the outputs of the teacher's head in the order of the task's; none where the head brings its own.
        centre: sets the bias of a new head to the mean of the training labels.
        sample: returns some training batches, by which a narrow copy is fitted.
    """

    folder: Path
    tokenizer: PreTrainedTokenizerBase
    columns: Callable[[], list[int] | None]
    centre: Callable[[PreTrainedModel], PreTrainedModel]
    sample: Callable[[], Sequence[Batch]]


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
    student = _BUILDERS[spec.init](spec, source, setup, dtype)
    cast(nn.Module, student).to(dtype)
    return student


def _from_checkpoint(spec: StudentSpec, source: StudentSource, setup: TaskSetup, dtype: torch.dtype) -> PreTrainedModel:
    return loading.load_model(
        source.folder,
        setup.task.head,
        labels=setup.outputs,
        kind=setup.task.kind,
        dropout=spec.dropout,
        tokenizer=source.tokenizer,
        dtype=dtype,
        new_head=True,
    )


def _from_scratch(spec: StudentSpec, source: StudentSource, setup: TaskSetup, dtype: torch.dtype) -> PreTrainedModel:
    config = random_configuration(spec, setup, source.tokenizer, loading.configuration(source.folder))
    return source.centre(loading.from_config(config, setup.task.head))


def _as_bilstm(spec: StudentSpec, source: StudentSource, setup: TaskSetup, dtype: torch.dtype) -> PreTrainedModel:
    teacher = _teacher(source, setup, dtype)
    embeddings = cast(nn.Embedding, teacher.get_input_embeddings()).weight.detach()
    config = bilstm.BiLstmConfig(
        len(embeddings),
        spec.lstm.embedding_size,
        spec.lstm.hidden_size,
        spec.lstm.layers,
        spec.dropout,
        pad_token_id=source.tokenizer.pad_token_id,
    )
    _name_outputs(setup, config)
    student = loading.from_config(config, setup.task.head)
    bilstm.embed(student, embeddings)
    return source.centre(student)


def _of_layers(spec: StudentSpec, source: StudentSource, setup: TaskSetup, dtype: torch.dtype) -> PreTrainedModel:
    """Return a student of some of the teacher's layers, at their width or narrower."""
    teacher, columns = _teacher(source, setup, dtype), source.columns()
    chosen = layer_map(spec.layer_map, student=spec.layers, teacher=teacher.config.num_hidden_layers)
    student = from_layers(teacher, chosen, columns, setup.task.head, spec.dropout)
    if spec.init == "narrow":
        student = narrow(student, source.sample(), spec.width, setup.task.head)
    _name_outputs(setup, student.config)
    return student


_BUILDERS: dict[str, Callable[[StudentSpec, StudentSource, TaskSetup, torch.dtype], PreTrainedModel]] = {
    "checkpoint": _from_checkpoint,
    "random": _from_scratch,
    "bilstm": _as_bilstm,
    "teacher": _of_layers,
    "narrow": _of_layers,
}


def _teacher(source: StudentSource, setup: TaskSetup, dtype: torch.dtype) -> PreTrainedModel:
    return loading.load_model(source.folder, setup.task.head, tokenizer=source.tokenizer, dtype=dtype)


def random_configuration(
    spec: StudentSpec, setup: TaskSetup, tokenizer: PreTrainedTokenizerBase, teacher: PretrainedConfig | None
) -> PretrainedConfig:
    """Return the configuration of a student from scratch, which starts to write with what its teacher starts with."""
    start = getattr(teacher, "decoder_start_token_id", None)
    config = from_scratch.config(
        setup.task.family, tokenizer, spec.size, max_length=spec.max_length, dropout=spec.dropout, start=start
    )
    _name_outputs(setup, config)
    return config


def _name_outputs(setup: TaskSetup, config: PretrainedConfig) -> None:
    if setup.outputs:
        loading.name_labels(config, setup.outputs, setup.task.kind)
