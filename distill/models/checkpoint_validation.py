"""Check that a checkpoint is the model it is said to be, by its configuration and the shapes of its weights alone."""

import logging
import math
import re
from collections.abc import Iterable
from pathlib import Path
from typing import TypedDict, cast

import torch
from torch import nn
from transformers import PretrainedConfig, PreTrainedModel, PreTrainedTokenizerBase

from distill.errors import ModelError
from distill.models import foreign_checkpoints, safetensors_headers
from distill.models.configuration import check_generation, from_config, library_message
from distill.models.json_objects import read_object
from distill.models.tokenizer_checks import refuse_strange_tokens
from distill.types import Kind

log = logging.getLogger(__name__)

_SPARE = 1 << 28
"""Numbers that a model may make of its configuration alone, however few its weights are."""
_SHARED_LAYERS = 64
"""Layers that a model may have beyond the number of its weights."""
_SHOWN = 3
"""Names of missing weights that a message shows."""
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


def inspect(
    folder: Path,
    config: PretrainedConfig,
    head: str,
    tokenizer: PreTrainedTokenizerBase,
    *,
    finished: bool,
    labels: bool,
    way_out: str,
) -> None:
    """Compare a checkpoint with the model that it would become, without its weights' values or memory for them.

    Args:
        folder: the folder of the checkpoint.
        config: its configuration.
        head: the name of transformers' class for the task.
        tokenizer: its tokenizer.
        finished: whether it is used as it is: then the head must be its own, and fit.
        labels: whether the outputs of a head that is still to learn get other names, and so may be more or fewer.
        way_out: what to do about a head that is missing, for the message.

    Raises:
        ModelError: it is another model than its configuration says, or has no head though it is finished.
    """
    tensors = safetensors_headers.read_headers(folder)
    _refuse_layers(folder, config, len(tensors))
    model = model_on_meta(folder, config, head)
    _refuse_buffers(folder, model, sum(math.prod(header.shape) for header in tensors.values()))
    try:
        loaded: tuple[PreTrainedModel, LoadingInfo] = type(model).from_pretrained(  # type: ignore[assignment]
            None,
            config=config,
            state_dict=safetensors_headers.without_values(tensors),
            device_map={"": "meta"},
            ignore_mismatched_sizes=True,
            output_loading_info=True,
            dtype=torch.float32,
        )
    except Exception as error:
        raise ModelError(
            f"{folder}: its weights do not become a {type(model).__name__} ({library_message(error)})"
        ) from error
    model, info = loaded
    try:
        refuse_random_weights(folder, model, info, finished=finished, labels=labels, way_out=way_out)
    except ModelError as error:
        raise ModelError(f"{error}{_own_code(folder)}") from error
    if _names_code(folder):
        log.warning("%s names code of its own, which is never run: it is read as %s", folder, type(model).__name__)
    if model.can_generate():
        check_generation(folder)
    rows = len(cast(nn.Embedding, model.get_input_embeddings()).weight)
    refuse_strange_tokens(folder, tokenizer, config, rows, head=head, finished=finished)


def refuse_other_outputs(folder: Path, config: PretrainedConfig, kind: Kind) -> None:
    """Refuse a finished head that says labels where a score is asked for, or one number where labels are.

    Raises:
        ModelError: the head is of the other kind.
    """
    count = config.num_labels
    if kind == "score" and count != 1:
        raise ModelError(
            f"{folder} has {count} outputs, and a score is one: give a model that was fine-tuned for scores"
        )
    if kind == "class" and count == 1:
        raise ModelError(f"{folder} has one output, which is a score: give a model that was fine-tuned for labels")


def _names_code(folder: Path) -> bool:
    return bool(read_object(folder / "config.json").get("auto_map"))


def _own_code(folder: Path) -> str:
    library_message = " (its config.json names code of its own, and the code of a checkpoint is never run)"
    return library_message if _names_code(folder) else ""


def _refuse_layers(folder: Path, config: PretrainedConfig, tensors: int) -> None:
    """Refuse far more layers than there are weights, since it takes minutes to find out which of these are missing.

    Raises:
        ModelError: there are; some models use the same layer again, so that a few more are taken.
    """
    layers = getattr(config, "num_hidden_layers", None)
    if isinstance(layers, int) and layers > tensors + _SHARED_LAYERS:
        raise ModelError(
            f"{folder}: config.json says {layers:,} layers, and there are {tensors:,} weights; they are of different "
            "models"
        )


def _refuse_buffers(folder: Path, model: PreTrainedModel, weights: int) -> None:
    """Refuse a configuration that makes far more beside the weights, such as sines of all positions.

    Raises:
        ModelError: these buffers are far larger than the weights.
    """
    sizes = {name: buffer.numel() for name, buffer in model.named_buffers()}
    if sum(sizes.values()) > _SPARE + 4 * weights:
        name = max(sizes, key=lambda buffer: sizes[buffer])
        raise ModelError(
            f"{folder}: config.json asks for {sum(sizes.values()):,} numbers beside the {weights:,} of the weights, "
            f"most of them for {name}: its sizes are not those of the model"
        )


def model_on_meta(folder: Path, config: PretrainedConfig, head: str) -> PreTrainedModel:
    """Return the model of a configuration on the meta device, which takes no memory.

    Raises:
        ModelError: none can be made of it, or not with this head.
    """
    try:
        with torch.device("meta"):
            return from_config(config, head)
    except ModelError as error:
        raise ModelError(f"{folder}: {error}") from error
    except Exception as error:  # a configuration can be wrong in any way
        raise ModelError(f"{folder}: no model can be made of its config.json ({library_message(error)})") from error


def refuse_random_weights(
    folder: Path, model: PreTrainedModel, info: LoadingInfo, *, finished: bool, labels: bool, way_out: str
) -> None:
    """Refuse a checkpoint that lacks weights, which transformers would leave random; see ``inspect``.

    Args:
        folder: the folder of the checkpoint.
        model: the model that was made of it.
        info: what transformers said of loading it.
        finished: whether it is used as it is, see ``inspect``.
        labels: whether its outputs get other names, see ``inspect``.
        way_out: what to do about a head that is missing, see ``inspect``.

    Raises:
        ModelError: weights are missing, of another shape, or of a model with more layers.
    """
    name, head = type(model).__name__, head_weights(model)
    missing = sorted(info["missing_keys"])
    body = [key for key in missing if key not in head and not _pooler(key)]
    if body:
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
