"""Settings that nothing reads, as the others stand: refused, since whoever gives one expects it to matter."""

from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass

from distill.base.setting_rules import at, listed, said
from distill.config.adapting import LORA, VIRTUAL, AdaptingConfig, method
from distill.config.schema import Config
from distill.config.student import kind_or_first, kinds_with
from distill.config.task_traits import TaskTrait, tasks_with
from distill.config.training import TrainingConfig
from distill.student import STUDENTS, student_kind
from distill.tasks import TASKS

_STAGES = ("pretrain", "finetune", "distill")
_ADAPTING = ("finetune", "distill")
_READ_BY_TASKS: dict[str, TaskTrait] = {
    "data.stride": lambda task: task.windows,
    "data.max_target_length": lambda task: task.writes,
    "export.calibrate": lambda task: task.kind != "score" and not task.writes,
    "data.max_answer_length": lambda task: "answers" in task.roles.values(),
    "teacher.architecture.decoder_layers": lambda task: task.family == "encoder-decoder",
    "student.architecture.decoder_layers": lambda task: task.family == "encoder-decoder",
}
"""Settings, and the tasks that read them."""
_READ_WHERE: tuple[tuple[tuple[str, ...], Callable[[Config], bool], str], ...] = (
    (
        ("student.vocabulary_min_count", "student.vocabulary_size"),
        lambda config: config.student.vocabulary == "corpus",
        "student.vocabulary=corpus",
    ),
)
"""Settings, where they are read, and how that is said."""
_READ_IN_TRAINING: dict[str, tuple[Callable[[TrainingConfig], bool], str]] = {
    "optimizer.momentum": (lambda stage: stage.optimizer.name == "sgd", "optimizer.name=sgd"),
    "early_stopping.min_delta": (lambda stage: stage.early_stopping.patience is not None, "early_stopping.patience"),
}
"""The same of each training stage, by keys within its section."""
_READ_IN_ADAPTING: dict[str, tuple[Callable[[AdaptingConfig], bool], str]] = {
    "lora.alpha": (lambda stage: method(stage) == LORA, "adapters, {stage}.lora.rank above 0"),
    "lora.dropout": (lambda stage: method(stage) == LORA, "adapters, {stage}.lora.rank above 0"),
    "lora.targets": (lambda stage: method(stage) == LORA, "adapters, {stage}.lora.rank above 0"),
    "virtual_tokens": (lambda stage: stage.peft in VIRTUAL, "{stage}.peft=prefix or prompt"),
}
"""The same of each stage that may train a part of a model."""


def unread_setting_problems(config: Config) -> Iterator[str]:
    """Name each setting that differs from its default and is not read."""
    for key, trait in _READ_BY_TASKS.items() if config.task in TASKS else ():
        if is_changed(config, key) and config.task not in (tasks := tasks_with(trait)):
            yield _unread(config, key, listed(tasks))
    for keys, is_read, where in _READ_WHERE:
        if not is_read(config):
            yield from (_unread(config, key, where) for key in keys if is_changed(config, key))
    for key, where in _read_by_other_students(config):
        if is_changed(config, key):
            yield _unread(config, key, where)
    for stage in _STAGES:
        for name, (is_read_in, where) in _READ_IN_TRAINING.items():
            if not is_read_in(getattr(config, stage)) and is_changed(config, f"{stage}.{name}"):
                yield _unread(config, f"{stage}.{name}", f"{stage}.{where}")
    yield from _unread_of_adapting(config)


def _unread_of_adapting(config: Config) -> Iterator[str]:
    """Name each setting of a way to train a part of a model that is not the way that was chosen."""
    for stage in _ADAPTING:
        for name, (is_read_by, where) in _READ_IN_ADAPTING.items():
            if not is_read_by(getattr(config, stage)) and is_changed(config, f"{stage}.{name}"):
                yield _unread(config, f"{stage}.{name}", where.format(stage=stage))


def _read_by_other_students(config: Config) -> Iterator[tuple[str, str]]:
    """Return the keys that other kinds of students read, but not this one, each with where it is read.

    The size of a student from scratch is none of them, which cards of experiments set for all students.
    """
    own = {"architecture", *kind_or_first(config.student.init).settings}
    others = (name for init in STUDENTS for name in student_kind(init).settings if name not in own)
    for name in dict.fromkeys(others):
        key, section = f"student.{name}", getattr(config.student, name)
        inner = [f"{key}.{each.name}" for each in fields(section)] if is_dataclass(section) else [key]
        yield from ((each, students_that_read(name)) for each in inner)


def students_that_read(name: str) -> str:
    """Say which kinds of students read a setting."""
    return f"student.init={' or '.join(kinds_with(lambda kind: name in kind.settings))}"


def is_changed(config: Config, key: str) -> bool:
    """Tell whether a setting differs from its default."""
    return bool(at(config, key) != at(Config(), key))


def _unread(config: Config, key: str, where: str) -> str:
    return f"{key}={at(config, key)}: belongs to {where}; allowed is {said(at(Config(), key))}"
