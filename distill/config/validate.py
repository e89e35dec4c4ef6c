"""Do the settings make sense? All problems at once, each with its dotted key, what came, and what is allowed."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace

from distill.base.setting_rules import Rule, at, rules_of
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
from distill.config.schema import STAGES, Config, StudentConfig
from distill.errors import ConfigError

_RULES: dict[str, Rule] = dict(rules_of(Config))
"""What single settings may be, each by its dotted key."""


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
    for key, (holds, allowed) in _RULES.items():
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
    if data.path is None and data.unlabelled.path is None and data.delimiter is not None:
        yield f"data.delimiter={data.delimiter}: belongs to files; give them as data.path=FOLDER"
    if data.path is None and (data.hub is None or data.source == "embedded"):
        for split, given in asdict(data.files).items():
            if given is not None and "|" not in str(given):
                yield f"data.files.{split}={given}: belongs to files; give their folder as data.path=FOLDER"
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
    for key, does in (("labels_subset", "chooses among the outputs of"), ("accept", "goes on with")):
        if getattr(teacher, key) and not teacher.finetuned:
            yield f"teacher.{key}=true: {does} a fine-tuned checkpoint; it needs teacher.finetuned=true"


def _adaptation(config: Config) -> Iterator[str]:
    teacher = config.teacher
    if config.finetune.lora.rank and config.finetune.frozen_layers:
        yield "finetune.frozen_layers: adapters freeze every layer already; allowed is 0 where lora.rank is above 0"
    if config.pretrain.continued and (teacher.model is None or teacher.finetuned):
        yield "pretrain.continued=true: goes on from a checkpoint that is not fine-tuned yet; give teacher.model=PATH"
