"""Settings of learning from text without labels, and whether they make sense."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from distill.base.setting_rules import one_of, setting
from distill.config.task_traits import task_or_first, tasks_with
from distill.objective.declaration import SCORE
from distill.objective.settings import active
from distill.tasks import Task

if TYPE_CHECKING:
    from distill.config.schema import Config


@dataclass
class LearningUnlabelledConfig:
    """How the student learns from text without labels, of `data.unlabelled` and of `augment`."""

    threshold: float | None = setting(
        None, ((lambda value: value is None or 0 < value < 1), "null, or a number between 0 and 1"),
        "The probability of its likeliest label from which on the teacher is sure enough of a text to be followed "
        "there; of several words or labels, that of the least sure. Other texts are left out, counted in log and "
        "report. None: all are learnt from.",
    )  # fmt: skip
    labels: str = setting(
        "soft", one_of("soft", "hard"),
        "soft | hard: soft follows the teacher's outputs alone; hard takes its likeliest labels for those of the "
        "texts, too, so that `distill.hard` counts them (pseudo-labels, Lee 2013).",
    )  # fmt: skip
    rounds: int = setting(
        1, ((lambda value: 1 <= value <= 100), "a whole number from 1 to 100"),
        "Rounds of self-training: from the second on, a new student learns, whose teacher of these texts is the "
        "student of the round before; hidden states, where a term reads them, stay the teacher's.",
    )  # fmt: skip
    compare: bool = True
    """Train the same student on train alone as well, for as many steps and with the same teacher, and compare both, so
    that the report says what the texts were worth."""


def has_labels(task: Task) -> bool:
    """Return whether a row of a task is given labels that one can be more or less sure of."""
    return task.class_axis == "labels" and task.kind != SCORE and not task.writes


def unlabelled_problems(config: "Config") -> Iterator[str]:
    """Name each setting of text without labels that nothing reads, or that the task or the objective cannot follow."""
    section, task = config.distill.unlabelled, task_or_first(config.task)
    usual = LearningUnlabelledConfig()
    changed = {
        name: value
        for name in ("threshold", "labels", "rounds")
        if (value := getattr(section, name)) != getattr(usual, name)
    }
    if not config.data.unlabelled.given and not config.augment.methods:
        where = "text without labels; give it as data.unlabelled.path=FILE, or make it by augment.methods"
        yield from (f"distill.unlabelled.{name}={value}: belongs to {where}" for name, value in changed.items())
        return
    for name in ("threshold", "labels"):
        if name in changed and not has_labels(task):
            given = f"distill.unlabelled.{name}={changed[name]}"
            allowed = {None: "null"}.get(getattr(usual, name), getattr(usual, name))
            yield f"{given}: belongs to {', '.join(tasks_with(has_labels))}; allowed is {allowed}"
    if section.labels == "hard" and "hard" not in active(config.distill):
        yield "distill.unlabelled.labels=hard: is what distill.hard counts, whose weight is 0; give it one above 0"
    if section.rounds > 1 and task.class_axis != "labels":
        yield f"distill.unlabelled.rounds={section.rounds}: {config.task} compares token by token; allowed is 1"
