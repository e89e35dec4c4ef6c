"""What the settings ask of tasks, each of which alone says what it is."""

from collections.abc import Callable
from typing import TypeAlias

from distill.tasks import TASKS, Task, task

TaskTrait: TypeAlias = Callable[[Task], bool]
"""Tells whether a task has some property, such as that it writes text."""


def task_or_first(name: str) -> Task:
    """Return the task of this name, or the first of all tasks where the name, which is refused elsewhere, is unknown.

    >>> task_or_first("dialogue").writes, task_or_first("no such task").writes
    (True, False)
    """
    return task(name if name in TASKS else next(iter(TASKS)))


def roles_of(key: str, task: Task) -> tuple[str, ...]:
    """Return the roles whose columns a setting names; empty where it names none.

    >>> roles_of("data.columns", task_or_first("regression")), roles_of("data.labels", task_or_first("regression"))
    (('text', 'pair', 'label'), ())
    """
    return tuple({"data.columns": task.roles, "data.unlabelled.columns": task.inputs}.get(key, ()))


def tasks_with(trait: TaskTrait) -> tuple[str, ...]:
    """Return the names of the tasks that have a trait, in the order of the table of tasks.

    >>> tasks_with(lambda task: task.family == "encoder-decoder")
    ('translation', 'summarization')
    """
    return tuple(name for name in TASKS if trait(task(name)))
