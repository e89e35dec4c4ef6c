"""Refuse a ``tokenizer.json`` that takes all time or memory to read a text with; it needs no torch."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from distill.errors import ModelError
from distill.models.patterns import may_never_end

_FILE = "tokenizer.json"
_MOST_ADDED = 200_000
"""Tokens that a tokenizer has beside its vocabulary at most: each takes time whenever it is opened. Models that speak
have 65,536 for sounds."""
_MOST_AROUND = 100
"""Tokens that are put around a text at most."""
_MOST_GROWTH = 1000
"""Characters that a normalizer puts in the place of one at most."""


def refuse_bomb(folder: Path) -> None:
    """Refuse a tokenizer that grows a text beyond all bounds, or searches it without an end.

    A file that cannot be read as JSON is left to whoever opens it.

    Raises:
        ModelError: it is one of these.
    """
    path = folder / _FILE
    try:
        content = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return
    if isinstance(content, dict) and (fault := next(_faults(content), None)) is not None:
        raise ModelError(f"{path} {fault}: give the tokenizer's file as its model has it")


def _faults(content: Mapping[str, Any]) -> Iterator[str]:
    added = content.get("added_tokens")
    if isinstance(added, list) and len(added) > _MOST_ADDED:
        yield f"has {len(added):,} tokens beside its vocabulary; allowed are at most {_MOST_ADDED:,}"
    growth = 1
    for part in _parts([content.get(key) for key in ("normalizer", "pre_tokenizer", "post_processor", "decoder")]):
        if isinstance(pattern := _of(part, "pattern", "Regex"), str) and may_never_end(pattern):
            yield f"searches texts for {pattern[:80]!r}, which may never end"
        growth *= _growth(part)
        for form in ("single", "pair"):
            if isinstance(part.get(form), list) and len(part[form]) > _MOST_AROUND:
                yield f"puts {len(part[form]):,} tokens around a text, and none has more than {_MOST_AROUND}"
    if growth > _MOST_GROWTH:
        yield f"replaces a character by {growth:,}, and none has more than {_MOST_GROWTH:,}"


def _growth(part: Mapping[str, Any]) -> int:
    """Return how many characters a part of a normalizer puts in the place of one, at most."""
    replaces = part.get("type") == "Replace"
    written = part.get("content") if replaces else part.get("prepend")
    read = _of(part, "pattern", "String") if replaces else None
    length = len(read) if isinstance(read, str) else 1
    return max(1, len(written) // max(1, length)) if isinstance(written, str) else 1


def _of(part: Mapping[str, Any], key: str, inner: str) -> object:
    value = part.get(key)
    return value.get(inner) if isinstance(value, dict) else None


def _parts(values: list[Any]) -> Iterator[dict[str, Any]]:
    """Yield every object in some values, however deep."""
    while values:
        value = values.pop()
        if isinstance(value, dict):
            yield value
            values.extend(value.values())
        elif isinstance(value, list):
            values.extend(value)
