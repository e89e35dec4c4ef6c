"""Make a whole model of an adapter that somebody trained with peft, with its base and the head that it brings."""

import json
import shutil
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import torch
import transformers
from filelock import FileLock
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor
from transformers import PretrainedConfig, PreTrainedModel

from distill.base.files import fingerprint, folder_checksum, whole_folder
from distill.errors import ModelError
from distill.models import checkpoint_folders, checkpoint_validation, configuration, missing_weights
from distill.models.adapter_traps import refuse_traps
from distill.models.configuration import library_message
from distill.models.finite_values import not_finite
from distill.models.json_objects import read_object
from distill.models.safetensors_headers import not_finite_error

if TYPE_CHECKING:
    from peft import PeftModel

SETTINGS, WEIGHTS = "adapter_config.json", "adapter_model.safetensors"
"""What peft calls the two files of an adapter."""
_FOLDED = ("LORA", "IA3", "LOHA", "LOKR", "OFT", "ADALORA")
"""Kinds of adapters that can be folded into the weights of their base."""
_HEADS = {
    "SEQ_CLS": "AutoModelForSequenceClassification",
    "TOKEN_CLS": "AutoModelForTokenClassification",
    "QUESTION_ANS": "AutoModelForQuestionAnswering",
    "CAUSAL_LM": "AutoModelForCausalLM",
    "SEQ_2_SEQ_LM": "AutoModelForSeq2SeqLM",
}
"""What peft calls the tasks, and transformers' class for the head of each."""
_OF_MODEL = ("config.json", "generation_config.json")
_TOKENIZERS = ("tokenizer.json", "tokenizer_config.json", "vocab.txt", "vocab.json")
"""One of these says that a folder has a tokenizer."""
_PREFIX = "base_model.model."


def is_adapter(folder: Path) -> bool:
    """Return whether a folder holds an adapter, and no whole model beside it."""
    whole = any(folder.glob("model*.safetensors"))
    return not whole and (folder / SETTINGS).is_file()


def base_name(folder: Path) -> str:
    """Return the folder or the name on the hub of the model that an adapter belongs to; empty where it does not say."""
    name = read_object(folder / SETTINGS).get("base_model_name_or_path")
    return name if isinstance(name, str) else ""


def whole_model(adapter: Path, base: Path, head: str, cache: Path) -> Path:
    """Return the folder of an adapter folded into its base, with the head that was trained with it.

    It is made once for the same files, and kept in the ``cache``.

    Args:
        adapter: the folder of the adapter.
        base: the folder of its base.
        head: the name of transformers' class for the task.
        cache: takes the folder.

    Raises:
        ModelError: the adapter is of another base or task, of a kind that is not folded, damaged, or a trap.
    """
    checkpoint_folders.refuse_unreadable(
        adapter, [path for path in (adapter / SETTINGS, adapter / WEIGHTS) if path.exists()]
    )
    settings = read_object(adapter / SETTINGS)
    _refuse_kind(adapter, settings, head)
    refuse_traps(adapter / SETTINGS, settings)
    digests = [folder_checksum(folder, checkpoint_folders.FILES) for folder in (adapter, base)]
    cache.mkdir(parents=True, exist_ok=True)
    with FileLock(cache / ".lock"):
        return whole_folder(cache, fingerprint({"of": digests, "head": head}), _maker(adapter, base, head))


def _refuse_kind(folder: Path, settings: Mapping[str, Any], head: str) -> None:
    """Refuse an adapter that cannot be folded, is of another task, or has no weights that can be read.

    Raises:
        ModelError: it is one of these.
    """
    kind, task = settings.get("peft_type"), settings.get("task_type")
    if kind not in _FOLDED:
        raise ModelError(
            f"{folder} is an adapter of the kind {kind}, which is not folded into its base; allowed are "
            f"{', '.join(_FOLDED)}"
        )
    if task in _HEADS and _HEADS[task] != head:
        raise ModelError(f"{folder} is an adapter for {_HEADS[task]} ({task}), and this task asks a {head}")
    if not (folder / WEIGHTS).is_file():
        pickled = any(folder.glob("adapter_model.*"))
        why = "save it anew with peft's save_pretrained, which writes that file" if pickled else "fetch or copy it too"
        raise ModelError(f"{folder} has no {WEIGHTS}: {why}")


def _maker(adapter: Path, base: Path, head: str) -> Callable[[Path], None]:
    """Return what writes the whole model into a folder."""

    def make(folder: Path) -> None:
        tensors = _tensors(adapter)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model, unfilled = _folded(adapter, base, head, tensors)
        if (name := not_finite(dict(model.named_parameters()), least=-torch.inf)) is not None:
            raise not_finite_error(adapter, name)
        kept = {name: weight for name, weight in model.state_dict().items() if name not in unfilled}
        model.save_pretrained(folder, state_dict=kept)
        _keep_outputs(folder, model.config)
        tokenizer = adapter if any((adapter / name).is_file() for name in _TOKENIZERS) else base
        for pattern in checkpoint_folders.FILES:
            for path in sorted(tokenizer.glob(pattern)):
                if (
                    path.suffix != ".safetensors"
                    and path.name not in (*_OF_MODEL, SETTINGS)
                    and ".index." not in path.name
                ):
                    shutil.copyfile(path, folder / path.name)

    return make


def _keep_outputs(folder: Path, config: PretrainedConfig) -> None:
    """Let the saved configuration name its outputs, where transformers leaves out two and reads three (BART)."""
    if configuration.configuration(folder).num_labels != config.num_labels:
        path, names = folder / "config.json", {"id2label": config.id2label, "label2id": config.label2id}
        path.write_text(json.dumps({**read_object(path), **names}, indent=2), encoding="utf-8")


def _tensors(adapter: Path) -> dict[str, Tensor]:
    """Return the weights of an adapter by their names.

    Raises:
        ModelError: they cannot be read.
    """
    try:
        return load_file(adapter / WEIGHTS)
    except (SafetensorError, OSError) as error:
        raise ModelError(
            f"{adapter / WEIGHTS} cannot be read ({library_message(error)}); fetch or copy it again"
        ) from error


def _folded(adapter: Path, base: Path, head: str, tensors: Mapping[str, Tensor]) -> tuple[PreTrainedModel, set[str]]:
    """Return base and adapter as one model, and the names of its weights that neither of them has.

    Raises:
        ModelError: the adapter is of another base.
    """
    config = _named_outputs(adapter, configuration.configuration(base), head, tensors)
    model, info = _base(base, config, head)
    wrapped = _with_adapter(adapter, base, model, tensors)
    brought = {name.removeprefix(_PREFIX) for name in tensors}
    unfilled = ({*info["missing_keys"]} | {key for key, *_ in info["mismatched_keys"]}) - brought
    merged = cast(PreTrainedModel, wrapped.merge_and_unload())
    return merged, unfilled


def _base(base: Path, config: PretrainedConfig, head: str) -> tuple[PreTrainedModel, missing_weights.LoadingInfo]:
    """Return the base with a head, and what transformers says of loading it."""
    try:
        return getattr(transformers, head).from_pretrained(  # type: ignore[no-any-return]
            base,
            config=config,
            use_safetensors=True,
            local_files_only=True,
            trust_remote_code=False,
            dtype=torch.float32,
            ignore_mismatched_sizes=True,
            output_loading_info=True,
        )
    except (SafetensorError, OSError, ValueError) as error:
        raise ModelError(f"{base}, the base of an adapter, cannot be read ({library_message(error)})") from error


def _named_outputs(
    adapter: Path, config: PretrainedConfig, head: str, tensors: Mapping[str, Tensor]
) -> PretrainedConfig:
    """Return the configuration of the base with as many outputs as the adapter's head has, and their names if known.

    Which weights of a head grow with the outputs is seen of two models that differ in nothing else.
    """
    shapes = []
    for count in (2, 3):
        config.num_labels = count
        model = checkpoint_validation.model_on_meta(adapter, config, head)
        shapes.append({name: weight.shape for name, weight in model.state_dict().items()})
    grows = [name for name, shape in shapes[0].items() if shape != shapes[1][name]]
    found = [tensors[_PREFIX + name] for name in grows if _PREFIX + name in tensors]
    config.num_labels = len(found[0]) if found else 2
    own = read_object(adapter / "config.json").get("id2label") if (adapter / "config.json").is_file() else None
    if isinstance(own, dict) and len(own) == config.num_labels:
        config.id2label = {int(number): str(name) for number, name in own.items()}
        config.label2id = {name: number for number, name in config.id2label.items()}
    return config


def _with_adapter(adapter: Path, base: Path, model: PreTrainedModel, tensors: Mapping[str, Tensor]) -> "PeftModel":
    """Return the base with the adapter's weights beside its own.

    Raises:
        ModelError: the adapter does not fit the base.
    """
    from peft import PeftConfig, get_peft_model, get_peft_model_state_dict, set_peft_model_state_dict

    other = f"{adapter} is no adapter of {base}"
    way_out = "give the model that it was trained on as teacher.base=FOLDER"
    head = {_PREFIX + name for name in missing_weights.head_weights(model)}
    try:
        settings = PeftConfig.from_pretrained(str(adapter))
        settings.base_model_name_or_path = str(base)
        if hasattr(settings, "init_lora_weights"):
            settings.init_lora_weights = True  # else some begin by changing the weights of the base
        wrapped = cast("PeftModel", get_peft_model(model, settings))
    except (ValueError, TypeError, KeyError, AttributeError, ImportError) as error:
        raise ModelError(f"{other} ({library_message(error)}): {way_out}") from error
    own = set(get_peft_model_state_dict(wrapped, save_embedding_layers=False))
    strange, lacking = sorted(set(tensors) - own), sorted(own - set(tensors) - head)
    if strange:
        raise ModelError(f"{other}: it holds {strange[0]}, for which that has no place; {way_out}")
    if lacking:
        raise ModelError(f"{other}: it lacks {lacking[0]}, which that would need; {way_out}")
    try:
        set_peft_model_state_dict(wrapped, dict(tensors))
    except RuntimeError as error:
        line = next((line for line in str(error).splitlines() if "size mismatch" in line), str(error)).strip()
        raise ModelError(f"{other} ({line[:160]}): {way_out}") from error
    return wrapped
