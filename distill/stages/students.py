"""The student before it learns: what the distill stage and its control both start from."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import pytorch_lightning as pl
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from distill.build import Builder
from distill.models import loading
from distill.models.layers import layer_map
from distill.models.student import bert_config, from_layers
from distill.stages import answers


def student(build: Builder, inputs: Mapping[str, Path]) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """The student and its tokenizer, the same whenever they are built."""
    pl.seed_everything(build.config.seed, verbose=False)
    settings, labels, head = build.config.student, build.data.labels, build.task.HEAD
    folder, dropout = build.model_folder(build.student_source, inputs), build.config.distill.dropout
    tokenizer = loading.tokenizer(folder)
    if settings.init == "checkpoint":
        return loading.model(folder, head, labels=labels, dropout=dropout), tokenizer
    if settings.init == "random":
        size, length = asdict(settings.architecture), build.config.data.max_length
        config = bert_config(tokenizer, max_length=length, dropout=dropout, labels=labels, **size)
        return loading.from_config(config, head), tokenizer
    teacher = loading.model(folder, head)
    chosen = layer_map(settings.layer_map, student=settings.layers, teacher=teacher.config.num_hidden_layers)
    columns = answers.columns(build, build.student_source, inputs)
    made = from_layers(teacher, chosen, columns, head, dropout)
    loading.name_labels(made.config, labels)
    return made, tokenizer


def same_tokens(build: Builder, one: PreTrainedTokenizerBase, other: PreTrainedTokenizerBase) -> bool:
    """Whether two tokenizers are one: the same vocabulary, and the same ids for the first texts of train."""
    if one.get_vocab() != other.get_vocab():
        return False
    rows, length = build.data.splits["train"][:200], build.config.data.max_length
    return bool(build.task.encode(rows, one, length) == build.task.encode(rows, other, length))
