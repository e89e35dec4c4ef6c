"""Checkpoints from a folder or the hub: safetensors only, no code from strangers, nothing silently left random."""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
import transformers
from huggingface_hub import snapshot_download
from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError
from transformers import AutoConfig, AutoTokenizer, PretrainedConfig, PreTrainedModel, PreTrainedTokenizerBase

from distill.errors import ModelError
from distill.models.dropout import set_dropout
from distill.models.fitting import fit_outputs, fit_tokenizer, fit_tokens, output_names
from distill.types import Kind

os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")  # forked data workers would warn at every start
transformers.logging.set_verbosity_error()  # type: ignore[no-untyped-call]
transformers.logging.disable_progress_bar()  # type: ignore[no-untyped-call]

FILES = ("*.json", "*.txt", "*.model", "*.safetensors")
"""What of a checkpoint is read."""
FORM = "distill"
"""Where ``config.json`` keeps what the model was made for."""
_PROBLEMS: Mapping[Kind, Any] = {
    "class": "single_label_classification",
    "labels": "multi_label_classification",
    "score": "regression",
}
"""What transformers calls the kinds of rows."""
_TOKENIZERS = ("tokenizer.json", "vocab.txt", "vocab.json", "*.model")
_SHIFTED = ("roberta", "xlm-roberta", "camembert", "xlm-roberta-xl")
"""Models whose positions begin after the padding token's number."""


def resolve(model: str, revision: str | None = None) -> Path:
    """The folder of a checkpoint: ``model`` itself, or the hub's files in the local cache, fetched where missing.

    Raises:
        ModelError: it is neither, or its weights are missing or pickled.
    """
    folder = Path(model).expanduser()
    if folder.is_dir() and revision is not None:
        raise ModelError(f"revision {revision}: the folder {folder} has no revisions; leave it out")
    if not folder.is_dir():
        folder = _from_hub(model, revision)
    if not (folder / "config.json").is_file():
        raise ModelError(f"{folder} has no config.json, so it is no model folder")
    if not list(folder.glob("*.safetensors")):
        raise ModelError(_no_weights(folder))
    return folder


def _from_hub(model: str, revision: str | None) -> Path:
    if model.startswith((".", "/", "~")) or model.count("/") > 1:
        raise ModelError(f"{model}: there is no such folder")
    try:
        return Path(snapshot_download(model, revision=revision, allow_patterns=list(FILES)))
    except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OSError) as error:
        raise ModelError(
            f"{model}: there is no such folder, and the hub's model of that name is neither in the local cache nor "
            "reachable; give the folder of a checkpoint, as in teacher.model=FOLDER"
        ) from error


def _no_weights(folder: Path) -> str:
    pickled = sorted(path.name for pattern in ("*.bin", "*.pt", "*.pth", "*.ckpt") for path in folder.glob(pattern))
    if not pickled:
        return f"{folder} has no weights: there is no *.safetensors file in it"
    return (
        f"{folder} has only pickled weights ({', '.join(pickled)}), which can run a stranger's code when they are "
        "loaded. Convert them once, by the loader that takes nothing but tensors: "
        'python -c "from transformers import AutoModel; '
        f"AutoModel.from_pretrained('{folder}', weights_only=True).save_pretrained('NEW_FOLDER')\", "
        "copy the tokenizer's files there too, and give NEW_FOLDER"
    )


def configuration(folder: Path) -> PretrainedConfig:
    """The checkpoint's configuration.

    Raises:
        ModelError: it cannot be read.
    """
    try:
        return AutoConfig.from_pretrained(folder, local_files_only=True)  # type: ignore[no-any-return]
    except (OSError, ValueError, KeyError) as error:
        raise ModelError(f"{folder}: config.json cannot be read ({_first_line(error)})") from error


def tokenizer(folder: Path, markers: Sequence[str] = (), places_for: str | None = None) -> PreTrainedTokenizerBase:
    """The checkpoint's tokenizer; without a padding token it fills up with its end token.

    Args:
        folder: of the checkpoint.
        markers: become tokens of their own where it does not know them.
        places_for: the task that asks which words or characters a token stands for; none does not.

    Raises:
        ModelError: there is none, it cannot fill up a batch, or it cannot tell the places of its tokens.
    """
    if not any(path for pattern in _TOKENIZERS for path in folder.glob(pattern)):
        raise ModelError(f"{folder} has no tokenizer: none of {', '.join(_TOKENIZERS)}")
    try:
        found = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    except (OSError, ValueError, KeyError) as error:
        raise ModelError(f"{folder}: its tokenizer cannot be loaded ({_first_line(error)})") from error
    fit_tokenizer(found, folder, markers, places_for)
    return found


def model(
    folder: Path,
    head: str,
    *,
    labels: Sequence[str] = (),
    kind: Kind = "class",
    dropout: float | None = None,
    tokenizer: PreTrainedTokenizerBase | None = None,
    dtype: torch.dtype = torch.float32,
) -> PreTrainedModel:
    """Load a checkpoint under a task head; a head that it does not have starts random.

    Args:
        folder: of the checkpoint.
        head: transformers' class, such as AutoModelForSequenceClassification.
        labels: names of the outputs; empty keeps the checkpoint's own. A head that has them in another order is put
            in this one.
        kind: what a row of outputs means, where they are named.
        dropout: of hidden states and attention while training; none keeps the checkpoint's own.
        tokenizer: one that knows more tokens than the model gets embeddings for them, random ones; the model learns
            from it what padding is.
        dtype: of the weights in memory: float32, or float64 for what is trained and taught in double precision.

    Raises:
        ModelError: weights other than the head's are missing, or the architecture has no such head.
    """
    config = configuration(folder)
    had = output_names(config)
    if labels:
        name_labels(config, labels, kind)
    if dropout is not None:
        set_dropout(config, dropout)
    with _headless(config, head, f"{folder}: "):
        loaded, info = getattr(transformers, head).from_pretrained(
            folder, config=config, use_safetensors=True, local_files_only=True, dtype=dtype,
            ignore_mismatched_sizes=bool(labels), output_loading_info=True,
        )  # fmt: skip
    _complete(loaded, info, folder)
    if (name := _not_finite(loaded, least=-torch.inf)) is not None:
        raise ModelError(
            f"{folder}: weights are no numbers, such as {name}: "
            "the training that made them has diverged, or the file is damaged"
        )
    fit_outputs(loaded, had, labels)
    if tokenizer is not None:
        fit_tokens(loaded, tokenizer)
    return loaded  # type: ignore[no-any-return]


def save_form(folder: Path, form: Mapping[str, Any]) -> None:
    """Keep in ``config.json`` what the model was made for: its task, labels and limits of length."""
    path = folder / "config.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**content, FORM: dict(form)}, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def from_config(config: PretrainedConfig, head: str) -> PreTrainedModel:
    """A model with random weights.

    Raises:
        ModelError: the architecture has no such head.
    """
    with _headless(config, head, ""):
        return getattr(transformers, head).from_config(config)  # type: ignore[no-any-return]


@contextmanager
def _headless(config: PretrainedConfig, head: str, whose: str) -> Iterator[None]:
    """Say in a sentence that an architecture lacks a head."""
    try:
        yield
    except ValueError as error:
        if "Unrecognized configuration class" not in str(error):
            raise
        raise ModelError(f"{whose}{config.model_type} models have no head for this task ({head})") from error


def name_labels(config: PretrainedConfig, labels: Sequence[str], kind: Kind) -> None:
    """Give the configuration's outputs their names, and say whether they exclude each other."""
    config.problem_type = _PROBLEMS[kind]
    config.id2label = dict(enumerate(labels))
    config.label2id = {name: index for index, name in enumerate(labels)}


def save(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, folder: Path) -> None:
    """Write a Hugging Face folder with safetensors.

    Raises:
        ModelError: a weight is no finite number.
    """
    if (name := _not_finite(model)) is not None:
        raise ModelError(f"the model's weights are not finite, such as {name}: it is not written to {folder}")
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def _complete(loaded: PreTrainedModel, info: Mapping[str, Any], folder: Path) -> None:
    prefix = loaded.base_model_prefix + "."
    missing = sorted(key for key in info["missing_keys"] if key.startswith(prefix) and ".pooler." not in f".{key}")
    if missing:
        raise ModelError(f"{folder} lacks {len(missing)} weights of {type(loaded).__name__}, such as {missing[0]}")
    wrong = sorted(key for key, *_ in info.get("mismatched_keys", ()) if key.startswith(prefix))
    if wrong:
        raise ModelError(f"{folder}: {wrong[0]} has another shape than config.json says")


def _not_finite(model: PreTrainedModel, least: float = torch.finfo(torch.float64).min) -> str | None:
    """The name of a weight with an entry that is nan, inf, or below ``least``; none where there is none.

    A bias of -inf takes a class away from a model; nothing can be learnt from there.
    """
    for name, weight in model.named_parameters():
        if weight.numel():
            low, high = map(float, weight.detach().aminmax())
            if not (low >= least and high < torch.inf):
                return name
    return None


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0][:200] if str(error).strip() else type(error).__name__


def inside_bounds(config: PretrainedConfig, max_length: int, who: str, key: str = "data.max_length") -> None:
    """Refuse texts longer than the model's positions.

    Raises:
        ModelError: ``max_length`` tokens do not fit.
    """
    limit = bound(config)
    if limit is not None and max_length > limit:
        raise ModelError(f"{key}={max_length}: the {who} reads at most {limit} tokens")


def bound(config: PretrainedConfig) -> int | None:
    """Tokens that a model reads at most, if it has a limit."""
    limit: int | None = getattr(config, "max_position_embeddings", None)
    if limit is not None and config.model_type in _SHIFTED:
        limit -= config.pad_token_id + 1
    return limit


def parameters(model: PreTrainedModel) -> int:
    """How many weights a model has, tied ones once."""
    return sum(parameter.numel() for parameter in model.parameters())
