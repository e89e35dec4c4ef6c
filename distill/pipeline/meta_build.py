"""Models of the run built without memory before the first stage: what cannot be made is refused before any waiting."""

from pathlib import Path

import torch
from transformers import GenerationConfig, PretrainedConfig, PreTrainedTokenizerBase

from distill.errors import ModelError
from distill.models import attention, bilstm, fitting, loading
from distill.models.layers import layer_map
from distill.models.marks import read_as_text
from distill.pipeline.context import Builder
from distill.stages import pretrain
from distill.student import build as students
from distill.student.from_layers import from_layers
from distill.student.narrow.narrowing import narrowed
from distill.student.narrow.places import head_of
from distill.tasks import masked_language_modeling as masked

_READ = 64
"""Examples that a tokenizer learns from which stands in for one that is not there yet."""


def checkpoint(build: Builder, name: str, config: PretrainedConfig) -> None:
    """Refuse a checkpoint that cannot do the task: read its texts, answer them, and write where it has to.

    Raises:
        ModelError: its architecture or its tokenizer lacks something; the sentence says what.
        DataError: its tokenizer cannot read an example.
    """
    folder = build.checkpoints[name]
    tokenizer = build.tokenizer(folder)
    try:
        _head(config, build.task.head)
        _encodes(build, tokenizer)
        if build.task.writes:
            fitting.fit_writing(config, _generation(folder, config), tokenizer)
    except ModelError as error:
        raise ModelError(f"{folder}: {error}") from error
    reads_forward(build, folder, config)
    if name == "teacher_checkpoint" and build.config.pretrain.continued:
        _head(config, masked.HEAD)
        pretrain.refuse_without_mask(tokenizer)


def reads_forward(build: Builder, folder: Path, config: PretrainedConfig) -> None:
    """Refuse a model that reads both ways where it is to go on with a text.

    Raises:
        ModelError: it would read what it is to write.
    """
    if build.task.family == "decoder" and not attention.causal(config):
        raise ModelError(
            f"{folder}: {config.model_type} models read what comes after a word, too; "
            f"{build.config.task} needs one that reads from left to right, such as GPT-2 or Llama"
        )


def _head(config: PretrainedConfig, head: str) -> None:
    fitting.refuse_last_place(config, head)
    with torch.device("meta"):
        loading.from_config(config, head)


def _encodes(build: Builder, tokenizer: PreTrainedTokenizerBase) -> None:
    """Read an example, and what is written from, as all will be."""
    row = build.data.splits["train"][:1]
    build.task.encode(row, tokenizer, build.form)
    if build.task.prompt is not None:
        build.task.prompt(row, tokenizer, build.form)


def _generation(folder: Path, config: PretrainedConfig) -> GenerationConfig:
    if (folder / "generation_config.json").is_file():
        return GenerationConfig.from_pretrained(folder, local_files_only=True)
    return GenerationConfig.from_model_config(config)


def layers(build: Builder, teacher: PretrainedConfig | None) -> int:
    """How many layers the teacher has, or will have."""
    return teacher.num_hidden_layers if teacher is not None else build.config.teacher.architecture.layers


def from_scratch(build: Builder) -> None:
    """Try a teacher that is made from nothing.

    Raises:
        ModelError: it cannot be made.
    """
    _head(pretrain.configuration(build, stand_in(build, _READ)), build.task.head)


def student(build: Builder, teacher: PretrainedConfig | None) -> None:
    """Try what the student is made of.

    Raises:
        ModelError: it cannot be made.
    """
    config, given = build.config, layers(build, teacher)
    if config.student.init in ("teacher", "narrow"):
        chosen = layer_map(config.student.layer_map, student=students.layers(build), teacher=given)
        if teacher is not None:
            with torch.device("meta"):
                made = from_layers(loading.from_config(teacher, build.task.head), chosen, None, build.task.head, 0.0)
            if config.student.init == "narrow":
                narrowed(teacher, students.width(build))
                head_of(made)
    if config.student.init == "bilstm":
        bilstm.fits(config.student.lstm.embedding_size, _embedding_width(build, teacher))
    if config.student.init == "random":
        _head(students.random(build, stand_in(build, _READ), teacher), build.task.head)


def _embedding_width(build: Builder, teacher: PretrainedConfig | None) -> int:
    if teacher is None:
        return build.config.teacher.architecture.hidden_size
    width: int = getattr(teacher, "embedding_size", None) or teacher.hidden_size
    return width


def stand_in(build: Builder, examples: int) -> PreTrainedTokenizerBase:
    """The teacher's tokenizer; where it is not trained yet, one that knows some ``examples``, and cuts words alike."""
    if "teacher_checkpoint" in build.checkpoints:
        return build.tokenizer(build.checkpoints["teacher_checkpoint"])
    train = build.data.splits["train"]
    made = pretrain.trained(build, train.select(range(min(len(train), examples))))
    return read_as_text(made, build.task.markers)
