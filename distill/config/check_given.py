"""Settings that the command line gives and nothing reads, though a card may set them for the runs that do."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import fields

from distill.config.ensemble import FIRST, teachers
from distill.config.schema import Config
from distill.config.task_traits import known
from distill.objective.declaration import SCORE
from distill.objective.settings import active, terms_with_temperature

_FROM_SCRATCH = ("architecture", "vocab_size", "lowercase")
"""What of a teacher a checkpoint brings itself."""


def given(config: Config, overrides: Sequence[str]) -> Iterator[str]:
    """Name each of the ``overrides`` that is not read."""
    unread = _unread(config)
    for override in overrides:
        found = re.match(r"\+*([\w.]+)=", override)
        for key, where in unread.items():
            if found and f"{found[1]}.".startswith(f"{key}."):
                yield f"{override}: belongs to {where}; leave it out"


def _unread(config: Config) -> dict[str, str]:
    """Keys that only the command line is blamed for, and where they are read."""
    found: dict[str, str] = {}
    for name, teacher in teachers(config).items():
        who = "teacher" if name == FIRST else f"more_teachers.{name}"
        if teacher.model is not None:
            found |= {f"{who}.{each}": f"a teacher from scratch, {who}.model=null" for each in _FROM_SCRATCH}
    every = teachers(config).values()
    if all(teacher.model is not None for teacher in every) and not config.pretrain.continued:
        names = (each.name for each in fields(config.pretrain) if each.name != "continued")
        found |= dict.fromkeys(
            (f"pretrain.{each}" for each in names), "a teacher from scratch, or pretrain.continued=true"
        )
    if all(teacher.finetuned for teacher in every):
        found["finetune"] = "a teacher that is not fine-tuned yet"
    if config.student.init not in ("random", "narrow"):
        found["student.architecture"] = "student.init=random or narrow"
    kind = known(config.task).kind
    if kind != SCORE and active(config.distill) and not terms_with_temperature(config.distill, kind):
        found["distill.temperature"] = "terms that have one, such as soft"
    return found
