"""What would fail hours later, looked at before the first stage."""

import logging
from typing import Any

from distill.build import Builder
from distill.errors import ConfigError, DataError, ModelError
from distill.models import loading
from distill.models.layers import layer_map
from distill.models.teacher import label_columns
from distill.stages import students
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
    if config.trainer.precision != "32-true" and not on_gpu(config.trainer.accelerator):
        slow = "on a CPU without hardware for it many times slower than 32-true"
        log.warning("trainer.precision=%s: %s", config.trainer.precision, slow)
    configs = {name: loading.configuration(folder) for name, folder in build.checkpoints.items()}
    for name, found in configs.items():
        loading.tokenizer(build.checkpoints[name])
        loading.inside_bounds(found, config.data.max_length, name.removesuffix("_checkpoint"))
    teacher = configs.get("teacher_checkpoint")
    if teacher is not None and config.teacher.finetuned:
        label_columns(teacher, data.labels, config.teacher.labels)
    _layers(build, teacher, configs.get("student_checkpoint"))
    if config.distill.hidden.weight and "distill" in config.stages:
        _one_tokenizer(build)


def _layers(build: Builder, teacher: Any, student: Any) -> None:  # noqa: ANN401
    """Try the layer maps of the settings."""
    config = build.config
    given = teacher.num_hidden_layers if teacher is not None else config.teacher.architecture.layers
    if config.finetune.frozen_layers > given:
        raise ModelError(f"finetune.frozen_layers={config.finetune.frozen_layers}: the teacher has {given} layers")
    taken = student.num_hidden_layers if student is not None else config.student.architecture.layers
    if config.student.init == "teacher":
        taken = config.student.layers
        layer_map(config.student.layer_map, student=taken, teacher=given)
    if config.distill.hidden.weight:
        layer_map(config.distill.hidden.layer_map, student=taken, teacher=given)


def _one_tokenizer(build: Builder) -> None:
    """Hidden states are compared token by token, so both models must read the same tokens."""
    if build.student_source != "student_checkpoint":
        return
    student = loading.tokenizer(build.checkpoints["student_checkpoint"])
    teacher = build.checkpoints.get("teacher_checkpoint")
    if teacher is None or not students.same_tokens(build, student, loading.tokenizer(teacher)):
        raise ConfigError(
            f"distill.hidden.weight={build.config.distill.hidden.weight}: hidden states are compared token by token, "
            "but teacher and student read different tokens; allowed is 0"
        )
