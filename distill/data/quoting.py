"""Examples as a user finds them again: by how their text begins."""

import json
from collections.abc import Sequence

import numpy as np

from distill.pipeline.context import Builder

_SHOWN = 3
_BEGINNING = 60
"""Characters of a text that are shown."""


def quote(build: Builder, keys: Sequence[int]) -> str:
    """The first examples of these keys, and how many more there are; control characters are shown as escapes."""
    keys = list(dict.fromkeys(keys))
    shown = ", ".join(_text(build, key) for key in keys[:_SHOWN])
    return f"{shown} and {len(keys) - _SHOWN:,} more" if len(keys) > _SHOWN else shown


def _text(build: Builder, key: int) -> str:
    for split, rows in build.data.splits.items():
        found = np.flatnonzero(np.asarray(rows["key"][:]) == key)
        if len(found):
            row = rows[int(found[0])]
            parts = (row[role] for role in build.task.text if role in row)
            text = " | ".join(part if isinstance(part, str) else " ".join(map(str, part)) for part in parts)
            short = text if len(text) <= _BEGINNING else text[:_BEGINNING] + "…"
            return f"{json.dumps(short, ensure_ascii=False)} of {split}"
    return f"the example {key}"
