"""Settings of the stage that makes new texts without labels of those there are."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from distill.base.setting_rules import INNER_FRACTION, Rule, allowed, at_least, one_of, setting
from distill.config.task_traits import task_or_first, tasks_with
from distill.tasks import Task

if TYPE_CHECKING:
    from distill.config.schema import Config

METHODS = ("masked_lm", "ngrams", "dropping")
_METHODS: Rule = (
    lambda value: len(set(value)) == len(value) and set(value) <= set(METHODS),
    f"any of {', '.join(METHODS)}, each once, or []",
)


@dataclass
class AugmentConfig:
    """New texts made of those of train, for which only the teacher has an answer."""

    methods: list[str] = field(default_factory=list, metadata=allowed(_METHODS))
    """masked_lm: words replaced by what a masked language model would say there (TinyBERT, Jiao et al. 2020), that of
    the stage `pretrain` or of the teacher's checkpoint. ngrams: a run of a text's words (Tang et al. 2019). dropping:
    a text without some of its words. None: []."""
    of: str = setting(
        "train", one_of("train", "all"),
        "train | all: which texts new ones are made of; all takes those of `data.unlabelled` as well.",
    )  # fmt: skip
    copies: int = setting(1, at_least(1), "New texts that each method makes of each text.")
    share: float = setting(0.15, INNER_FRACTION, "Share of the words that masked_lm replaces and dropping leaves out.")
    candidates: int = setting(15, at_least(1), "Words among which masked_lm draws, by their probability.")
    longest: int = setting(5, at_least(1), "Words that a run of ngrams has at most.")


_READ_BY = {"share": ("masked_lm", "dropping"), "candidates": ("masked_lm",), "longest": ("ngrams",)}
"""Settings, and the methods that read them."""


def may_augment(task: Task) -> bool:
    """Return whether a text of a task is still one where words are missing or others."""
    return not task.writes and set(task.inputs.values()) <= {"text", "texts"} and task.class_axis == "labels"


def augment_problems(config: "Config") -> Iterator[str]:
    """Name each setting of augmentation that nothing reads, or that the task cannot have."""
    section, usual, task = config.augment, AugmentConfig(), task_or_first(config.task)
    if section.methods and not may_augment(task):
        tasks = ", ".join(tasks_with(may_augment))
        why = f"words that mark, answer or are written would be missing in {config.task}"
        yield f"augment.methods={section.methods}: {why}; it is for {tasks}"
    if "masked_lm" in section.methods and _pretrains(config) and not config.pretrain.max_epochs:
        yield "augment.methods: masked_lm asks the model that pretrain makes, but pretrain.max_epochs=0 trains none"
    for name, methods in {"of": METHODS, "copies": METHODS, **_READ_BY}.items():
        value = getattr(section, name)
        if value != getattr(usual, name) and not set(methods) & set(section.methods):
            yield f"augment.{name}={value}: belongs to augment.methods with {' or '.join(methods)}"
    if section.methods and section.of == "all" and not config.data.unlabelled.given:
        yield "augment.of=all: there is no text without labels; give it as data.unlabelled.path=FILE, or leave it out"


def _pretrains(config: "Config") -> bool:
    return config.teacher.model is None or config.pretrain.continued
