"""What is predicted: how a task is read, encoded, collated, aligned into rows and decoded. One file a task."""

from collections.abc import Mapping
from importlib import import_module
from types import ModuleType

TASKS: Mapping[str, str] = {
    "classification": "distill.tasks.classification",
    "masked_language_modeling": "distill.tasks.masked_language_modeling",
}


def task(name: str) -> ModuleType:
    """The module of a task."""
    return import_module(TASKS[name])
