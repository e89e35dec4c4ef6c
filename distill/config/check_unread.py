"""Settings that nothing reads, as the others stand: refused, since whoever gives one expects it to matter."""

from collections.abc import Callable, Iterator
from typing import Any

from distill.base.setting_rules import at, listed, said
from distill.config.schema import Config
from distill.config.task_traits import TaskTraits, those
from distill.tasks import TASKS

_STAGES = ("pretrain", "finetune", "distill")
_READ_BY: dict[str, TaskTraits] = {
    "data.stride": lambda task: task.windows,
    "data.max_target_length": lambda task: task.writes,
    "data.max_answer_length": lambda task: "answers" in task.roles.values(),
    "teacher.architecture.decoder_layers": lambda task: task.family == "encoder-decoder",
    "student.architecture.decoder_layers": lambda task: task.family == "encoder-decoder",
}
"""Settings, and the tasks that read them."""
_READ: tuple[tuple[tuple[str, ...], Callable[[Config], bool], str], ...] = (
    (("student.layers",), lambda config: config.student.init == "teacher", "student.init=teacher"),
    (
        ("student.layer_map",), lambda config: config.student.init in ("teacher", "narrow"),
        "student.init=teacher or narrow",
    ),
    (
        tuple(f"student.lstm.{name}" for name in ("layers", "hidden_size", "embedding_size")),
        lambda config: config.student.init == "bilstm", "student.init=bilstm",
    ),
    (
        ("finetune.lora.alpha", "finetune.lora.dropout"), lambda config: config.finetune.lora.rank > 0,
        "adapters, finetune.lora.rank above 0",
    ),
)  # fmt: skip
"""Settings, where they are read, and how that is said."""
_READ_OF_TRAINING: dict[str, tuple[Callable[[Any], bool], str]] = {
    "optimizer.momentum": (lambda section: section.optimizer.name == "sgd", "optimizer.name=sgd"),
    "early_stopping.min_delta": (
        lambda section: section.early_stopping.patience is not None, "early_stopping.patience",
    ),
}  # fmt: skip
"""The same of each training stage."""


def unread(config: Config) -> Iterator[str]:
    """Name each setting that differs from its default and is not read."""
    for key, fact in _READ_BY.items() if config.task in TASKS else ():
        if _changed(config, key) and config.task not in (tasks := those(fact)):
            yield _belongs(config, key, listed(tasks))
    for keys, read, where in _READ:
        if not read(config):
            yield from (_belongs(config, key, where) for key in keys if _changed(config, key))
    for stage in _STAGES:
        for name, (read_of, where) in _READ_OF_TRAINING.items():
            if not read_of(getattr(config, stage)) and _changed(config, f"{stage}.{name}"):
                yield _belongs(config, f"{stage}.{name}", f"{stage}.{where}")


def _changed(config: Config, key: str) -> bool:
    return bool(at(config, key) != at(Config(), key))


def _belongs(config: Config, key: str, where: str) -> str:
    return f"{key}={at(config, key)}: belongs to {where}; allowed is {said(at(Config(), key))}"
