"""Write and read the manifest of a finished stage; one that is damaged, foreign or of an unknown form is refused."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from distill.base.disk import replacing
from distill.errors import DamagedStageError, StoreError

MANIFEST = "manifest.json"
SCHEMA = 2
"""1: without a checksum of its own. 2: with one."""
_FORM: Mapping[str, type | tuple[type, ...]] = {
    "stage": str,
    "fingerprint": str,
    "seconds": (int, float),
    "result": dict,
    "files": dict,
}
"""What has to be there, and its type."""


def write(folder: Path, content: Mapping[str, object]) -> Path:
    """Write the manifest of the stage in ``folder``, with its schema and a checksum of its content."""
    plain = json.loads(json.dumps({**content, "schema": SCHEMA}, allow_nan=False))
    text = json.dumps({**plain, "checksum": _checksum(plain)}, indent=2, allow_nan=False)
    with replacing(folder / MANIFEST) as hidden:
        hidden.write_text(text, encoding="utf-8")
    return folder / MANIFEST


def read(folder: Path) -> dict[str, Any]:
    """Return the content of the manifest of a finished stage.

    Raises:
        DamagedStageError: it is not what was written.
        StoreError: it may not be read, or is of a form that this version does not know.
    """
    path = folder / MANIFEST
    try:
        content: Any = json.loads(path.read_text(encoding="utf-8"))
    except PermissionError as error:
        raise StoreError(f"{path} cannot be read ({error.strerror}); take another store with store=FOLDER") from error
    except (OSError, ValueError, RecursionError) as error:
        raise DamagedStageError(f"{path} cannot be read", folder) from error
    if not isinstance(content, dict):
        raise DamagedStageError(f"{path} is no manifest of a stage: it holds no object", folder)
    _known(path, content)
    if content["schema"] > 1 and content.get("checksum") != _checksum(content):
        raise DamagedStageError(f"{path} is damaged: its checksum is not that of what it says", folder)
    for key, kind in _FORM.items():
        if not isinstance(content.get(key), kind):
            what = f"{path} is no manifest of a stage: its {key!r} is missing or of another kind"
            raise DamagedStageError(what, folder)
    if not all(isinstance(file, dict) and {"bytes", "checksum"} <= file.keys() for file in content["files"].values()):
        raise DamagedStageError(f"{path} is no manifest of a stage: its 'files' have no sizes and checksums", folder)
    return content


def _known(path: Path, content: Mapping[str, object]) -> None:
    """Refuse a schema that this version does not know."""
    schema = content.get("schema")
    if type(schema) is not int or schema < 1:
        what = f"{path} is no manifest of a stage: its 'schema' is missing or of another kind"
        raise DamagedStageError(what, path.parent)
    if schema > SCHEMA:
        raise StoreError(
            f"{path} has the schema {schema}, and this version of distill knows {SCHEMA} at most: it is of a newer "
            f"version, or damaged; take the newer version, or another folder with store=FOLDER, or remove the folder "
            f"{path.parent} and run again"
        )


def _checksum(content: Mapping[str, object]) -> str:
    """Return the BLAKE2 digest of all entries besides the checksum, in whatever order and spacing."""
    rest = {key: value for key, value in content.items() if key != "checksum"}
    return hashlib.blake2b(json.dumps(rest, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
