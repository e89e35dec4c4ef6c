"""Columns of a model's stored answers: whose rows they are, how they are read, and whether they hold numbers."""

import hashlib
import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

PLACES = ("key", "first", "count")
"""Columns that place a feature: its example, the first of the example's rows that it answers, and how many."""
REST = "rest"
TOKENS, STATES = "tokens", "states"
"""Where there are hidden states: how many tokens each feature has, and their states ``[tokens, states, width]``."""


class Table:
    """Columns of all parts, read as if they were one, only where they are asked for."""

    def __init__(self, parts: Sequence[Mapping[str, Tensor]], names: Sequence[str], read: Sequence[Any] = ()) -> None:
        """``read`` says for each part what is taken of its rows, as an index; all where it is not given."""
        self.parts, self.names, self.read = parts, names, read or [...] * len(parts)
        self.starts = torch.tensor([0, *(len(part[names[0]]) for part in parts)]).cumsum(0)

    def at(self, places: Tensor) -> dict[str, Tensor]:
        """What lies at ``places [n]``, copied part by part out of the mapped files."""
        part = torch.searchsorted(self.starts, places, right=True) - 1
        first = {name: self.parts[0][name][:1][self.read[0]] for name in self.names}
        taken = {name: column.new_empty(len(places), *column.shape[1:]) for name, column in first.items()}
        for number in torch.unique(part).tolist():
            here = part == number
            inside = places[here] - self.starts[number]
            for name, into in taken.items():
                into[here] = self.parts[number][name][inside][self.read[number]]
        return taken


def not_finite(part: Mapping[str, Tensor]) -> Tensor:
    """Which features ``[features]`` of a part hold something that is no finite number.

    What is left over of a row, ``rest``, may be -inf: nothing is.
    """
    bad = torch.zeros(len(part["key"]), dtype=torch.bool)
    for name, column in part.items():
        if column.is_floating_point() and not _holds(name, column):
            wrong = ~(column < torch.inf) if name == REST else ~column.isfinite()
            of_row = wrong.reshape(len(wrong), -1).any(dim=1)
            bad[torch.arange(len(bad)).repeat_interleave(rows_of_each(name, part))[of_row]] = True
    return bad


def digest(part: Mapping[str, Tensor]) -> str:
    """BLAKE2 digest of a part's columns: their names, forms and bytes."""
    found = hashlib.blake2b(digest_size=16)
    for name in sorted(part):
        column = part[name].contiguous()
        found.update(f"{name} {column.dtype} {tuple(column.shape)} ".encode())
        found.update(column.flatten().view(torch.uint8).numpy().tobytes())
    return found.hexdigest()


def _holds(name: str, column: Tensor) -> bool:
    """Whether all of a column is as it shall be, seen in one pass; nan is both the least and the greatest."""
    if not column.numel():
        return True
    least, greatest = map(float, column.aminmax())
    return greatest < math.inf and (name == REST or least > -math.inf)


def rows_of_each(name: str, part: Mapping[str, Tensor]) -> Tensor:
    """How many rows of a column each feature has."""
    if name in (*PLACES, TOKENS):
        return torch.ones_like(part["key"])
    return part[TOKENS] if name == STATES else part["count"]


def ranges(first: Tensor, count: Tensor) -> Tensor:
    """``first[0], first[0] + 1, …`` for ``count[0]`` numbers, then those of ``first[1]``, and so on.

    >>> ranges(torch.tensor([5, 0]), torch.tensor([2, 3])).tolist()
    [5, 6, 0, 1, 2]
    """
    before = count.cumsum(0) - count
    steps = torch.arange(int(count.sum()), device=count.device)
    return steps - before.repeat_interleave(count) + first.repeat_interleave(count)
