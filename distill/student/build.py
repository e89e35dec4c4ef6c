"""The student before it learns: what the distill stage and its control both start from."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, cast

import pytorch_lightning as pl
from torch import nn
from transformers import PretrainedConfig, PreTrainedModel, PreTrainedTokenizerBase

from distill.inference import output_pass
from distill.models import bilstm, loading, scratch
from distill.models.layers import layer_map
from distill.pipeline.context import Builder
from distill.stages import supervised
from distill.student import layer_matching
from distill.student.from_layers import from_layers
from distill.student.narrow.narrowing import Width, narrow


def settings(build: Builder) -> dict[str, Any]:
    """What of the student's settings decides on it, besides the checkpoint it starts from."""
    student, length = build.config.student, build.config.data.max_length
    given = given_labels(build)
    size = asdict(student.architecture)
    read: dict[str, dict[str, Any]] = {
        "random": {"architecture": size, "max_length": length},
        "teacher": {"layers": student.layers, "layer_map": student.layer_map, **given},
        "narrow": {"architecture": size, "layer_map": student.layer_map, "recipe": 2, **given},
        "bilstm": {"lstm": asdict(student.lstm)},
        "checkpoint": {},
    }
    return {"init": student.init, **read[student.init]}


def student(build: Builder, inputs: Mapping[str, Path]) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """The student and its tokenizer, the same whenever they are built."""
    made, tokenizer = _made(build, inputs)
    return made.to(build.dtype), tokenizer  # type: ignore[arg-type]


def _made(build: Builder, inputs: Mapping[str, Path]) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    pl.seed_everything(build.config.seed, verbose=False)
    folder = build.model_folder(build.student_source, inputs)
    tokenizer = build.tokenizer(folder)
    init = build.config.student.init
    if init == "checkpoint":
        labels, head, dropout = build.outputs, build.task.head, build.config.distill.dropout
        given: dict[str, Any] = {"labels": labels, "kind": build.task.kind, "dropout": dropout}
        return loading.load_model(
            folder, head, **given, tokenizer=tokenizer, dtype=build.dtype, new_head=True
        ), tokenizer
    if init == "random":
        size = random(build, tokenizer, loading.configuration(folder))
        return supervised.centre(build, loading.from_config(size, build.task.head)), tokenizer
    teacher = loading.load_model(folder, build.task.head, tokenizer=tokenizer, dtype=build.dtype)
    if init == "bilstm":
        return supervised.centre(build, _bilstm(build, teacher, tokenizer)), tokenizer
    made = _copied(
        build, teacher, tokenizer, output_pass.columns(build, output_pass.model(build, build.student_source, inputs))
    )
    _name(build, made.config)
    return made, tokenizer


def given_labels(build: Builder) -> dict[str, Any]:
    """What of the settings says which output of the teacher is which label."""
    teacher = build.config.teacher
    return {"given_labels": list(teacher.labels), **({"labels_subset": True} if teacher.labels_subset else {})}


def layers(build: Builder) -> int:
    """How many of the teacher's layers a student is made of."""
    given = build.config.student
    return given.architecture.layers if given.init == "narrow" else given.layers


def width(build: Builder) -> Width:
    """Of a narrow copy."""
    size = build.config.student.architecture
    return Width(size.hidden_size, size.heads, size.intermediate_size)


def random(build: Builder, tokenizer: PreTrainedTokenizerBase, teacher: PretrainedConfig | None) -> PretrainedConfig:
    """The configuration of a student from scratch, which starts to write with what the ``teacher`` starts with."""
    start = getattr(teacher, "decoder_start_token_id", None)
    size, length = scratch.Size(**asdict(build.config.student.architecture)), build.config.data.max_length
    dropout = build.config.distill.dropout
    config = scratch.config(build.task.family, tokenizer, size, max_length=length, dropout=dropout, start=start)
    _name(build, config)
    return config


def _bilstm(build: Builder, teacher: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> PreTrainedModel:
    given, embeddings = build.config.student.lstm, cast(nn.Embedding, teacher.get_input_embeddings()).weight.detach()
    config = bilstm.BiLstmConfig(
        len(embeddings), given.embedding_size, given.hidden_size, given.layers, build.config.distill.dropout,
        pad_token_id=tokenizer.pad_token_id,
    )  # fmt: skip
    _name(build, config)
    made = loading.from_config(config, build.task.head)
    bilstm.embed(made, embeddings)
    return made


def _copied(
    build: Builder, teacher: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, columns: list[int] | None
) -> PreTrainedModel:
    """Some of the teacher's layers, at their width or narrower."""
    there, head = teacher.config.num_hidden_layers, build.task.head
    chosen = layer_map(build.config.student.layer_map, student=layers(build), teacher=there)
    made = from_layers(teacher, chosen, columns, head, build.config.distill.dropout)
    if build.config.student.init == "teacher":
        return made
    return narrow(made, layer_matching.sample(build, tokenizer), width(build), head)


def _name(build: Builder, config: PretrainedConfig) -> None:
    if build.outputs:
        loading.name_labels(config, build.outputs, build.task.kind)


def same_tokens(build: Builder, one: PreTrainedTokenizerBase, other: PreTrainedTokenizerBase) -> bool:
    """Whether two tokenizers are one: the same vocabulary, and the same ids for the first examples of train."""
    if one.get_vocab() != other.get_vocab():
        return False
    rows = build.data.splits["train"][:200]
    return bool(build.task.encode(rows, one, build.form) == build.task.encode(rows, other, build.form))
