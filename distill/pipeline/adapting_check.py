"""Refuse before the first stage what of teacher and student cannot learn alone, and warn of rates that are too low."""

import logging
from collections.abc import Mapping
from copy import deepcopy

from transformers import PretrainedConfig

from distill.config.adapting import VIRTUAL, AdaptingConfig
from distill.config.distillation import DistillConfig
from distill.config.finetune import FinetuneConfig
from distill.errors import ConfigError, ModelError
from distill.models import loading, virtual_tokens
from distill.models.adapt import Adaptation
from distill.models.on_meta import build_on_meta
from distill.models.sources import STUDENT_CHECKPOINT, TEACHER_CHECKPOINT
from distill.pipeline import expected_shapes, meta_build
from distill.stages import adapting
from distill.stages.hyperparameters import too_low_for_few_numbers
from distill.stages.job import RunSpec
from distill.student import student_kind

log = logging.getLogger(__name__)


def refuse_teacher(spec: RunSpec, teacher: PretrainedConfig | None) -> None:
    """Try what of the teacher is to learn.

    Raises:
        ModelError: its architecture cannot have it, or what it is to learn beside has virtual tokens already.
        ConfigError: texts and virtual tokens together are too long for it.
    """
    config = spec.config
    if teacher is not None and virtual_tokens.of(teacher) is not None:
        _refuse_virtual(spec)
    if config.teacher.finetuned or adapting.adaptation(config.finetune) == Adaptation():
        return
    _say_of_the_rate(spec, config.finetune, "finetune")
    _try(spec, teacher or meta_build.configuration_from_scratch(spec), config.finetune, "finetune", "teacher")


def refuse_student(spec: RunSpec, configs: Mapping[str, PretrainedConfig]) -> None:
    """Try what of the student is to learn.

    Raises:
        ModelError: its architecture cannot have it, or its checkpoint has virtual tokens already.
        ConfigError: texts and virtual tokens together are too long for it.
    """
    section, kind = spec.config.distill, student_kind(spec.config.student.init)
    checkpoint = configs.get(STUDENT_CHECKPOINT)
    if checkpoint is not None and virtual_tokens.of(checkpoint) is not None:
        raise ModelError(
            f"{spec.sources.checkpoints[STUDENT_CHECKPOINT]} was trained with virtual tokens, which are no part of its "
            "weights: no student can be made of it"
        )
    if kind.learnt != "layers" or adapting.adaptation(section) == Adaptation():
        return
    _say_of_the_rate(spec, section, "distill")
    layers = expected_shapes.student_and_teacher_shapes(spec)[0].layers
    if section.frozen_layers > layers:
        raise ModelError(f"distill.frozen_layers={section.frozen_layers}: the student has {layers} layers")
    if kind.begins_with == "teacher":
        checkpoint = configs.get(TEACHER_CHECKPOINT) or meta_build.configuration_from_scratch(spec)
    if checkpoint is not None:
        _try(spec, checkpoint, section, "distill", "student")


def _say_of_the_rate(spec: RunSpec, section: FinetuneConfig | DistillConfig, key: str) -> None:
    """Warn of a learning rate with which the few numbers that learn hardly move."""
    if key in spec.config.stages and (low := too_low_for_few_numbers(section, key)) is not None:
        log.warning("%s", low)


def _try(spec: RunSpec, config: PretrainedConfig, section: AdaptingConfig, key: str, whose: str) -> None:
    """Let a part of a model without memory learn."""
    adapting.adapt_model(build_on_meta(deepcopy(config), spec.setup.task.head), section, key, whose)
    bound, length = loading.bound(config), spec.config.data.max_length
    if section.peft in VIRTUAL and bound is not None and length + section.virtual_tokens > bound:
        raise ConfigError(
            f"{key}.virtual_tokens={section.virtual_tokens}: with texts of data.max_length={length} tokens that is "
            f"more than the {bound} that the {whose} reads; lower one of the two"
        )


def _refuse_virtual(spec: RunSpec) -> None:
    """Refuse a teacher with virtual tokens of which the run would take weights.

    Raises:
        ModelError: the run trains it on, or makes the student of it.
    """
    config, folder = spec.config, spec.sources.checkpoints[TEACHER_CHECKPOINT]
    has = f"{folder} was trained with virtual tokens, which are no part of its weights"
    if not config.teacher.finetuned or config.pretrain.continued:
        raise ModelError(f"{has}: it is a teacher as it is, with teacher.finetuned=true, or none")
    if student_kind(config.student.init).begins_with == "teacher":
        raise ModelError(
            f"{has}, and student.init={config.student.init} takes these; allowed is student.init=random or checkpoint"
        )
