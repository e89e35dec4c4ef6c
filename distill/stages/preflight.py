"""What would fail hours later, looked at before the first stage."""

import logging
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import torch
from transformers import PretrainedConfig

from distill.build import Builder
from distill.config.check_objective import too_few
from distill.config.check_student import FIRST_OF_A_BILSTM
from distill.config.ensemble import FIRST
from distill.config.schema import ArchitectureConfig, Config
from distill.config.term_declaration import BEYOND_LOGITS, TermConfig
from distill.config.term_specs import TERM_SPECS
from distill.config.terms import active, reads, terms_beyond_logits
from distill.errors import ConfigError, DataError, ModelError
from distill.models import attention, bilstm, loading
from distill.models.layers import layer_map
from distill.models.narrow import narrowed
from distill.models.narrow_places import head_of
from distill.models.student import from_layers
from distill.models.teacher import label_columns
from distill.stages import alike, objectives, students, teachers
from distill.training.trainer import on_gpu

log = logging.getLogger(__name__)


def preflight(build: Builder) -> None:
    """Compare checkpoints, data and settings with each other.

    Raises:
        ModelError: a checkpoint does not fit the data or the settings.
        DataError: a split is too small for the number of processes.
        ConfigError: a term needs what teacher and student do not share.
    """
    config, data = build.config, build.data
    if small := [name for name, rows in data.splits.items() if len(rows) < build.world]:
        raise DataError(f"{small[0]} has fewer rows than there are processes ({build.world})")
    parts = build.world * config.trainer.accumulate_grad_batches
    if len(data.splits["train"]) < parts:
        raise DataError(
            f"train has {len(data.splits['train'])} rows, but one step has {parts} parts: "
            "lower trainer.accumulate_grad_batches or trainer.devices"
        )
    if config.trainer.precision.endswith("-mixed") and not on_gpu(config.trainer.accelerator):
        slow = "on a CPU without hardware for it many times slower than 32-true"
        log.warning("trainer.precision=%s: %s", config.trainer.precision, slow)
    configs = _checkpoints(build)
    _student(build, configs.get("teacher_checkpoint"))
    for name, other in teachers.builders(build).items():
        if name != FIRST:
            _another(build, name, other)
    if "distill" in config.stages:
        _objective(build, configs)


def _checkpoints(build: Builder) -> dict[str, PretrainedConfig]:
    """The configurations of the checkpoints, which can be read and fit data and settings."""
    config = build.config
    configs = {name: loading.configuration(folder) for name, folder in build.checkpoints.items()}
    for name, found in configs.items():
        _fits(build, build.checkpoints[name], found)
        build.tokenizer(build.checkpoints[name])
        loading.inside_bounds(found, config.data.max_length, name.removesuffix("_checkpoint"))
    teacher = configs.get("teacher_checkpoint")
    if teacher is not None and config.teacher.finetuned:
        given = build.task.outputs(config.teacher.labels) if config.teacher.labels else []
        if build.data.labels:
            label_columns(teacher, build.outputs, given)
    layers = _layers(build, teacher)
    if config.finetune.frozen_layers > layers:
        raise ModelError(f"finetune.frozen_layers={config.finetune.frozen_layers}: the teacher has {layers} layers")
    return configs


def _fits(build: Builder, folder: Path, config: PretrainedConfig) -> None:
    """Refuse an architecture that lacks the task's head, or that would read what it is to write."""
    try:
        with torch.device("meta"):
            loading.from_config(config, build.task.head)
    except ModelError as error:
        raise ModelError(f"{folder}: {error}") from error
    if build.task.family == "decoder" and not attention.causal(config):
        raise ModelError(
            f"{folder}: {config.model_type} models read what comes after a word, too; "
            f"{build.config.task} needs one that reads from left to right, such as GPT-2 or Llama"
        )


def _student(build: Builder, teacher: PretrainedConfig | None) -> None:
    """Try what the student is made of."""
    config, given = build.config, _layers(build, teacher)
    if config.student.init in ("teacher", "narrow"):
        chosen = layer_map(config.student.layer_map, student=students.layers(build), teacher=given)
        if teacher is not None:
            with torch.device("meta"):
                made = from_layers(loading.from_config(teacher, build.task.head), chosen, None, build.task.head, 0.0)
            if config.student.init == "narrow":
                narrowed(teacher, students.width(build))
                head_of(made)
    if config.student.init == "bilstm":
        bilstm.fits(config.student.lstm.embedding_size, _embedding_width(config, teacher))


def _embedding_width(config: Config, teacher: PretrainedConfig | None) -> int:
    if teacher is None:
        return config.teacher.architecture.hidden_size
    width: int = getattr(teacher, "embedding_size", None) or teacher.hidden_size
    return width


def _layers(build: Builder, teacher: PretrainedConfig | None) -> int:
    return teacher.num_hidden_layers if teacher is not None else build.config.teacher.architecture.layers


def _another(build: Builder, name: str, other: Builder) -> None:
    """Look at a further teacher as at the first, and whether both answer the same rows."""
    try:
        _checkpoints(other)
    except ModelError as error:
        raise ModelError(f"more_teachers.{name}: {error}") from error
    if build.task.over != "labels" and not _read_alike(build, other):
        raise ConfigError(
            f"more_teachers.{name}: {build.config.task} compares token by token, "
            f"but {name} and {FIRST} read different tokens; allowed are teachers with one tokenizer"
        )


def _read_alike(one: Builder, other: Builder) -> bool:
    """Whether two teachers read the same tokens; those from scratch do where they learn them alike."""
    found = [each.checkpoints.get("teacher_checkpoint") for each in (one, other)]
    if found[0] is not None and found[1] is not None:
        return students.same_tokens(one, one.tokenizer(found[0]), other.tokenizer(found[1]))
    sizes = [(each.config.teacher.vocab_size, each.config.teacher.lowercase) for each in (one, other)]
    return found == [None, None] and sizes[0] == sizes[1]


def _objective(build: Builder, configs: Mapping[str, PretrainedConfig]) -> None:
    """Build the objective for models of these shapes, and see whether they have what it reads."""
    if build.task.kind == "class" and build.data.labels:
        for problem in too_few(build.config, len(build.data.labels)):
            raise ConfigError(problem)
    student, teacher = shapes(build, configs)
    made = objectives.objective(build, student, teacher)
    if made.needs & {"teacher_qkv", "teacher_attentions"}:
        for found in configs.values():
            with torch.device("meta"):
                attention.projections(loading.from_config(found, build.task.head))
    for name, term in active(build.config.distill).items():
        first = reads(build.config.distill, name) == "states" and not TERM_SPECS[name].same_tokens
        given = configs.get("student_checkpoint")
        if first and given is not None and given.model_type == bilstm.BiLstmConfig.model_type:
            raise ConfigError(f"distill.{name}.weight={term.weight}: {FIRST_OF_A_BILSTM}; allowed is 0")
        if first and any(found.is_encoder_decoder for found in configs.values()):
            reason = "reads the first token, which the head of an encoder-decoder does not read"
            raise ConfigError(f"distill.{name}.weight={term.weight}: {reason}; allowed is 0")
        if first and (student.causal or teacher.causal):
            reason = "reads the first token, which sees no other in models that read from left to right"
            raise ConfigError(f"distill.{name}.weight={term.weight}: {reason}; allowed is 0")
    _one_tokenizer(build)


def shapes(build: Builder, configs: Mapping[str, PretrainedConfig]) -> tuple[objectives.Shape, objectives.Shape]:
    """Of student and teacher, before either is made; ``configs`` are those of the checkpoints."""
    given = configs.get("teacher_checkpoint")
    teacher = _shape(build, build.config.teacher.architecture, given)
    student = _shape(build, build.config.student.architecture, configs.get("student_checkpoint"))
    if build.config.student.init == "narrow" and given is not None:
        student = replace(objectives.shape(narrowed(given, students.width(build))), layers=student.layers)
    elif build.config.student.init == "teacher":
        student = replace(teacher, layers=build.config.student.layers)
    elif build.config.student.init == "bilstm":
        lstm = build.config.student.lstm
        student = objectives.Shape(lstm.layers, 2 * lstm.hidden_size, 0, (0, 0), False)
    return student, teacher


def _shape(build: Builder, size: ArchitectureConfig, found: PretrainedConfig | None) -> objectives.Shape:
    """Of a checkpoint, or of a model from scratch."""
    if found is not None:
        return objectives.shape(found)
    width = size.hidden_size
    return objectives.Shape(size.layers, width, size.heads, (width, width), build.task.family == "decoder")


def same_tokens(build: Builder) -> bool:
    """Whether teacher and student read the same tokens, before either is made."""
    if build.student_source != "student_checkpoint":
        return True
    student = build.tokenizer(build.checkpoints["student_checkpoint"])
    teacher = build.checkpoints.get("teacher_checkpoint")
    return teacher is not None and students.same_tokens(build, student, build.tokenizer(teacher))


def _one_tokenizer(build: Builder) -> None:
    """Refuse terms that need the same tokens where teacher and student read different ones."""
    if (needing := _needing_one_tokenizer(build)) and not same_tokens(build):
        name, term = next(iter(needing.items()))
        compared = "rows"
        if TERM_SPECS[name].same_tokens or name in alike.asked(build):
            compared = BEYOND_LOGITS[reads(build.config.distill, name)]
        raise ConfigError(
            f"distill.{name}.weight={term.weight}: {compared} are compared token by token, "
            "but teacher and student read different tokens; allowed is 0"
        )


def _needing_one_tokenizer(build: Builder) -> dict[str, TermConfig]:
    """Terms that compare tokens, or rows that are tokens: stored ones are not, unless they are of a vocabulary."""
    section = build.config.distill
    live = set(alike.asked(build)) | (set() if build.task.of_texts else set(terms_beyond_logits(section)))

    def by_token(name: str) -> bool:
        rows = build.task.over != "labels" and TERM_SPECS[name].reads != "labels"
        return TERM_SPECS[name].same_tokens or name in live or rows

    return {name: term for name, term in active(section).items() if by_token(name)}
