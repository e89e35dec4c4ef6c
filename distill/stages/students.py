"""The student before it learns: what the distill stage and its control both start from."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from distill.build import Builder
from distill.models import loading, scratch
from distill.models.layers import layer_map
from distill.models.student import from_layers
from distill.stages import answers, training


def settings(build: Builder) -> dict[str, Any]:
    """What of the student's settings decides on it, besides the checkpoint it starts from."""
    student, length = build.config.student, build.config.data.max_length
    random = {"architecture": asdict(student.architecture), "max_length": length}
    given = list(build.config.teacher.labels)
    layers = {"layers": student.layers, "layer_map": student.layer_map, "given_labels": given}
    return {"init": student.init, **{"random": random, "teacher": layers, "checkpoint": {}}[student.init]}


def student(build: Builder, inputs: Mapping[str, Path]) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """The student and its tokenizer, the same whenever they are built."""
    pl.seed_everything(build.config.seed, verbose=False)
    settings, labels, head, kind = build.config.student, build.outputs, build.task.head, build.task.kind
    folder, dropout = build.model_folder(build.student_source, inputs), build.config.distill.dropout
    tokenizer = build.tokenizer(folder)
    if settings.init == "checkpoint":
        return loading.model(folder, head, labels=labels, kind=kind, dropout=dropout, tokenizer=tokenizer), tokenizer
    if settings.init == "random":
        size, length = scratch.Size(**asdict(settings.architecture)), build.config.data.max_length
        config = scratch.config(build.task.family, tokenizer, size, max_length=length, dropout=dropout)
        if labels:
            loading.name_labels(config, labels, kind)
        return training.centre(build, loading.from_config(config, head)), tokenizer
    teacher = loading.model(folder, head)
    chosen = layer_map(settings.layer_map, student=settings.layers, teacher=teacher.config.num_hidden_layers)
    columns = answers.columns(build, answers.model(build, build.student_source, inputs))
    made = from_layers(teacher, chosen, columns, head, dropout)
    if labels:
        loading.name_labels(made.config, labels, kind)
    return made, tokenizer


def same_tokens(build: Builder, one: PreTrainedTokenizerBase, other: PreTrainedTokenizerBase) -> bool:
    """Whether two tokenizers are one: the same vocabulary, and the same ids for the first examples of train."""
    if one.get_vocab() != other.get_vocab():
        return False
    rows = build.data.splits["train"][:200]
    return bool(build.task.encode(rows, one, build.form) == build.task.encode(rows, other, build.form))
