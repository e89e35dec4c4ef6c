"""Do the settings make sense? All problems at once, each with its dotted key, what came, and what is allowed."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from distill.config import (
    check_ensemble,
    check_given,
    check_objective,
    check_paths,
    check_store,
    check_student,
    check_task,
    check_unread,
)
from distill.config.ensemble import EnsembleConfig
from distill.config.rules import INNER_SHARE, NOT_NEGATIVE, POSITIVE, RUN_NAME, SHARE, Rule, at, at_least, one_of
from distill.config.schema import STAGES, Config, StudentConfig
from distill.errors import ConfigError
from distill.tasks import TASKS

SAMPLES = (
    "sentiment", "questions", "paraphrases", "topics", "similarities", "entities", "relations", "passages",
    "translations", "abstracts", "dialogues",
)  # fmt: skip
TRAINING_STAGES = ("pretrain", "finetune", "distill")


def _names(value: Any) -> bool:  # noqa: ANN401
    names = value if isinstance(value, list) else [value]
    return bool(names) and all(isinstance(name, str | int) and name != "" for name in names)


_FILES: Rule = (
    lambda value: value is None or _names(value),
    "null, the name of a file, or a list of names, of which the first that is there is taken",
)
_ALL_FILES: Rule = (lambda value: value is None or _names(value)), "null, a file or folder, or a list of them"
_DEVICES: Rule = (
    lambda value: value == "auto" or (isinstance(value, int) and (value == -1 or value > 0)),
    "auto, -1 (all) or a whole number from 1 up",
)
_CLIP: Rule = (lambda value: value is None or value > 0), "null or a number above 0"

_PROJECT: Rule = (lambda value: bool(value) and not set(value) & set("/\\#?%:")), "a name without / \\ # ? % :"

_RULES: dict[str, Rule] = {
    "name": RUN_NAME,
    "seed": ((lambda value: 0 <= value < 2**32), "a whole number from 0 to 4294967295"),
    "task": ((lambda value: value in TASKS), f"one of {', '.join(TASKS)}"),
    "data.source": one_of("auto", "hub", "local", "embedded"),
    "data.sample": ((lambda value: value is None or value in SAMPLES), f"null or one of {', '.join(SAMPLES)}"),
    "data.class_weights": one_of("none", "balanced"),
    **{f"data.files.{split}": _FILES for split in ("train", "validation", "test")},
    "data.limit.train": at_least(1),
    "data.limit.validation": at_least(1),
    "data.limit.test": at_least(1),
    "data.unlabelled.path": _ALL_FILES,
    "data.unlabelled.limit": at_least(1),
    "data.holdout": INNER_SHARE,
    "data.max_length": at_least(4),
    "data.max_target_length": at_least(2),
    "data.stride": at_least(0),
    "data.max_answer_length": at_least(1),
    "data.batch_size": at_least(1),
    "data.batch_tokens": at_least(1),
    "data.workers": at_least(0),
    "teacher.vocab_size": at_least(100),
    "ensemble.combine": one_of(*check_ensemble.COMBINE),
    "pretrain.mask_probability": INNER_SHARE,
    "finetune.frozen_layers": at_least(0),
    "finetune.lora.rank": at_least(0),
    "finetune.lora.alpha": POSITIVE,
    "finetune.lora.dropout": SHARE,
    "distill.targets": one_of("data", "teacher"),
    "generate.beams": at_least(1),
    "evaluate.confidence": INNER_SHARE,
    "evaluate.resamples": at_least(100),
    "evaluate.latency_samples": at_least(0),
    "trainer.accelerator": one_of("auto", "cpu", "gpu", "cuda", "mps"),
    "trainer.devices": _DEVICES,
    "trainer.num_nodes": at_least(1),
    "trainer.strategy": one_of("auto", "ddp", "ddp_find_unused_parameters_true"),
    "trainer.precision": one_of("32-true", "64-true", "bf16-mixed", "16-mixed"),
    "trainer.accumulate_grad_batches": at_least(1),
    "trainer.gradient_clip_val": _CLIP,
    "trainer.log_every_n_steps": at_least(1),
    "checkpoint.every_n_train_steps": at_least(1),
    "tracking.project": _PROJECT,
    "tracking.wandb": one_of("auto", "online", "offline", "disabled"),
}
_OF_WEIGHTS = 1e38
"""Beyond the numbers that weights may have."""
_RULES_OF_TRAINING: dict[str, Rule] = {
    "max_epochs": at_least(1),
    "dropout": SHARE,
    "optimizer.name": one_of("adamw", "sgd"),
    "optimizer.lr": ((lambda value: value is None or 0 < value < _OF_WEIGHTS), "null or a number above 0, below 1e38"),
    "optimizer.weight_decay": ((lambda value: 0 <= value < _OF_WEIGHTS), "a number from 0 up to, not including, 1e38"),
    "optimizer.momentum": SHARE,
    "scheduler.name": one_of("linear", "cosine", "constant"),
    "scheduler.warmup": SHARE,
    "early_stopping.patience": at_least(1),
    "early_stopping.min_delta": NOT_NEGATIVE,
}
_RULES_OF_ARCHITECTURE: dict[str, Rule] = {
    name: at_least(1) for name in ("layers", "hidden_size", "heads", "intermediate_size", "decoder_layers")
}
_EVERY_RULE: dict[str, Rule] = {
    **_RULES,
    **{f"student.{key}": rule for key, rule in check_student.RULES.items()},
    **{f"distill.{key}": rule for key, rule in check_objective.RULES.items()},
    **{f"teacher.{key}": rule for key, rule in check_store.RULES.items()},
    **{f"{stage}.{key}": rule for stage in TRAINING_STAGES for key, rule in _RULES_OF_TRAINING.items()},
    "pretrain.max_epochs": at_least(0),
    **{f"{who}.architecture.{key}": r for who in ("teacher", "student") for key, r in _RULES_OF_ARCHITECTURE.items()},
}


def check(config: Config, overrides: Sequence[str] = ()) -> None:
    """Return silently, or name every problem of the settings, and of the command line's overrides, in one message.

    Raises:
        ConfigError: with one line a problem.
    """
    refuse([*problems(config), *check_given.given(config, overrides)])


def problems(config: Config) -> list[str]:
    """One line for each problem of the settings."""
    found = [*_problems(config), *check_ensemble.ensemble(config)]
    for name, teacher in config.more_teachers.items():
        alone = replace(config, teacher=teacher, more_teachers={}, ensemble=EnsembleConfig(), student=StudentConfig())
        found += check_ensemble.of(name, _problems(alone))
    return found


def _problems(config: Config) -> list[str]:
    """All but those of several teachers."""
    return [
        *_single(config),
        *_stages(config),
        *_sources(config),
        *check_paths.paths(config),
        *_models(config),
        *check_student.student(config),
        *_adaptation(config),
        *check_objective.objective(config),
        *check_store.stored(config),
        *check_task.task(config),
        *check_unread.unread(config),
    ]


def refuse(found: Sequence[str]) -> None:
    """Raise where problems were found.

    Raises:
        ConfigError: with one line a problem.
    """
    if found:
        count = "1 problem" if len(found) == 1 else f"{len(found)} problems"
        raise ConfigError("\n  ".join([f"{count} in the settings", *found]))


def _single(config: Config) -> Iterator[str]:
    for key, (holds, allowed) in _EVERY_RULE.items():
        value = at(config, key)
        if not holds(value):
            yield f"{key}={value}: allowed is {allowed}"


def _stages(config: Config) -> Iterator[str]:
    if unknown := [name for name in config.stages if name not in STAGES]:
        yield f"stages: unknown {', '.join(unknown)}; allowed are {', '.join(STAGES)}"
    elif not config.stages or config.stages != [name for name in STAGES if name in config.stages]:
        yield f"stages={config.stages}: allowed is any subset, each once, in the order {', '.join(STAGES)}"


def _sources(config: Config) -> Iterator[str]:
    data = config.data
    if data.source == "local" and data.path is None:
        yield "data.source=local: give the folder as data.path=FOLDER"
    if data.source == "hub" and data.hub is None:
        yield "data.source=hub: give the data set's id as data.hub=ID"
    if data.source in ("hub", "embedded") and data.path is not None:
        yield f"data.path={data.path}: is not read where data.source={data.source}; leave one of them out"
    if data.unlabelled.path is None and (data.unlabelled.columns or data.unlabelled.limit is not None):
        yield "data.unlabelled: columns and limit belong to a file; give it as data.unlabelled.path=FILE"


def _models(config: Config) -> Iterator[str]:
    teacher, student = config.teacher, config.student
    for who, size in (("teacher", teacher.architecture), ("student", student.architecture)):
        if size.heads > 0 and size.hidden_size % size.heads:
            yield f"{who}.architecture.hidden_size={size.hidden_size}: allowed is a multiple of heads={size.heads}"
    if teacher.finetuned and teacher.model is None:
        yield "teacher.finetuned=true: give the fine-tuned checkpoint as teacher.model=PATH"
    for who, part in (("teacher", teacher), ("student", student)):
        if part.revision is not None and part.model is None:
            yield f"{who}.revision={part.revision}: belongs to a hub checkpoint; give it as {who}.model=ID"
    if teacher.labels and not teacher.finetuned:
        yield "teacher.labels: names the outputs of a fine-tuned checkpoint; it needs teacher.finetuned=true"


def _adaptation(config: Config) -> Iterator[str]:
    teacher = config.teacher
    if config.finetune.lora.rank and config.finetune.frozen_layers:
        yield "finetune.frozen_layers: adapters freeze every layer already; allowed is 0 where lora.rank is above 0"
    if config.pretrain.continued and (teacher.model is None or teacher.finetuned):
        yield "pretrain.continued=true: goes on from a checkpoint that is not fine-tuned yet; give teacher.model=PATH"
