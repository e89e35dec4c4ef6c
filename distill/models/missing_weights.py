"""Refuse weights that are not those of the model: some are missing, or are of another task or of more layers."""

import re
import shlex
from collections.abc import Iterable
from pathlib import Path
from typing import TypedDict

import torch
from transformers import PreTrainedModel

from distill.errors import ModelError
from distill.models import foreign_checkpoints
from distill.models.configuration import from_config

_SHOWN = 3
"""Names of missing weights that a message shows."""


_WRAPPED = re.compile(r"(?:(?:module|_orig_mod|model)\.)+")
"""What data parallel training, compiling and Lightning leave before the names of weights."""
_TASKS = ("ForSequenceClassification", "ForTokenClassification", "ForQuestionAnswering", "ForMaskedLM")
"""How the names of classes with a head end: one of another task may have weights of the same names."""


class LoadingInfo(TypedDict):
    """What transformers says of loading weights: names without weights, weights without names, and other shapes.

    Attributes:
        missing_keys: names in the model that the checkpoint has no weights for.
        unexpected_keys: names in the checkpoint that the model has no place for.
        mismatched_keys: names of another shape, each with that of the checkpoint and that of the model.
    """

    missing_keys: set[str]
    unexpected_keys: set[str]
    mismatched_keys: set[tuple[str, tuple[int, ...], tuple[int, ...]]]


def refuse_random_weights(
    folder: Path, model: PreTrainedModel, info: LoadingInfo, *, finished: bool, labels: bool, way_out: str
) -> None:
    """Refuse a checkpoint that lacks weights, which transformers would leave random.

    Args:
        folder: the folder of the checkpoint.
        model: the model that was made of it.
        info: what transformers said of loading it.
        finished: whether it is used as it is: then the head must be its own, and fit.
        labels: whether the outputs of a head that is still to learn get other names, and so may be more or fewer.
        way_out: what to do about a head that is missing, for the message.

    Raises:
        ModelError: weights are missing, of another shape, or of a model with more layers.
    """
    name, head = type(model).__name__, head_weights(model)
    missing = sorted(info["missing_keys"])
    body = [key for key in missing if key not in head and not _pooler(key)]
    if body:
        _refuse_wrapped(folder, info)
        stranger = next(iter(sorted(info["unexpected_keys"])), None)
        instead = f", and holds {stranger} instead" if stranger else ""
        raise ModelError(
            f"{folder} lacks {len(body)} weights of {name}, such as {body[0]}{instead}; config.json and the weights "
            "are of different models, or some of these are not there"
        )
    for key, in_weights, by_config in sorted(info["mismatched_keys"]):
        if finished or key not in head or not labels:
            raise ModelError(
                f"{folder}: {key} is {_size(in_weights)} in the weights, but {_size(by_config)} by config.json; "
                "they are of different models"
            )
    if finished and missing:
        shown = ", ".join(missing[:_SHOWN]) + (" and others" if len(missing) > _SHOWN else "")
        what = foreign_checkpoints.describe_headless(folder, list(model.config.architectures or []), name)
        raise ModelError(f"{folder} has no weights of the head ({shown}), so it is not fine-tuned{what}; {way_out}")
    if finished:
        _all_layers(folder, model, sorted(info["unexpected_keys"]))
        _same_task(folder, model, way_out)


def _refuse_wrapped(folder: Path, info: LoadingInfo) -> None:
    """Refuse weights of the model whose names all have the same before them, left by what trained it."""
    prefixes = {match[0] if (match := _WRAPPED.match(name)) else "" for name in info["unexpected_keys"]}
    prefix = next(iter(prefixes), "")
    missing = info["missing_keys"]
    if prefix and len(prefixes) == 1 and any(name.removeprefix(prefix) in missing for name in info["unexpected_keys"]):
        target = f"{folder.resolve().name}-renamed"
        command = ["python", "-m", "distill.convert", f"model={folder}", f"output={target}"]
        raise ModelError(
            f"{folder}: the names of its weights begin with {prefix}, which what trained the model has left there; "
            f"take it off, and give {target} instead: {shlex.join(command)}"
        )


def _same_task(folder: Path, model: PreTrainedModel, way_out: str) -> None:
    """Refuse a head of another task, whose weights have the same names."""
    for architecture in model.config.architectures or []:
        saved_task = next((end for end in _TASKS if architecture.endswith(end)), None)
        asked_task = next((end for end in _TASKS if type(model).__name__.endswith(end)), None)
        if saved_task is not None and asked_task is not None and saved_task != asked_task:
            raise ModelError(
                f"{folder} is fine-tuned for another task: config.json says {architecture}, and this one asks a "
                f"{type(model).__name__}; {way_out}"
            )


def _all_layers(folder: Path, model: PreTrainedModel, unexpected: list[str]) -> None:
    """Refuse weights of layers that the configuration leaves out."""
    known = {re.sub(r"\.\d+\.", ".#.", name) for name in model.state_dict()}
    beyond = [name for name in unexpected if re.search(r"\.\d+\.", name) and re.sub(r"\.\d+\.", ".#.", name) in known]
    if beyond:
        raise ModelError(
            f"{folder} has more layers than its config.json says, such as {beyond[0]}; they are of different models"
        )


def head_weights(model: PreTrainedModel) -> set[str]:
    """Return the names of the weights that belong to the task, not to the model that every task shares."""
    prefix = f"{model.base_model_prefix}."
    names = set(model.state_dict())
    try:
        with torch.device("meta"):
            shared = set(from_config(model.config, "AutoModel").state_dict())
    except ModelError:  # an architecture of one task alone
        return {name for name in names if not name.startswith(prefix)}
    return {name for name in names if name not in shared and name.removeprefix(prefix) not in shared}


def _pooler(name: str) -> bool:
    """Return whether a weight belongs to a pooler, which a model has only where a task asks for it."""
    return ".pooler." in f".{name}"


def _size(shape: Iterable[int]) -> str:
    return " × ".join(map(str, shape)) or "one number"
