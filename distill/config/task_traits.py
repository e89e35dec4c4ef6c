"""What the settings ask of tasks, each of which alone says what it is."""

from collections.abc import Callable
from typing import TypeAlias

from distill.tasks import TASKS, Task, task

TaskTraits: TypeAlias = Callable[[Task], bool]
"""Something that holds of a task or not."""


def known(name: str) -> Task:
    """A task by its name; where there is none of that name, which is a problem of its own, the first of all."""
    return task(name if name in TASKS else next(iter(TASKS)))


def those(fact: TaskTraits) -> tuple[str, ...]:
    """The names of the tasks of which it holds, in the order of the table.

    >>> those(lambda task: task.family == "encoder-decoder")
    ('translation', 'summarization')
    """
    return tuple(name for name in TASKS if fact(task(name)))
