"""Find the folder of a checkpoint, here or on the hub, and check its files before anything in them is read."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from huggingface_hub import snapshot_download
from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

from distill.errors import ModelError
from distill.models import foreign_checkpoints
from distill.models.json_objects import read_object as read_object
from distill.models.safe_files import refuse_unreadable as refuse_unreadable

FILES = ("*.json", "*.txt", "*.model", "*.spm", "*.codes", "*.safetensors")
"""What of a checkpoint is read."""
WEIGHTS, INDEX = "model.safetensors", "model.safetensors.index.json"
"""The file of the weights; or where they are several, what names these."""
_DISTRIBUTED = "shard-*-model-*-of-*.safetensors"
"""Parts that transformers prefers to the weights where they are there."""
_TEMPLATES = ("*.jinja", "additional_chat_templates/*")
"""What else a tokenizer opens, and writes into what is exported, but never renders."""
_PLAIN = re.compile(r"[^/\\]+\.safetensors")
"""A name of a part that stands beside its index."""


def resolve(model: str, revision: str | None = None) -> Path:
    """Return the folder of a checkpoint: ``model`` itself, or the hub's files in the local cache, fetched if missing.

    Raises:
        ModelError: it is neither, its weights are missing or pickled, or one of its files cannot be what it is called.
    """
    return checked(located(model, revision))


def located(model: str, revision: str | None = None) -> Path:
    """Return the folder of a checkpoint, whatever is in it; see ``resolve``.

    Raises:
        ModelError: there is none.
    """
    with _readable():
        return _located(model, revision)


def _located(model: str, revision: str | None) -> Path:
    folder = Path(model).expanduser()
    if folder.is_dir() and revision is not None:
        raise ModelError(f"revision {revision}: the folder {folder} has no revisions; leave it out")
    if folder.exists() and not folder.is_dir():
        raise ModelError(f"{folder} is a file: give the folder that holds config.json, tokenizer and weights")
    return folder if folder.is_dir() else _from_hub(model, revision)


def checked(folder: Path) -> Path:
    """Return a folder that holds a whole model; see ``resolve``.

    Raises:
        ModelError: it does not, or one of its files cannot be what it is called.
    """
    with _readable():
        return _checked(folder)


@contextmanager
def _readable() -> Iterator[None]:
    """Say in a sentence what may not be read.

    Raises:
        ModelError: something may not.
    """
    try:
        yield
    except PermissionError as error:
        raise ModelError(f"{error.filename} cannot be read: {error.strerror}") from error


def _checked(folder: Path) -> Path:
    os.listdir(folder)  # or PermissionError, which globs hide
    foreign_checkpoints.refuse_adapters(folder)
    if not (folder / "config.json").exists() and not (folder / "config.json").is_symlink():
        raise ModelError(f"{folder} has no config.json, so it is no model folder{_inside(folder)}")
    read = _read(folder)
    refuse_unreadable(folder, read)
    if not {WEIGHTS, INDEX} & {path.name for path in read}:
        refuse_unreadable(folder, foreign_checkpoints.pickled_files(folder))
        raise ModelError(foreign_checkpoints.no_weights(folder))
    if parts := sorted(folder.glob(_DISTRIBUTED)):
        raise ModelError(
            f"{folder} holds parts of a distributed training ({parts[0].name}), which would be read in the place of "
            "the model's weights: leave them out, or save the model whole and give its folder"
        )
    refuse_unreadable(folder, weights(folder))
    return folder


def weights(folder: Path) -> list[Path]:
    """Return the files that hold the weights of a checkpoint.

    Raises:
        ModelError: the index of several cannot be read, or one of them is missing.
    """
    if (folder / WEIGHTS).exists():
        return [folder / WEIGHTS]
    file_of_tensor = read_index(folder / INDEX)
    names = sorted(set(file_of_tensor.values()))
    for name in names:
        if not _PLAIN.fullmatch(name):
            raise ModelError(f"{folder / INDEX} names '{name}', which is no *.safetensors file of its folder")
        if not (folder / name).exists():
            raise ModelError(
                f"{folder} lacks {name}, one of the {len(names)} files of weights that {INDEX} names: fetch it too"
            )
    return [folder / name for name in names]


def read_index(path: Path) -> dict[str, str]:
    """Return the name of the file that holds each tensor, by the name of the tensor.

    Raises:
        ModelError: the file is no such index.
    """
    files = read_object(path).get("weight_map")
    if not isinstance(files, dict) or not files or not all(isinstance(name, str) for name in files.values()):
        raise ModelError(f"{path} is no index of weights: it has no weight_map from tensors to files")
    return files


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


def _inside(folder: Path) -> str:
    """Return a hint on where a model is, if it is further down, as in a trainer's folder or one of the hub's cache."""
    places = ("*/config.json", "snapshots/*/config.json")
    folders = sorted((path.parent for place in places for path in folder.glob(place)), key=_in_order)
    return f"; {folders[-1]} has one" if folders else ""


def _in_order(folder: Path) -> list[str | int]:
    """Return a key that sorts checkpoint-1000 after checkpoint-500."""
    return [int(part) if part.isdecimal() else part for part in re.split(r"(\d+)", folder.name)]


def _read(folder: Path) -> list[Path]:
    """Return the files that describe model and tokenizer, without weights that nobody reads."""
    small = [path for pattern in FILES if pattern != "*.safetensors" for path in folder.glob(pattern)]
    named = [folder / WEIGHTS] if (folder / WEIGHTS).exists() or (folder / WEIGHTS).is_symlink() else []
    return sorted({*small, *named, *_links(folder)})


def _links(folder: Path) -> Iterator[Path]:
    for pattern in _TEMPLATES:
        yield from (path for path in folder.glob(pattern) if path.is_symlink())
