"""Models of the run built without memory before the first stage: what cannot be made is refused before any waiting."""

from pathlib import Path

from transformers import GenerationConfig, PretrainedConfig, PreTrainedTokenizerBase

from distill.errors import ModelError
from distill.models import attention, checkpoint_fitting
from distill.models.on_meta import build_on_meta
from distill.models.sources import PRETRAINING_TEACHER, TEACHER_CHECKPOINT
from distill.models.special_tokens_as_text import read_as_text
from distill.pipeline import pretraining_check
from distill.stages import pretrain
from distill.stages.job import RunSpec

_READ = 64
"""Examples that a tokenizer learns from which stands in for one that is not there yet."""


def checkpoint(spec: RunSpec, name: str, config: PretrainedConfig) -> None:
    """Refuse a checkpoint that cannot do the task: read its texts, answer them, and write where it has to.

    Raises:
        ModelError: its architecture or its tokenizer lacks something; the sentence says what.
        DataError: its tokenizer cannot read an example.
    """
    folder = spec.sources.checkpoints[name]
    tokenizer = spec.sources.tokenizer(folder)
    try:
        build_on_meta(config, spec.setup.task.head)
        _encodes(spec, tokenizer)
        if spec.setup.task.writes:
            checkpoint_fitting.fit_writing(config, _generation(folder, config), tokenizer)
    except ModelError as error:
        raise ModelError(f"{folder}: {error}") from error
    reads_forward(spec, folder, config)
    if name == TEACHER_CHECKPOINT and spec.config.pretrain.continued:
        pretraining_check.goes_on(spec, folder, config, tokenizer)


def reads_forward(spec: RunSpec, folder: Path, config: PretrainedConfig) -> None:
    """Refuse a model that reads both ways where it is to go on with a text.

    Raises:
        ModelError: it would read what it is to write.
    """
    if spec.setup.task.family == "decoder" and not attention.causal(config):
        raise ModelError(
            f"{folder}: {config.model_type} models read what comes after a word, too; "
            f"{spec.config.task} needs one that reads from left to right, such as GPT-2 or Llama"
        )


def _encodes(spec: RunSpec, tokenizer: PreTrainedTokenizerBase) -> None:
    """Read an example, and what is written from, as all will be."""
    row = spec.data.splits["train"][:1]
    spec.setup.encode(row, tokenizer)
    if spec.setup.task.prompt is not None:
        spec.setup.prompt(row, tokenizer)


def _generation(folder: Path, config: PretrainedConfig) -> GenerationConfig:
    if (folder / "generation_config.json").is_file():
        return GenerationConfig.from_pretrained(folder, local_files_only=True)
    return GenerationConfig.from_model_config(config)


def from_scratch(spec: RunSpec) -> None:
    """Try a teacher that is made from nothing.

    Raises:
        ModelError: it cannot be made.
    """
    build_on_meta(configuration_from_scratch(spec), spec.setup.task.head)


def configuration_from_scratch(spec: RunSpec) -> PretrainedConfig:
    """The configuration of a teacher that is made from nothing."""
    return pretrain.configuration(spec, stand_in(spec, _READ))


def stand_in(spec: RunSpec, examples: int) -> PreTrainedTokenizerBase:
    """The teacher's tokenizer; where it is not trained yet, one that knows some ``examples``, and cuts words alike."""
    if TEACHER_CHECKPOINT in spec.sources.checkpoints:
        return spec.sources.tokenizer(spec.sources.checkpoints[TEACHER_CHECKPOINT])
    if PRETRAINING_TEACHER in spec.sources.checkpoints:
        return spec.sources.tokenizer(spec.sources.checkpoints[PRETRAINING_TEACHER])
    train = spec.data.splits["train"]
    made = pretrain.trained_tokenizer(spec, [train.select(range(min(len(train), examples)))])
    return read_as_text(made, spec.setup.task.markers)
