"""Check before the first stage what would else fail hours later."""

import logging
import re
from collections.abc import Mapping

from transformers import PretrainedConfig

from distill.config.distillation import problems_of_few_classes
from distill.config.ensemble import FIRST
from distill.config.student import lacking_problems
from distill.errors import ConfigError, DataError, ModelError
from distill.models import checkpoint_validation, loading, safetensors_headers
from distill.models.label_columns import label_columns, output_names, unnamed
from distill.models.sources import PRETRAINING_TEACHER, STUDENT_CHECKPOINT, TEACHER_CHECKPOINT, is_beside
from distill.objective.build import build_objective
from distill.objective.declaration import BEYOND_LOGITS, TermConfig
from distill.objective.settings import active, auto_mapped_terms, reads, terms_beyond_logits
from distill.objective.specs import TERM_SPECS
from distill.pipeline import (
    adapting_check,
    beside_check,
    compared_states,
    expected_shapes,
    export_check,
    meta_build,
    pretraining_check,
    training_check,
    unlabelled_check,
)
from distill.pipeline.store_contents import MERGED
from distill.stages import vocabularies
from distill.stages.job import RunSpec
from distill.student import STUDENTS, student_kind
from distill.student.vocabulary import refuse_uncuttable
from distill.training.trainer import on_gpu

log = logging.getLogger(__name__)

_READ = 64
"""Examples that a tokenizer learns from which stands in for one that is not there yet."""

_UNTRAINED = "leave out finetuned=true, and the run fine-tunes it, or give a folder that was saved after fine-tuning"
"""What to do about a teacher that is said to be fine-tuned and is not."""
_ADAPTER_ALONE = (
    "neither the adapter nor its base has them: train it with these among peft's modules_to_save, or leave out "
    "finetuned=true, and the run fine-tunes it"
)
"""The same, where it was made of an adapter that somebody trained beside random weights, and saved without them."""


def preflight(spec: RunSpec) -> None:
    """Refuse checkpoints, data and settings that do not fit each other.

    Raises:
        ModelError: a checkpoint does not fit the data or the settings.
        DataError: a split is too small for the number of processes.
        ConfigError: a term needs what teacher and student do not share.
    """
    config, data = spec.config, spec.data
    _metric(spec)
    if small := [name for name, rows in data.splits.items() if len(rows) < spec.world]:
        raise DataError(f"{small[0]} has fewer rows than there are processes ({spec.world})")
    parts = spec.world * config.trainer.accumulate_grad_batches
    if len(data.splits["train"]) < parts:
        raise DataError(
            f"train has {len(data.splits['train'])} rows, but one step has {parts} parts: "
            "lower trainer.accumulate_grad_batches or trainer.devices"
        )
    if config.trainer.precision.endswith("-mixed") and not on_gpu(config.trainer.accelerator):
        slow = "on a CPU without hardware for it many times slower than 32-true"
        log.warning("trainer.precision=%s: %s", config.trainer.precision, slow)
    export_check.rows_to_calibrate(spec)
    pretraining_check.texts(spec)
    configs = _checkpoints(spec)
    expected_shapes.refuse_student(spec, configs.get(TEACHER_CHECKPOINT))
    adapting_check.refuse_student(spec, configs)
    training_check.ways_to_train(spec, configs)
    export_check.required_formats(spec, configs)
    _vocabulary(spec)
    unlabelled_check.augmentation(spec, configs)
    unlabelled_check.rounds(spec)
    unlabelled_check.threshold(spec)
    for name, other in spec.members.items():
        if name != FIRST:
            _check_further_teacher(spec, name, other)
    if "distill" in config.stages:
        _objective(spec, configs)


def _metric(spec: RunSpec) -> None:
    """Refuse a metric that leads with other labels of the task, but not with those of this data."""
    if spec.config.metric is None:
        return
    names = [metric.headline.name for metric in spec.metrics.LEADING]
    if spec.config.metric not in names:
        raise ConfigError(f"metric={spec.config.metric}: with the labels of this data allowed is {', '.join(names)}")


def _checkpoints(spec: RunSpec) -> dict[str, PretrainedConfig]:
    """Return the configurations of the checkpoints, after a check that they fit data and settings."""
    config = spec.config
    configs = spec.sources.configurations
    for name, model_config in configs.items():
        if name == PRETRAINING_TEACHER:
            pretraining_check.teacher(spec, model_config)
            continue
        _refuse_mistaken(spec, name, model_config)
        meta_build.checkpoint(spec, name, model_config)
        loading.inside_bounds(model_config, config.data.max_length, name.removesuffix("_checkpoint"))
        if is_beside(name):
            beside_check.refuse_labels(spec, name)
    teacher = configs.get(TEACHER_CHECKPOINT)
    if teacher is None:
        meta_build.from_scratch(spec)
    elif config.teacher.finetuned and spec.data.labels:
        _check_labels(spec, teacher)
    adapting_check.refuse_teacher(spec, teacher)
    return {name: model_config for name, model_config in configs.items() if not is_beside(name)}


def _refuse_mistaken(spec: RunSpec, name: str, config: PretrainedConfig) -> None:
    """Refuse a checkpoint of another architecture, without a head, or with weights that are no numbers."""
    folder, head = spec.sources.checkpoints[name], spec.setup.task.head
    checkpoint_validation.model_on_meta(folder, config, head)
    meta_build.reads_forward(spec, folder, config)
    checkpoint_validation.inspect(
        folder,
        config,
        head,
        spec.sources.tokenizer(folder),
        finished=beside_check.is_finished(spec, name),
        labels=bool(spec.setup.outputs),
        way_out=_ADAPTER_ALONE if folder.parent.name == MERGED else _UNTRAINED,
    )
    if beside_check.is_finished(spec, name) and head.endswith("ForSequenceClassification"):
        checkpoint_validation.refuse_other_outputs(folder, config, spec.setup.task.kind)
    safetensors_headers.refuse_infinite(folder, safetensors_headers.read_headers(folder))


def _check_labels(spec: RunSpec, teacher: PretrainedConfig) -> None:
    """Refuse a teacher without an output for each label, and log which of its outputs have none."""
    teacher_settings = spec.config.teacher
    names = spec.setup.task.outputs(teacher_settings.labels) if teacher_settings.labels else []
    label_columns(teacher, spec.setup.outputs, names, subset=teacher_settings.labels_subset)
    if unused := unnamed(names or output_names(teacher), spec.setup.outputs):
        log.info("the teacher's outputs %s are left out, which the data has no labels for", ", ".join(unused))


def _check_further_teacher(spec: RunSpec, name: str, other: RunSpec) -> None:
    """Check a further teacher as the first, and whether both answer the same rows."""
    try:
        _checkpoints(other)
    except ModelError as error:
        message = re.sub(r"\bteacher\.(?=labels|finetuned)", f"more_teachers.{name}.", str(error))  # its own keys
        raise ModelError(f"more_teachers.{name}: {message}") from error
    if spec.setup.task.class_axis != "labels" and not _same_tokens(spec, other):
        raise ConfigError(
            f"more_teachers.{name}: {spec.config.task} compares token by token, "
            f"but {name} and {FIRST} read different tokens; allowed are teachers with one tokenizer"
        )


def _same_tokens(first: RunSpec, second: RunSpec) -> bool:
    """Return whether two teachers read the same tokens; those from scratch do where they learn them alike."""
    checkpoints = [spec.sources.checkpoints.get(TEACHER_CHECKPOINT) for spec in (first, second)]
    if checkpoints[0] is not None and checkpoints[1] is not None:
        return first.same_tokens(first.sources.tokenizer(checkpoints[0]), second.sources.tokenizer(checkpoints[1]))
    vocabularies = [(spec.config.teacher.vocab_size, spec.config.teacher.lowercase) for spec in (first, second)]
    return checkpoints == [None, None] and vocabularies[0] == vocabularies[1]


def _objective(spec: RunSpec, configs: Mapping[str, PretrainedConfig]) -> None:
    """Build the objective for models of these shapes, and refuse terms whose inputs they do not have."""
    if spec.setup.task.kind == "class" and spec.data.labels:
        for problem in problems_of_few_classes(spec.config.distill, len(spec.data.labels)):
            raise ConfigError(problem)
    _refuse_lacking(spec, configs.get(STUDENT_CHECKPOINT))
    student, teacher = expected_shapes.student_and_teacher_shapes(spec)
    objective = build_objective(spec.config.distill, spec.setup.task.kind, student, teacher)
    compared_states.refuse_other_shapes(spec, objective.needs, configs.values())
    for name, term in active(spec.config.distill).items():
        first = reads(spec.config.distill, name) == "states" and not TERM_SPECS[name].same_tokens
        if first and any(found.is_encoder_decoder for found in configs.values()):
            reason = "reads the first token, which the head of an encoder-decoder does not read"
            raise ConfigError(f"distill.{name}.weight={term.weight}: {reason}; allowed is 0")
        if first and (student.causal or teacher.causal):
            reason = "reads the first token, which sees no other in models that read from left to right"
            raise ConfigError(f"distill.{name}.weight={term.weight}: {reason}; allowed is 0")
    _refuse_different_tokens(spec)


def _vocabulary(spec: RunSpec) -> None:
    """Refuse a small vocabulary of a student with a tokenizer of its own, or of one that cannot be cut so."""
    if spec.config.student.vocabulary == "all":
        return
    name = str(spec.sources.checkpoints.get(TEACHER_CHECKPOINT, "the teacher from scratch"))
    tokenizer = meta_build.stand_in(spec, _READ)
    if spec.decisions.student_source == STUDENT_CHECKPOINT and not expected_shapes.has_teachers_tokenizer(spec):
        raise ConfigError(
            f"student.vocabulary={spec.config.student.vocabulary}: keeps tokens of the teacher's tokenizer, but "
            f"{spec.sources.checkpoints[STUDENT_CHECKPOINT]} has another one; allowed is all"
        )
    refuse_uncuttable(tokenizer, name)
    if spec.config.student.vocabulary_size is not None and TEACHER_CHECKPOINT in spec.sources.checkpoints:
        vocabularies.of_student(spec, spec.sources.checkpoints[TEACHER_CHECKPOINT], tokenizer)


def _refuse_lacking(spec: RunSpec, student: PretrainedConfig | None) -> None:
    """Refuse terms that read what a checkpoint lacks as a student of its kind, such as the layers of a static one."""
    of_checkpoint = (
        kind for kind in map(student_kind, STUDENTS) if student and kind.architecture == student.model_type
    )
    for kind in of_checkpoint:
        if problem := next(lacking_problems(spec.config, kind), None):
            raise ConfigError(problem)


def _refuse_different_tokens(spec: RunSpec) -> None:
    """Refuse terms that compare token by token where teacher and student read different tokens."""
    if (needing := _needing_one_tokenizer(spec)) and not expected_shapes.read_same_tokens(spec):
        name, term = next(iter(needing.items()))
        compared = "rows"
        if TERM_SPECS[name].same_tokens or name in auto_mapped_terms(spec.config.distill):
            compared = BEYOND_LOGITS[reads(spec.config.distill, name)]
        if expected_shapes.has_teachers_tokenizer(spec):
            count = spec.config.student.vocabulary_min_count
            raise ConfigError(
                f"student.vocabulary_min_count={count}: texts of train lose tokens that are used less often, but "
                f"distill.{name} compares {compared} token by token; allowed is 1"
            )
        raise ConfigError(
            f"distill.{name}.weight={term.weight}: {compared} are compared token by token, "
            "but teacher and student read different tokens; allowed is 0"
        )


def _needing_one_tokenizer(spec: RunSpec) -> dict[str, TermConfig]:
    """Return terms that compare tokens, or rows that are tokens: stored rows only if over a vocabulary."""
    section = spec.config.distill
    live = set(auto_mapped_terms(section)) | (set() if spec.setup.task.of_texts else set(terms_beyond_logits(section)))

    def by_token(name: str) -> bool:
        rows = spec.setup.task.class_axis != "labels" and TERM_SPECS[name].reads != "labels"
        return TERM_SPECS[name].same_tokens or name in live or rows

    return {name: term for name, term in active(section).items() if by_token(name)}
