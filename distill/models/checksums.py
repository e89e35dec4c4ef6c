"""Keep the SHA-256 and size of each file of a bundle, and refuse a bundle of which a file was changed or lost.

The tools of any system check them alike; PyTorch is not needed.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from distill.base.disk import replacing
from distill.errors import ModelError
from distill.models.json_objects import read_object

FILE = "checksums.json"
_WEIGHTS = {".onnx", ".safetensors"}
"""The endings of files that answer: one that is not named is no part of what was exported."""
_CARD = "README.md"
"""The model card, which whoever publishes a model writes on: it is not among the checksums, and those of bundles that
name it are not asked."""
AGAIN = "copy the folder again as it was exported"
"""What to do with a folder that is not whole."""


def write(bundle: Path) -> None:
    """Write the checksums of all files of a bundle but its card, whole or not at all."""
    files = {path.relative_to(bundle).as_posix(): _facts(path) for path in _files(bundle)}
    with replacing(bundle / FILE) as hidden:
        hidden.write_text(json.dumps({"files": files}, indent=2) + "\n", encoding="utf-8")


def verify(bundle: Path, opened: str | None = None) -> None:
    """Refuse a bundle whose files are not those that were exported.

    Args:
        bundle: the folder.
        opened: the only file with weights that is to be opened, so that others may have been left out; none for all.

    Raises:
        ModelError: a file is missing, changed, or holds weights and is not named; or the checksums cannot be read.
    """
    named = _read(bundle / FILE)
    for name, facts in named.items():
        if name == _CARD:
            continue
        path = bundle / name
        if not path.is_file():
            if opened is not None and path.suffix in _WEIGHTS and name != opened:
                continue
            raise ModelError(f"{bundle} has no {name}, which {FILE} names; {AGAIN}")
        if path.stat().st_size != facts.get("bytes") or _facts(path) != facts:
            raise ModelError(f"{path} was changed since it was exported: {FILE} has another checksum; {AGAIN}")
    there = (path.relative_to(bundle).as_posix() for path in _files(bundle) if path.suffix in _WEIGHTS)
    if (stranger := next((name for name in there if name not in named), None)) is not None:
        raise ModelError(f"{bundle / stranger} was not exported with the others: {FILE} does not name it; {AGAIN}")


def of_weights(bundle: Path) -> dict[str, str]:
    """Return the SHA-256 of each file of a bundle that holds weights, as the bundle itself says it.

    Raises:
        ModelError: the checksums cannot be read.
    """
    named = _read(bundle / FILE)
    return {name: str(facts.get("sha256")) for name, facts in named.items() if Path(name).suffix in _WEIGHTS}


def _read(path: Path) -> Mapping[str, Mapping[str, Any]]:
    if not path.is_file():
        raise ModelError(f"{path.parent} has no {FILE}, so that nothing tells whether it is whole; {AGAIN}")
    named = read_object(path).get("files")
    if not isinstance(named, dict) or not all(isinstance(facts, dict) for facts in named.values()):
        raise ModelError(f"{path} names no files with their checksums; {AGAIN}")
    if outside := [name for name in named if Path(name).is_absolute() or ".." in Path(name).parts]:
        raise ModelError(f"{path} names {outside[0]}, which is outside of the folder; {AGAIN}")
    return named


def _files(bundle: Path) -> list[Path]:
    """All files of a bundle besides its card, the checksums, and what the system hides, in the order of their names."""
    inside = (path for path in bundle.rglob("*") if not any(part.startswith(".") for part in _parts(path, bundle)))
    return sorted(path for path in inside if path.is_file() and path not in (bundle / FILE, bundle / _CARD))


def _parts(path: Path, bundle: Path) -> tuple[str, ...]:
    return path.relative_to(bundle).parts


def _facts(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        return {"sha256": hashlib.file_digest(file, "sha256").hexdigest(), "bytes": path.stat().st_size}
