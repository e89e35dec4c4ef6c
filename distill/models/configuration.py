"""Read configurations of checkpoints and make models of them alone; nothing that a checkpoint brings along is run."""

import math
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import transformers
from transformers import CONFIG_MAPPING, AutoConfig, GenerationConfig, PretrainedConfig, PreTrainedModel

from distill.base.terminal_text import shown
from distill.errors import ModelError
from distill.models import bilstm, static
from distill.models.json_objects import read_object

OWN: Mapping[str, str] = {
    bilstm.BiLstmConfig.model_type: bilstm.__name__,
    static.StaticConfig.model_type: static.__name__,
}
"""Each architecture that transformers does not know by itself, to the module that makes it known by its import."""
_LIMITS = {
    re.compile(r"layers?$"): 1000,
    re.compile(r"(^|_)positions?(_|$)"): 1 << 24,
    re.compile(r"^num_labels$|^n_labels$"): 1_000_000,
}
"""The most of what a configuration counts up to before a model is made of it, each by what its key looks like."""
_NO_LAYERS = ("num_hidden_layers", "num_layers", "n_layer", "n_layers")
"""What counts the layers of a model that has some."""
_FROM_THE_HUB: Mapping[str, object] = {
    "penalty_alpha": 0,
    "num_beam_groups": 1,
    "constraints": None,
    "force_words_ids": None,
    "dola_layers": None,
}
"""Ways of writing that transformers has as code on the hub alone, and what leaves each out."""
_UNREAD = ("auto_map", "transformers_weights")
"""What a configuration says of code, and of other files, that is never followed."""
_NUMBERED = re.compile(r"LABEL_\d+")
"""How the library names an output that has no name."""
_TYPES = ("auto", "float32", "float16", "bfloat16", "float64")
"""What a configuration may say of the type of its weights; they are read in another where that is asked for."""
_ADVICE = re.compile(
    r"install|pip |use_fast|https?://|huggingface|private|trust_remote_code|upgrade|HF_HUB_OFFLINE", re.IGNORECASE
)
"""What libraries advise where it does not help."""


def configuration(folder: Path) -> PretrainedConfig:
    """Return the configuration of a checkpoint, checked for sizes that no model has.

    Raises:
        ModelError: it cannot be read, or asks for code of its own, or for sizes that no model has.
    """
    path = folder / "config.json"
    raw = read_object(path)
    _known(path, raw)
    for key, value in _numbers(raw):
        limit = next((limit for pattern, limit in _LIMITS.items() if pattern.search(key)), None)
        if limit is not None and abs(value) > limit:
            raise ModelError(f"{path} says {key}={value}, which no model has: allowed is at most {limit:,}")
        if key in _NO_LAYERS and value < 1:
            raise ModelError(f"{path} says {key}={value}, which no model has: allowed is a whole number from 1 up")
    _sensible(path, raw)
    if (backbone := raw.get("backbone")) is not None:
        raise ModelError(f"{path} names another model as its backbone ({backbone!r}), which is never fetched for it")
    if raw.get("quantization_config"):
        raise ModelError(
            f"{folder} has weights in fewer bits (quantization_config in config.json), which are neither trained nor "
            "asked here: give the folder of the model before that"
        )
    try:
        config = AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    except Exception as error:  # what is wrong with a configuration is said in any way
        raise ModelError(f"{folder}: config.json cannot be read ({library_message(error)})") from error
    config._attn_implementation = None  # else it could name code of the hub, or what only a GPU has
    config._experts_implementation = None
    config.return_dict, config.output_attentions, config.output_hidden_states = True, False, False
    config.chunk_size_feed_forward = 0  # saves memory alone, and ends in an error where a text has other lengths
    architectures = config.architectures
    if not (isinstance(architectures, list) and all(isinstance(name, str) for name in architectures)):
        config.architectures = None
    for name in _UNREAD:
        config.__dict__.pop(name, None)
    _name_by_labels(config, raw)
    return config  # type: ignore[no-any-return]


def _name_by_labels(config: PretrainedConfig, raw: Mapping[str, object]) -> None:
    """Name the outputs by label2id, where id2label leaves them the library's names and label2id has each number once.

    The library follows id2label alone, and without it takes two outputs to be there.
    """
    numbers, library_names = raw.get("label2id"), config.id2label or {}
    if not isinstance(numbers, dict) or any(not _NUMBERED.fullmatch(str(name)) for name in library_names.values()):
        return
    by_number = {str(number): str(name) for name, number in numbers.items()}
    names = [by_number[str(number)] for number in range(len(numbers)) if str(number) in by_number]
    counted = raw.get("id2label") is not None or "num_labels" in raw
    if names and len(names) == (len(library_names) if counted else len(numbers)):
        config.id2label = dict(enumerate(names))
        config.label2id = {name: number for number, name in enumerate(names)}


def _sensible(path: Path, raw: Mapping[str, object]) -> None:
    """Refuse names of outputs that are no names, and numbers that are no numbers."""
    names = raw.get("id2label")
    if names is not None and not (isinstance(names, dict) and all(re.fullmatch(r"\d{1,9}", key) for key in names)):
        raise ModelError(
            f"{path} says id2label={shown(names)}, which does not go from numbers to names: write it as "
            '{"0": "NAME", "1": "NAME"}'
        )
    for key in ("dtype", "torch_dtype"):
        if (kind := raw.get(key)) not in (None, *_TYPES):
            raise ModelError(f"{path} says {key}={kind!r}, which is no type of weights; there are {', '.join(_TYPES)}")
    for key, value in raw.items():
        if isinstance(value, float) and math.isnan(value):
            raise ModelError(f"{path} says {key}=NaN, which is no number: give all of its config.json")


def _known(path: Path, raw: Mapping[str, object]) -> None:
    """Refuse a model type that transformers does not know by itself."""
    kind = raw.get("model_type")
    if isinstance(kind, str) and kind in CONFIG_MAPPING:
        return
    if raw.get("auto_map"):
        raise ModelError(
            f"{path.parent} needs code of its own (auto_map in config.json), and the code of a checkpoint is never "
            "run: give a model that transformers knows by itself"
        )
    if kind is None:
        raise ModelError(f"{path} has no model_type, so it does not say what model it is: give all of its config.json")
    raise ModelError(
        f"{path} says model_type={kind!r}, which transformers {transformers.__version__} does not know: give a model "
        "that it knows"
    )


def _numbers(content: Mapping[str, object]) -> Iterator[tuple[str, int]]:
    """Yield every whole number of a configuration, with its key."""
    for key, value in content.items():
        if isinstance(value, dict):
            yield from _numbers(value)
        elif isinstance(value, int) and not isinstance(value, bool):
            yield key, value


def check_generation(folder: Path) -> None:
    """Refuse a ``generation_config.json`` that cannot be read, or asks for a way of writing that is code of the hub.

    Raises:
        ModelError: it cannot be read, or asks for such code.
    """
    path = folder / "generation_config.json"
    if not path.exists():
        return
    raw = read_object(path)
    for key, without in _FROM_THE_HUB.items():
        if raw.get(key) not in (None, without):
            raise ModelError(
                f"{path} asks for {key}={raw[key]}, a way of writing that transformers gets as code from the hub, "
                "which is never run: leave it out"
            )
    try:
        GenerationConfig.from_pretrained(folder, local_files_only=True)
    except Exception as error:
        raise ModelError(f"{path} cannot be read ({library_message(error)})") from error


def from_config(config: PretrainedConfig, head: str) -> PreTrainedModel:
    """Return a model of this configuration with random weights.

    Raises:
        ModelError: the architecture has no such head.
    """
    with headless(config, head, ""):
        return getattr(transformers, head).from_config(config, trust_remote_code=False)  # type: ignore[no-any-return]


@contextmanager
def headless(config: PretrainedConfig, head: str, whose: str) -> Iterator[None]:
    """Say in a sentence that an architecture lacks a head, where the block fails for that.

    Raises:
        ModelError: the architecture lacks it.
    """
    try:
        yield
    except ValueError as error:
        if "Unrecognized configuration class" not in str(error):
            raise
        raise ModelError(f"{whose}{config.model_type} models have no head for this task ({head})") from error


def library_message(error: Exception) -> str:
    """Return what a library says of an error, in a line, without advice that is for its own users.

    >>> library_message(ValueError("no vocab.txt here. Install sentencepiece with pip."))
    'no vocab.txt here.'
    """
    if isinstance(error, KeyError):
        return f"nothing is known as {error}"
    lines = [line.strip() for line in str(error).splitlines() if line.strip()] or [""]
    line = lines[1] if lines[0].endswith(":") and len(lines) > 1 else lines[0]
    line = re.sub(r"^\w+Error: ", "", line)
    kept = " ".join(sentence for sentence in re.split(r"(?<=[.!?])\s+", line) if not _ADVICE.search(sentence))
    return kept[:200] or type(error).__name__
