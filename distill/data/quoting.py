"""Quotes of examples by the beginning of their text, by which a user finds them again."""

import json
from collections.abc import Mapping, Sequence

import numpy as np
from datasets import Dataset

_SHOWN = 3
_BEGINNING = 60
"""Characters of a text that are shown."""


def quote(splits: Mapping[str, Dataset], roles: Sequence[str], keys: Sequence[int]) -> str:
    """Return how the first of some examples begin, and how many more there are, for a message.

    Args:
        splits: of the data.
        roles: the columns that are shown.
        keys: of examples; control characters of their texts are shown as escapes.
    """
    keys = list(dict.fromkeys(keys))
    shown = ", ".join(_text(splits, roles, key) for key in keys[:_SHOWN])
    return f"{shown} and {len(keys) - _SHOWN:,} more" if len(keys) > _SHOWN else shown


def _text(splits: Mapping[str, Dataset], roles: Sequence[str], key: int) -> str:
    for split, rows in splits.items():
        places = np.flatnonzero(np.asarray(rows["key"][:]) == key)
        if len(places):
            row = rows[int(places[0])]
            parts = (row[role] for role in roles if role in row)
            text = " | ".join(part if isinstance(part, str) else " ".join(map(str, part)) for part in parts)
            short = text if len(text) <= _BEGINNING else text[:_BEGINNING] + "…"
            return f"{json.dumps(short, ensure_ascii=False)} of {split}"
    return f"the example {key}"
