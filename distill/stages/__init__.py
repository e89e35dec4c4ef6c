"""Offer the stages of a run by name, one file each; a stage reads inputs and leaves an artifact."""

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import cast

from distill.stages.job import Stage

NAMES = ("pretrain", "finetune", "teach", "distill", "control", "evaluate", "export")
"""All stages in their order; each is a module of this package, which fulfils ``Stage``."""


class _Table(Mapping[str, Stage]):
    """Stages by name, imported when they are asked for."""

    def __getitem__(self, name: str) -> Stage:
        if name not in NAMES:
            raise KeyError(name)
        return cast(Stage, import_module(f"{__name__}.{name}"))

    def __iter__(self) -> Iterator[str]:
        return iter(NAMES)

    def __len__(self) -> int:
        return len(NAMES)


STAGES: Mapping[str, Stage] = _Table()
"""Every stage by its name, in order."""
