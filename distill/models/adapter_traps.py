"""Refuse the settings of an adapter that would run code, or take all time or memory."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from distill.errors import ModelError
from distill.models.patterns import may_never_end

_NEVER = ("megatron_config", "layer_replication")
"""Settings of which one has peft import a module by its name, and the other makes layers out of layers."""
_SEARCHED = (
    "target_modules",
    "exclude_modules",
    "modules_to_save",
    "layers_pattern",
    "feedforward_modules",
    "rank_pattern",
    "alpha_pattern",
)
"""Settings that hold regular expressions."""
_LARGEST_RANK = 4096


def refuse_traps(path: Path, settings: Mapping[str, Any]) -> None:
    """Refuse settings that import what they name, repeat layers, are larger than any adapter, or search without an end.

    Raises:
        ModelError: they do.
    """
    for key in _NEVER:
        if settings.get(key):
            raise ModelError(f"{path} asks for {key}, which is not done here: save the adapter without it")
    patterns = [value for key in _SEARCHED for value in _texts(settings.get(key))]
    if (endless := next(filter(may_never_end, patterns), None)) is not None:
        raise ModelError(f"{path} searches names for {endless[:80]!r}, which may never end: name the layers in a list")
    by_layer = settings.get("rank_pattern")
    ranks = [settings.get("r"), *(by_layer.values() if isinstance(by_layer, dict) else ())]
    if (largest := max((rank for rank in ranks if isinstance(rank, int)), default=0)) > _LARGEST_RANK:
        raise ModelError(f"{path} says that the adapter has rank {largest:,}; allowed is at most {_LARGEST_RANK:,}")


def _texts(value: object) -> list[str]:
    """Return the texts in a setting that is one, a list of some, or has some for keys."""
    values = [value] if isinstance(value, str) else list(value) if isinstance(value, (list, dict)) else []
    return [each for each in values if isinstance(each, str)]
