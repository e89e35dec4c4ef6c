"""What a model's folder says that it was made for: task, labels, lengths, columns and ways of writing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from distill.base.setting_rules import PROBABILITY
from distill.errors import ConfigError, ModelError
from distill.models import length_limit
from distill.models.origins import said_beside
from distill.models.task_metadata import read_form
from distill.tasks import TASKS, EncodingSpec, Task, task

_LENGTHS = ("max_length", "max_target_length", "stride", "max_answer_length", "unanswerable", "threshold")


@dataclass(frozen=True)
class FolderForm:
    """What a model was made for.

    Attributes:
        name: of the task.
        task: what it predicts.
        spec: labels and limits of length.
        generation: how it writes, in the words of transformers' ``generate``.
        columns: input to the name that its column had in training.
    """

    name: str
    task: Task
    spec: EncodingSpec
    generation: Mapping[str, int]
    columns: Mapping[str, str]

    @property
    def outputs(self) -> list[str]:
        """Return the names of the head's outputs in the task's order; empty where the head brings its own."""
        return self.task.outputs(self.spec.labels) if self.spec.labels else []

    def with_threshold(self, threshold: float | None) -> "FolderForm":
        """Return the same, but that labels are given above another probability; none leaves it as it is.

        Raises:
            ConfigError: it is no probability, or the task does not read it.
        """
        if threshold is None:
            return self
        holds, words = PROBABILITY
        if not holds(threshold):
            raise ConfigError(f"threshold={threshold}: allowed is {words}")
        if self.task.kind != "labels":
            raise ConfigError(
                f"threshold={threshold}: it decides on labels of which a text may have several, and the task is "
                f"{self.name}; leave it out"
            )
        return replace(self, spec=replace(self.spec, threshold=threshold))


def folder_form(
    folder: Path, outputs: Sequence[str], most: int | None, name: str | None, max_length: int | None
) -> FolderForm:
    """Return what a folder says of its model, completed by what is given.

    Args:
        folder: exported by a run, of a stage, or any other.
        outputs: the names of the head's outputs, in its order.
        most: the number of tokens that the model reads at most, if it has a limit.
        name: the name of the task, for a folder that does not say.
        max_length: tokens of a text, for a folder that does not say.

    Raises:
        ModelError: the folder does not say what is needed, and it is not given; it says another task; or a length does
            not fit.
    """
    known = said_beside(folder) | read_form(folder)
    name = name or known.get("task")
    if name is None:
        raise ModelError(f"{folder} does not say what it predicts; give it as task=NAME: {', '.join(TASKS)}")
    if name not in TASKS:
        raise ModelError(f"task={name}: allowed is one of {', '.join(TASKS)}")
    if name != (own := known.get("task", name)):
        raise ModelError(f"task={name}: {folder} holds a model of the task {own}; leave task out")
    module = task(name)
    labels = tuple(known.get("labels", outputs if module.outputs(outputs) == list(outputs) else ()))
    if not labels and len(module.outputs(["some"])) > len(module.outputs([])):
        raise ModelError(f"{folder} does not say which labels it predicts")
    spec = _spec(labels, known, most, max_length)
    if module.family == "decoder" and spec.max_target_length >= spec.max_length:
        raise ModelError(f"max_length={spec.max_length}: a reply alone may have {spec.max_target_length} tokens")
    writing = known.get("generation") or {"num_beams": 1, "max_new_tokens": spec.max_target_length}
    return FolderForm(name, module, spec, writing, known.get("columns", {}))


def _spec(labels: tuple[str, ...], known: Mapping[str, Any], most: int | None, max_length: int | None) -> EncodingSpec:
    """Return lengths and labels as the folder says, or else the usual ones as far as the model reads."""
    limits = {key: known[key] for key in _LENGTHS if key in known}
    if max_length is not None:
        length_limit.refuse_beyond(most, max_length, "model", "max_length")
        limits["max_length"] = max_length
    elif "max_length" in limits:
        length_limit.refuse_beyond(most, limits["max_length"], "model", "max_length of config.json")
    limits.setdefault("max_length", min(EncodingSpec.max_length, most or EncodingSpec.max_length))
    return EncodingSpec(labels, **limits)
