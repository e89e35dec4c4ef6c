"""Whether the settings belong to the task, and fit it."""

from collections.abc import Iterator

from distill.base.setting_rules import at, said, unknown
from distill.config.data import DataConfig
from distill.config.schema import Config
from distill.config.task_traits import TaskTrait, roles_of, task_or_first, tasks_with
from distill.objective.declaration import CLASS, SCORE
from distill.tasks import TASKS, Task


def _reads(task: Task) -> bool:
    return not task.writes


def _writes(task: Task) -> bool:
    return task.writes


def _scores(task: Task) -> bool:
    return task.kind == SCORE


def _labels(task: Task) -> bool:
    return not {"label", "labels", "tags"}.isdisjoint(task.roles.values())


SETTINGS_OF_TASKS: dict[str, TaskTrait] = {
    "distill.targets": lambda task: "target" in task.roles.values(),
    "distill.quantization": _reads,
    "generate.beams": _writes,
    "teacher.keep": _writes,
    "teacher.top_k": _writes,
    "data.score_range": _scores,
    "distill.soft.bounded": _scores,
    "data.unlabelled.path": _reads,
    "data.unlabelled.rest": _reads,
    "data.limit.per_label": lambda task: task.roles.get("label") == "label" and task.kind == CLASS,
    "data.labels": _labels,
    "teacher.labels_subset": _labels,
    "distill.temperature": lambda task: not _scores(task),
    "data.answerable": lambda task: "answers" in task.roles.values(),
    "evaluate.points": lambda task: task.metric_module(()) not in ("regression", "translation", "dialogue"),
    "data.class_weights": lambda task: _labels(task) and task.kind == CLASS,
}
"""Settings of some tasks only, and of which; all others leave them as they are."""


def _role_problems(data: DataConfig, task: Task) -> Iterator[str]:
    """Name each role to which a column is given, and which the task does not have."""
    if data.source == "embedded":  # where nothing but the task's roles is read
        return
    for key, columns in (("data.columns", data.columns), ("data.unlabelled.columns", data.unlabelled.columns)):
        roles = roles_of(key, task)
        yield from (unknown(f"{key}.{role}", roles) for role in columns if role not in roles)


def task_problems(config: Config) -> Iterator[str]:
    """Name each setting that belongs to other tasks, or does not fit this one."""
    if config.task not in TASKS:
        return  # a problem of its own; nobody knows what it reads
    for key, trait in SETTINGS_OF_TASKS.items():
        value, default = at(config, key), at(Config(), key)
        if value not in (default, None) and config.task not in (tasks := tasks_with(trait)):
            yield f"{key}={value}: belongs to {', '.join(tasks)}; allowed is {said(default)}"
    task, data = task_or_first(config.task), config.data
    yield from _role_problems(data, task)
    if config.metric is not None and config.metric not in task.leading:
        yield f"metric={config.metric}: allowed is {', '.join(task.leading)}"
    if task.family == "decoder" and data.max_target_length >= data.max_length:
        yield f"data.max_target_length={data.max_target_length}: allowed is less than data.max_length={data.max_length}"
    if task.family == "encoder-decoder" and data.max_target_length > data.max_length:
        yield f"data.max_target_length={data.max_target_length}: allowed is at most data.max_length={data.max_length}"
    scores = data.score_range
    if scores is not None and (len(scores) != 2 or not scores[0] < scores[1]):  # so that nan is none
        yield f"data.score_range={scores}: allowed is the lowest and the highest score"
