"""Outputs of a model that is no file: rows in memory, found by the key of the example like stored ones."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from distill.types import Outputs


class HeldOutputs:
    """One row for each example, in memory."""

    def __init__(self, keys: Sequence[int], rows: Tensor) -> None:
        """Keep the rows ``[examples, width]`` under the keys of the examples; equal keys are of equal texts."""
        self._place = {key: place for place, key in enumerate(keys)}
        self._rows = rows

    def examples(self, key: Tensor) -> list[Tensor]:
        """Return the row ``[1, width]`` of each of the examples ``key [examples]``."""
        return list(torch.split(self.whole(key)[0].logits, 1))

    def whole(self, key: Tensor) -> tuple[Outputs, list[int]]:
        """Return the rows of the examples ``key [examples]``, and that each has one."""
        places = torch.tensor([self._place[number] for number in key.tolist()])
        return Outputs(self._rows[places]), [1] * len(places)


class HeldRows:
    """Some rows for each example, in memory."""

    def __init__(self, rows: Mapping[int, Tensor]) -> None:
        """Keep the rows ``[n, width]`` of each key."""
        self._rows = rows

    def examples(self, key: Tensor) -> list[Tensor]:
        """Return all rows ``[n, width]`` of each of the examples ``key [examples]``."""
        return [self._rows[number] for number in key.tolist()]

    def whole(self, key: Tensor) -> tuple[Outputs, list[int]]:
        """Return all rows of the examples ``key [examples]``, one example after the other, and how many each has."""
        rows = self.examples(key)
        return Outputs(torch.cat(rows)), list(map(len, rows))
