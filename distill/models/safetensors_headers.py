"""Read the names and shapes of tensors from the headers of weight files, without the tensors."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open

from distill.errors import ModelError
from distill.models.checkpoint_folders import INDEX, WEIGHTS, read_index, weights
from distill.models.finite_values import not_finite

_BEGINS = {b"PK": "a zip or pickled file", b"\x80": "a pickled file", b"GGUF": "GGUF", b"\x89HDF": "HDF5"}
"""How files of other kinds begin, under whatever name."""
_REAL = ("F64", "F32", "F16", "BF16")
"""Numbers that can be infinite or none, as safetensors writes them."""
_ROUNDED = re.compile(r"^([IU]\d+|BOOL|F[48]_.*)$")
"""What safetensors calls whole numbers, and those of so few bits that a scale belongs to them."""
_LARGEST_HEADER = 16 << 20
_MOST_TENSORS = 100_000
"""Tensors of a checkpoint at most; the largest mixtures of experts have half as many."""
_OF_AN_ADAPTER = re.compile(r"^base_model\.model\.|\.(lora_[AB]|lora_embedding_[AB]|lora_magnitude_vector)\b")


@dataclass(frozen=True)
class TensorHeader:
    """What a weight file says of a tensor: its shape, its type, and the file itself."""

    shape: tuple[int, ...]
    kind: str
    file: Path


def read_headers(folder: Path) -> dict[str, TensorHeader]:
    """Return the headers of all tensors of a checkpoint, by the name of the tensor.

    Raises:
        ModelError: a file is damaged, or is not what the index or its name says.
    """
    headers: dict[str, TensorHeader] = {}
    for path in weights(folder):
        headers |= _of_file(path)
        _refuse_many(folder, len(headers))
    if not (folder / WEIGHTS).exists():
        for name, file in read_index(folder / INDEX).items():
            if name not in headers or headers[name].file.name != file:
                raise ModelError(f"{folder / INDEX} says that {file} holds {name}, which it does not: fetch both again")
    for name, tensor in headers.items():
        if _OF_AN_ADAPTER.search(name):
            raise ModelError(
                f"{tensor.file} holds weights of an adapter ({name}), which would not be read: merge it into its base "
                "once, with peft's merge_and_unload(), save that, and give its folder"
            )
        if name.endswith(".weight") and _ROUNDED.match(tensor.kind):
            raise ModelError(
                f"{tensor.file} holds {name} in fewer bits ({tensor.kind}), which mean nothing without a scale that is "
                "not applied here: give the folder of the model before that"
            )
    return headers


def _of_file(path: Path) -> dict[str, TensorHeader]:
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        names = file.read(length).count(b'"data_offsets"') if length <= _LARGEST_HEADER else 0
    if _LARGEST_HEADER < length <= path.stat().st_size:  # a longer one is cut off, which is said below
        raise ModelError(f"{path} begins with {length:,} bytes on its tensors, and no model has more than 16 MiB of it")
    _refuse_many(path, names)
    try:
        with safe_open(path, framework="pt") as opened:
            slices = {name: opened.get_slice(name) for name in opened.keys()}  # noqa: SIM118  (it is no mapping)
            return {
                name: TensorHeader(tuple(part.get_shape()), part.get_dtype(), path) for name, part in slices.items()
            }
    except (SafetensorError, OSError, MemoryError) as error:
        raise ModelError(f"{path} {_what(path, error)}") from error


def _refuse_many(path: Path, tensors: int) -> None:
    """Refuse more tensors than a model has, which it would take long to compare with those of an architecture."""
    if tensors > _MOST_TENSORS:
        raise ModelError(f"{path} names {tensors:,} tensors, and no model has more than {_MOST_TENSORS:,}")


def _what(path: Path, error: Exception) -> str:
    """Return what a file is that cannot be read."""
    with path.open("rb") as file:
        start = file.read(8)
    for begins, kind in _BEGINS.items():
        if start.startswith(begins):
            return f"is {kind} under the name of a safetensors file: give the file that it should be"
    return f"is cut off or damaged ({error}): fetch or copy it again"


def without_values(tensors: Mapping[str, TensorHeader]) -> dict[str, torch.Tensor]:
    """Return tensors of these names and shapes on the meta device, which takes no memory."""
    return {name: torch.empty(header.shape, device="meta") for name, header in tensors.items()}


def refuse_infinite(folder: Path, tensors: Mapping[str, TensorHeader]) -> None:
    """Refuse weights that are not finite; each file is read once, a tensor at a time.

    A tensor of a single number is left out: some old files keep there what stands for a masked score.

    Raises:
        ModelError: one holds NaN, or what is infinite.
    """
    for path in sorted({header.file for header in tensors.values()}):
        with safe_open(path, framework="pt") as opened:
            for name, header in tensors.items():
                if header.file != path or header.kind not in _REAL or math.prod(header.shape) <= 1:
                    continue
                if not_finite({name: opened.get_tensor(name)}, least=-torch.inf):
                    raise not_finite_error(folder, name)


def not_finite_error(folder: Path, name: str) -> ModelError:
    """Return the error for weights that are not finite."""
    return ModelError(
        f"{folder}: the weights of {name} are not finite (NaN or infinite), so a training of it went wrong: "
        "give an earlier checkpoint of it"
    )
