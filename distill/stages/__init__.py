"""Offer the stages of a run by name, one file each; a stage reads inputs and leaves an artifact."""

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import cast

from distill.config.schema import STAGES as _NAMES
from distill.stages.job import Stage


class _Table(Mapping[str, Stage]):
    """Stages by name, each a module of this package, imported when they are asked for."""

    def __getitem__(self, name: str) -> Stage:
        if name not in _NAMES:
            raise KeyError(name)
        return cast(Stage, import_module(f"{__name__}.{name}"))

    def __iter__(self) -> Iterator[str]:
        return iter(_NAMES)

    def __len__(self) -> int:
        return len(_NAMES)


STAGES: Mapping[str, Stage] = _Table()
"""Every stage by its name, in the order of the settings."""
