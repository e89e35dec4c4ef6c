"""The stages of the chain, one file each: inputs in, an artifact out."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from distill.pipeline.context import Builder


@dataclass(frozen=True)
class Job:
    """One stage about to be made.

    Attributes:
        build: makes parts of the run's settings.
        folder: where its files go; on a second try it holds what the first one left.
        inputs: name of each stage it needs to that stage's folder.
        results: name of each such stage to what it found.
        title: what the run calls the stage; it names the teacher where there are several.
        is_finished: whether the store holds a stage of this name, whole.
    """

    build: Builder
    folder: Path
    inputs: Mapping[str, Path]
    results: Mapping[str, Mapping[str, Any]]
    title: str
    is_finished: Callable[[str], bool]


class Stage(Protocol):
    """What a module of this package offers."""

    RECIPE: int
    """Version of what it does: raised when the same settings begin to give another result."""

    def skipped(self, build: Builder) -> str | None:
        """Why this run does without the stage, or none."""

    def needs(self, build: Builder) -> list[str]:
        """The stages and checkpoints it reads."""

    def settings(self, build: Builder) -> dict[str, Any]:
        """Everything else that can change its result."""

    def run(self, job: Job) -> dict[str, Any]:
        """Make the files, on every rank; return what it found, for reports."""
