"""Convert pickled weights to safetensors, read by what takes nothing but tensors, and mend names of weights."""

import pickle
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from huggingface_hub import save_torch_state_dict
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from distill.errors import ModelError
from distill.models import foreign_checkpoints
from distill.models.checkpoint_folders import FILES, INDEX, WEIGHTS, read_index, refuse_unreadable, weights

_WRAPPERS = ("module.", "_orig_mod.")
"""What data parallel and compiled models write before every name; Lightning's checkpoints name their field there."""
_FIELDS = ("state_dict", "model_state_dict", "model")
"""What checkpoints of a training call the weights beside what else they hold, such as an optimizer's state."""
_INDEX = "pytorch_model.bin.index.json"


def convert(folder: Path, target: Path) -> None:
    """Write the model of ``folder`` to ``target`` in safetensors; ``target`` appears whole or not at all.

    Every tensor is kept, whatever it is for, so that a head stays; those that share memory become two alike.

    Raises:
        ModelError: there is nothing to convert, it holds more than tensors, or ``target`` is there already.
    """
    if not (folder / "config.json").is_file():
        raise ModelError(f"{folder} has no config.json, so it is no model folder")
    if target.exists():
        raise ModelError(f"{target} is there already: give another output=FOLDER")
    tensors = _tensors(folder)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=target.parent, prefix=f".{target.name}.") as scratch:
            _write(folder, tensors, Path(scratch) / "model")
            (Path(scratch) / "model").rename(target)
    except OSError as error:
        raise ModelError(f"{target} cannot be written ({error.strerror}): give another output=FOLDER") from error


def _write(folder: Path, tensors: dict[str, Tensor], target: Path) -> None:
    target.mkdir()
    save_torch_state_dict(tensors, target, filename_pattern="model{suffix}.safetensors", metadata={"format": "pt"})
    written = list(target.iterdir())
    for path in {path for pattern in FILES for path in folder.glob(pattern) if path.is_file()}:
        if path.name not in (_INDEX, INDEX) and path.suffix != ".safetensors":
            shutil.copyfile(path, target / path.name)
    for path in written:
        shutil.copymode(target / "config.json", path)  # the library's are for their owner alone


def _tensors(folder: Path) -> dict[str, Tensor]:
    """Return all tensors of the folder's files, none of which shares memory with another."""
    tensors: dict[str, Tensor] = {}
    files = _files(folder)
    refuse_unreadable(folder, files)
    if files[0].suffix == ".safetensors":
        return _without_wrappers(folder, files)
    for path in files:
        tensors |= _of_file(path)
    return {name: tensor.detach().clone().contiguous() for name, tensor in tensors.items()}


def _without_wrappers(folder: Path, files: Sequence[Path]) -> dict[str, Tensor]:
    """Return the tensors of safetensors under the names of the model itself, if these come with more before them."""
    tensors: dict[str, Tensor] = {}
    try:
        for path in files:
            tensors |= load_file(path)
    except (SafetensorError, OSError) as error:
        raise ModelError(f"{folder}: its weights cannot be read ({error}); fetch or copy them again") from error
    named = _unwrapped(tensors, (*_WRAPPERS, "model."))
    if named.keys() == tensors.keys():
        raise ModelError(f"{folder} has safetensors already, whose names have nothing to take off: give it as it is")
    return dict(named)


def _files(folder: Path) -> list[Path]:
    """Return the file that holds the weights, or those that its index names."""
    if (folder / "pytorch_model.bin").is_file():
        return [folder / "pytorch_model.bin"]
    if (folder / _INDEX).is_file():
        parts = sorted(set(read_index(folder / _INDEX).values()))
        for name in parts:
            if Path(name).name != name or not (folder / name).is_file():
                raise ModelError(f"{folder} lacks {name}, which {_INDEX} names: fetch it too")
        return [folder / name for name in parts]
    candidates = foreign_checkpoints.pickled_files(folder)
    if not candidates and any((folder / name).is_file() for name in (WEIGHTS, INDEX)):
        return weights(folder)
    if len(candidates) != 1:
        names = ", ".join(path.name for path in candidates)
        raise ModelError(
            f"{folder} has no pytorch_model.bin and {f'several others: {names}' if candidates else 'nothing pickled'}; "
            "leave the one file of weights"
        )
    return candidates


def _of_file(path: Path) -> Mapping[str, Tensor]:
    try:
        content: Any = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise ModelError(
            f"{path} holds more than tensors, which could be a stranger's code, or is damaged: it is not read; save "
            "nothing but its model's state_dict() where you trust it, and convert that"
        ) from error
    except (OSError, RuntimeError, EOFError, ValueError) as error:
        raise ModelError(f"{path} is cut off or damaged: fetch or copy it again") from error
    field = next((name for name in _FIELDS if isinstance(content, dict) and isinstance(content.get(name), dict)), None)
    content = content if field is None else content[field]
    if not isinstance(content, dict) or not content or not all(isinstance(value, Tensor) for value in content.values()):
        raise ModelError(f"{path} holds no weights by name, as a model's state_dict is: save that")
    return _unwrapped(content, (*_WRAPPERS, "model.") if field == "state_dict" else _WRAPPERS)


def _unwrapped(content: Mapping[str, Tensor], prefixes: Sequence[str]) -> Mapping[str, Tensor]:
    """Return the weights under the names that the model itself gives, without prefixes of what trained it.

    >>> sorted(_unwrapped({"module.a.weight": torch.ones(1), "module.b": torch.ones(1)}, ["module."]))
    ['a.weight', 'b']
    """
    for prefix in prefixes:
        if all(name.startswith(prefix) for name in content):
            return _unwrapped({name.removeprefix(prefix): tensor for name, tensor in content.items()}, prefixes)
    return content
