"""Read the columns of a model's stored outputs: whose rows they are, and whether they hold numbers."""

import hashlib
import math
from collections.abc import Mapping, Sequence
from types import EllipsisType
from typing import TypeAlias

import torch
from torch import Tensor

from distill.types import PLACES

REST = "rest"
TOKENS, STATES = "tokens", "states"
"""Where there are hidden states: how many tokens each feature has, and their states ``[tokens, states, width]``."""


_RowIndex: TypeAlias = EllipsisType | tuple[slice, list[int]]
"""What is taken of each row of a part: all, or some hidden states of each token."""


class Table:
    """Columns of all parts, read as if they were one, only where they are asked for."""

    def __init__(
        self, parts: Sequence[Mapping[str, Tensor]], names: Sequence[str], read: Sequence[_RowIndex] = ()
    ) -> None:
        """Keep the columns ``names`` of all parts; ``read`` indexes what is taken of each part's rows, or all."""
        self.parts, self.names, self.read = parts, names, read or [...] * len(parts)
        self.starts = torch.tensor([0, *(len(part[names[0]]) for part in parts)]).cumsum(0)

    def at(self, places: Tensor) -> dict[str, Tensor]:
        """Return the rows at ``places [n]``, copied part by part out of the mapped files."""
        part_of_place = torch.searchsorted(self.starts, places, right=True) - 1
        first = {name: self.parts[0][name][:1][self.read[0]] for name in self.names}
        columns = {name: row.new_empty(len(places), *row.shape[1:]) for name, row in first.items()}
        for number in torch.unique(part_of_place).tolist():
            in_part = part_of_place == number
            place_in_part = places[in_part] - self.starts[number]
            for name, column in columns.items():
                column[in_part] = self.parts[number][name][place_in_part][self.read[number]]
        return columns


def not_finite(part: Mapping[str, Tensor]) -> Tensor:
    """Return which features ``[features]`` of a part hold something that is no finite number.

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
    """Return the BLAKE2 digest of a part's columns: their names, dtypes, shapes and bytes."""
    blake2 = hashlib.blake2b(digest_size=16)
    for name in sorted(part):
        column = part[name].contiguous()
        blake2.update(f"{name} {column.dtype} {tuple(column.shape)} ".encode())
        blake2.update(column.flatten().view(torch.uint8).numpy().tobytes())
    return blake2.hexdigest()


def _holds(name: str, column: Tensor) -> bool:
    """Return whether a column holds no nan and no forbidden infinity, in one pass; nan is both least and greatest."""
    if not column.numel():
        return True
    least, greatest = map(float, column.aminmax())
    return greatest < math.inf and (name == REST or least > -math.inf)


def rows_of_each(name: str, part: Mapping[str, Tensor]) -> Tensor:
    """Return how many rows of a column each feature has, ``[features]``."""
    if name in (*PLACES, TOKENS):
        return torch.ones_like(part["key"])
    return part[TOKENS] if name == STATES else part["count"]


def ranges(first: Tensor, count: Tensor) -> Tensor:
    """Return ``first[0], first[0] + 1, …`` for ``count[0]`` numbers, then those of ``first[1]``, and so on.

    >>> ranges(torch.tensor([5, 0]), torch.tensor([2, 3])).tolist()
    [5, 6, 0, 1, 2]
    """
    before = count.cumsum(0) - count
    steps = torch.arange(int(count.sum()), device=count.device)
    return steps - before.repeat_interleave(count) + first.repeat_interleave(count)
