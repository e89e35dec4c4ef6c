"""Read JSON files of strangers, which hold an object or are refused in a sentence."""

import codecs
import json
from pathlib import Path
from typing import Any

from distill.errors import ModelError

LARGEST = 64 << 20
"""Bytes of a file that is read as one JSON object at most."""


def read_object(path: Path) -> dict[str, Any]:
    """Return the object that a JSON file holds.

    Raises:
        ModelError: it cannot be read, or holds something else.
    """
    try:
        if path.exists() and not path.is_file():  # reading it might never end
            raise ModelError(f"{path} cannot be read: it is no file")
        if (size := path.stat().st_size) > LARGEST:
            raise ModelError(f"{path} cannot be read: it has {size:,} bytes, more than {LARGEST:,}")
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ModelError(f"{path} cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        hint = "write it as UTF-8 without a byte order mark" if _marked(path) else str(error)
        raise ModelError(f"{path} cannot be read: it is no JSON ({hint})") from error
    if not isinstance(content, dict):
        raise ModelError(f"{path} cannot be read: it is a JSON {_KINDS.get(type(content), 'value')}, not an object")
    return content


def _marked(path: Path) -> bool:
    """Return whether a file begins with a byte order mark, as editors of Windows write it."""
    return path.read_bytes()[:3].startswith((codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))


_KINDS = {list: "array", str: "string", int: "number", float: "number"}
