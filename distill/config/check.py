"""Do the settings make sense? All problems at once, each with its dotted key, what came, and what is allowed."""

import math
from collections.abc import Callable, Iterator
from functools import reduce
from typing import Any

from distill.config.schema import STAGES, Config
from distill.errors import ConfigError

Rule = tuple[Callable[[Any], bool], str]

TASKS = ("classification",)
LAYER_MAPS = ("uniform", "first", "last")
TRAINING_STAGES = ("pretrain", "finetune", "distill")


def _one_of(*allowed: str) -> Rule:
    return (lambda value: value in allowed), "one of " + ", ".join(allowed)


def _at_least(low: int) -> Rule:
    return (lambda value: value is None or value >= low), f"a whole number from {low} up"


def _layer_map(value: str) -> bool:
    return value in LAYER_MAPS or (bool(value) and all(part.strip().isdecimal() for part in value.split(",")))


_POSITIVE: Rule = (lambda value: value > 0 and math.isfinite(value)), "a number above 0"
_NOT_NEGATIVE: Rule = (lambda value: value >= 0 and math.isfinite(value)), "a number from 0 up"
_SHARE: Rule = (lambda value: 0 <= value < 1), "a number from 0 up to, not including, 1"
_INNER_SHARE: Rule = (lambda value: 0 < value < 1), "a number between 0 and 1"
_LAYERS: Rule = _layer_map, f"one of {', '.join(LAYER_MAPS)}, or layer numbers from 0 such as 1,3,5"
_DEVICES: Rule = (
    lambda value: value == "auto" or (isinstance(value, int) and (value == -1 or value > 0)),
    "auto, -1 (all) or a whole number from 1 up",
)
_CLIP: Rule = (lambda value: value is None or value > 0), "null or a number above 0"

_PROJECT: Rule = (lambda value: bool(value) and not set(value) & set("/\\#?%:")), "a name without / \\ # ? % :"

_RULES: dict[str, Rule] = {
    "seed": ((lambda value: 0 <= value < 2**32), "a whole number from 0 to 4294967295"),
    "task": _one_of(*TASKS),
    "data.source": _one_of("auto", "hub", "local", "embedded"),
    "data.limit.train": _at_least(1),
    "data.limit.validation": _at_least(1),
    "data.limit.test": _at_least(1),
    "data.holdout": _INNER_SHARE,
    "data.max_length": _at_least(4),
    "data.batch_size": _at_least(1),
    "data.batch_tokens": _at_least(1),
    "data.workers": _at_least(0),
    "teacher.vocab_size": _at_least(100),
    "student.init": _one_of("random", "teacher", "checkpoint"),
    "student.layers": _at_least(1),
    "student.layer_map": _LAYERS,
    "pretrain.mask_probability": _INNER_SHARE,
    "finetune.frozen_layers": _at_least(0),
    "finetune.lora.rank": _at_least(0),
    "finetune.lora.alpha": _POSITIVE,
    "finetune.lora.dropout": _SHARE,
    "distill.temperature": _POSITIVE,
    "distill.hard.weight": _NOT_NEGATIVE,
    "distill.soft.weight": _NOT_NEGATIVE,
    "distill.hidden.weight": _NOT_NEGATIVE,
    "distill.hidden.layer_map": _LAYERS,
    "evaluate.confidence": _INNER_SHARE,
    "evaluate.resamples": _at_least(100),
    "evaluate.latency_samples": _at_least(0),
    "trainer.accelerator": _one_of("auto", "cpu", "gpu", "cuda", "mps"),
    "trainer.devices": _DEVICES,
    "trainer.num_nodes": _at_least(1),
    "trainer.strategy": _one_of("auto", "ddp", "ddp_find_unused_parameters_true"),
    "trainer.precision": _one_of("32-true", "bf16-mixed", "16-mixed"),
    "trainer.accumulate_grad_batches": _at_least(1),
    "trainer.gradient_clip_val": _CLIP,
    "trainer.log_every_n_steps": _at_least(1),
    "checkpoint.every_n_train_steps": _at_least(1),
    "tracking.project": _PROJECT,
    "tracking.wandb": _one_of("auto", "online", "offline", "disabled"),
}
_RULES_OF_TRAINING: dict[str, Rule] = {
    "max_epochs": _at_least(1),
    "dropout": _SHARE,
    "optimizer.name": _one_of("adamw", "sgd"),
    "optimizer.lr": _POSITIVE,
    "optimizer.weight_decay": _NOT_NEGATIVE,
    "optimizer.momentum": _SHARE,
    "scheduler.name": _one_of("linear", "cosine", "constant"),
    "scheduler.warmup": _SHARE,
    "early_stopping.patience": _at_least(1),
    "early_stopping.min_delta": _NOT_NEGATIVE,
}
_RULES_OF_ARCHITECTURE: dict[str, Rule] = {
    name: _at_least(1) for name in ("layers", "hidden_size", "heads", "intermediate_size")
}
_EVERY_RULE: dict[str, Rule] = {
    **_RULES,
    **{f"{stage}.{key}": rule for stage in TRAINING_STAGES for key, rule in _RULES_OF_TRAINING.items()},
    **{f"{who}.architecture.{key}": r for who in ("teacher", "student") for key, r in _RULES_OF_ARCHITECTURE.items()},
}


def check(config: Config) -> None:
    """Return silently, or name every problem of the settings in one message.

    Raises:
        ConfigError: with one line a problem.
    """
    problems = [
        *_single(config),
        *_stages(config),
        *_sources(config),
        *_models(config),
        *_adaptation(config),
        *_objective(config),
    ]
    if problems:
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        raise ConfigError("\n  ".join([f"{count} in the settings", *problems]))


def _single(config: Config) -> Iterator[str]:
    for key, (holds, allowed) in _EVERY_RULE.items():
        value = reduce(getattr, key.split("."), config)
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
    if (student.init == "checkpoint") != (student.model is not None):
        yield f"student.init={student.init}: student.model=PATH goes with student.init=checkpoint, and only with it"
    if teacher.model is None and student.init == "teacher" and student.layers > teacher.architecture.layers:
        yield f"student.layers={student.layers}: the teacher has {teacher.architecture.layers} layers to give"


def _adaptation(config: Config) -> Iterator[str]:
    teacher = config.teacher
    if config.finetune.lora.rank and config.finetune.frozen_layers:
        yield "finetune.frozen_layers: adapters freeze every layer already; allowed is 0 where lora.rank is above 0"
    if config.pretrain.continued and (teacher.model is None or teacher.finetuned):
        yield "pretrain.continued=true: goes on from a checkpoint that is not fine-tuned yet; give teacher.model=PATH"


def _objective(config: Config) -> Iterator[str]:
    hard, soft, hidden = (term.weight for term in (config.distill.hard, config.distill.soft, config.distill.hidden))
    if not (hard or soft or hidden):
        yield "distill: the weights of hard, soft, hidden are all 0; at least one must be above 0"
    elif not (hard or soft):
        yield "distill: the weights of hard, soft are both 0, so nothing would teach the student's head"
    elif not (soft or hidden):
        yield "distill: the weights of soft, hidden are both 0, so nothing would come from the teacher"
