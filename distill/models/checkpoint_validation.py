"""Check that a checkpoint is the model it is said to be, by its configuration and the shapes of its weights alone."""

import logging
import math
from pathlib import Path
from typing import cast

import torch
from torch import nn
from transformers import PretrainedConfig, PreTrainedModel, PreTrainedTokenizerBase

from distill.errors import ModelError
from distill.models import safetensors_headers
from distill.models.configuration import check_generation, from_config, library_message
from distill.models.json_objects import read_object
from distill.models.missing_weights import LoadingInfo, refuse_random_weights
from distill.models.tokenizer_checks import refuse_strange_tokens
from distill.types import Kind

log = logging.getLogger(__name__)

_SPARE = 1 << 28
"""Numbers that a model may make of its configuration alone, however few its weights are."""
_SHARED_LAYERS = 64
"""Layers that a model may have beyond the number of its weights."""


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
