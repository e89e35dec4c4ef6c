"""Load and save checkpoints: safetensors only, no code from strangers, nothing silently left random."""

import json
import os
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
import transformers
from safetensors import SafetensorError
from transformers import PretrainedConfig, PreTrainedModel, PreTrainedTokenizerBase

from distill.errors import ModelError
from distill.models import length_limit, missing_weights, safetensors_headers, tokenizer_files, virtual_tokens
from distill.models.checkpoint_fitting import (
    fit_outputs,
    fit_tokenizer,
    fit_tokens,
)
from distill.models.checkpoint_folders import FILES as FILES
from distill.models.checkpoint_folders import resolve as resolve
from distill.models.configuration import configuration as configuration
from distill.models.configuration import from_config as from_config
from distill.models.configuration import headless, library_message
from distill.models.dropout import set_dropout
from distill.models.finite_values import not_finite
from distill.models.label_columns import output_names
from distill.models.task_metadata import FORM as FORM
from distill.models.warm_start import grow, warm_start
from distill.types import Kind

os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")  # forked data workers would warn at every start
transformers.logging.set_verbosity_error()  # type: ignore[no-untyped-call]
transformers.logging.disable_progress_bar()  # type: ignore[no-untyped-call]
warnings.filterwarnings("ignore", "Recommended: pip install sacremoses")  # Marian's tokenizer never asks what it brings

_PROBLEMS: Mapping[Kind, Any] = {
    "class": "single_label_classification",
    "labels": "multi_label_classification",
    "score": "regression",
}
"""What transformers calls the kinds of rows."""


def load_tokenizer(folder: Path, markers: Sequence[str] = (), places_for: str | None = None) -> PreTrainedTokenizerBase:
    """Return the checkpoint's tokenizer; one without a padding token pads with its end token.

    Args:
        folder: the folder of the checkpoint.
        markers: texts that become tokens of their own, where the tokenizer does not know them.
        places_for: the task that asks which words or characters a token stands for; ``None`` if it does not.

    Raises:
        ModelError: there is none, it cannot fill up a batch, or it cannot tell the places of its tokens.
    """
    return fit_tokenizer(tokenizer_files.load(folder), folder, markers, places_for)


def load_model(
    folder: Path,
    head: str,
    *,
    labels: Sequence[str] = (),
    kind: Kind = "class",
    dropout: float | None = None,
    tokenizer: PreTrainedTokenizerBase | None = None,
    dtype: torch.dtype = torch.float32,
    new_head: bool | None = None,
    named: Sequence[str] = (),
) -> PreTrainedModel:
    """Load the model of a checkpoint with a task head.

    Args:
        folder: the folder of the checkpoint.
        head: the name of transformers' class, such as AutoModelForSequenceClassification.
        labels: names of the outputs; empty keeps the checkpoint's own. A head that has them in another order is put
            in this one; of a head that has some of them, these keep their weights.
        kind: what a row of outputs means, where they are named.
        dropout: the dropout of hidden states and attention in training; ``None`` keeps the checkpoint's own.
        tokenizer: its tokens get embeddings, random ones where the checkpoint has none, and the model learns
            from it what padding is.
        dtype: the type of the weights in memory: float32, or float64 for training in double precision.
        new_head: whether the head is still to learn: where the checkpoint has none, it starts random. The default is
            whether its outputs get names.
        named: names of the outputs that the checkpoint has, where its configuration does not name them.

    Raises:
        ModelError: weights that nobody will train are missing or no numbers, or the architecture has no such head.
    """
    config = configuration(folder)
    had = list(named) or output_names(config)
    start = warm_start(config, head, labels, named)
    if labels:
        name_labels(config, labels, kind)
    if dropout is not None:
        set_dropout(config, dropout)
    finished = not labels if new_head is None else not new_head
    loaded, info = _from_pretrained(folder, config, head, dtype)
    way_out = "give a folder that was saved after fine-tuning"
    missing_weights.refuse_random_weights(folder, loaded, info, finished=finished, labels=bool(labels), way_out=way_out)
    virtual_tokens.restore(loaded, folder)
    if (name := not_finite(dict(loaded.named_parameters()), least=-torch.inf)) is not None:
        raise safetensors_headers.not_finite_error(folder, name)
    if start is not None and start.grows:
        as_many = len(had) == len(labels)
        old = loaded if as_many else _from_pretrained(folder, configuration(folder), head, dtype)[0]
        grow(loaded, old, start)
    else:
        fit_outputs(loaded, had, labels)
    if tokenizer is not None:
        fit_tokens(loaded, tokenizer)
    return loaded


def _from_pretrained(
    folder: Path, config: PretrainedConfig, head: str, dtype: torch.dtype
) -> tuple[PreTrainedModel, missing_weights.LoadingInfo]:
    """Return the model of a checkpoint, and what transformers says of loading it."""
    try:
        with headless(config, head, f"{folder}: "):
            return getattr(transformers, head).from_pretrained(  # type: ignore[no-any-return]
                folder,
                config=config,
                use_safetensors=True,
                local_files_only=True,
                trust_remote_code=False,
                dtype=dtype,
                ignore_mismatched_sizes=True,
                output_loading_info=True,
            )
    except (SafetensorError, OSError) as error:
        raise ModelError(
            f"{folder}: its weights cannot be read ({library_message(error)}); fetch or copy them again"
        ) from error


def save_form(folder: Path, form: Mapping[str, object]) -> None:
    """Write into ``config.json`` what the model was made for: its task, labels and limits of length."""
    path = folder / "config.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**content, FORM: dict(form)}, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def name_labels(config: PretrainedConfig, labels: Sequence[str], kind: Kind) -> None:
    """Give the outputs of a configuration their names, and say whether they exclude each other."""
    config.problem_type = _PROBLEMS[kind]
    config.id2label = dict(enumerate(labels))
    config.label2id = {name: index for index, name in enumerate(labels)}


def save(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, folder: Path) -> None:
    """Write model and tokenizer as a Hugging Face folder with safetensors.

    Raises:
        ModelError: a weight is no finite number.
    """
    if (name := not_finite(dict(model.named_parameters()))) is not None:
        raise ModelError(f"the model's weights are not finite, such as {name}: it is not written to {folder}")
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def inside_bounds(config: PretrainedConfig, max_length: int, who: str, key: str = "data.max_length") -> None:
    """Refuse a length of texts that exceeds the positions of a model.

    Raises:
        ModelError: ``max_length`` tokens do not fit.
    """
    length_limit.refuse_beyond(bound(config), max_length, who, key)


def bound(config: PretrainedConfig) -> int | None:
    """Return the number of tokens that a model reads at most, if it has a limit."""
    return length_limit.limit(lambda name: getattr(config, name, None))


def parameters(model: PreTrainedModel) -> int:
    """Return how many weights a model has, tied ones counted once."""
    return sum(parameter.numel() for parameter in model.parameters())
