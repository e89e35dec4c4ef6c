"""A model's answers on disk, keyed by the example they answer: written once, read in any order.

An example has as many rows as its task predicts things: one for a sentence, one for each word of it. Parts are
safetensors files, memory-mapped when read. Each carries the identity of what made it (model, tokenizer, length limit),
so that rows of another teacher are refused.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor

from distill.errors import StoreError
from distill.types import Batch, Outputs

_IDENTITY = "identity"
_PLACES = ("key", "first", "count")
"""Of each feature: its example, the first of the example's rows that it answers, and how many."""


class AnswerWriter:
    """Collects rows and writes a part file whenever ``rows_per_part`` have come.

    A folder that already has parts is added to: ``stored_places`` tells what need not be computed again.
    """

    def __init__(self, folder: Path, identity: str, rank: int = 0, rows_per_part: int = 8192) -> None:
        """Write into ``folder`` under the name of ``rank``."""
        self.folder, self.identity, self.rank, self.rows_per_part = folder, identity, rank, rows_per_part
        self._waiting: list[dict[str, Tensor]] = []
        folder.mkdir(parents=True, exist_ok=True)

    def add(self, places: Mapping[str, Tensor], rows: Mapping[str, Tensor]) -> None:
        """Take features: ``key``, ``first``, ``count`` ``[features]``, and of each row ``values [rows, width]``."""
        self._waiting.append({name: tensor.detach().cpu() for name, tensor in (*places.items(), *rows.items())})
        if sum(len(each["values"]) for each in self._waiting) >= self.rows_per_part:
            self.flush()

    def flush(self) -> None:
        """Write what has come; a part appears whole or not at all."""
        if not self._waiting:
            return
        number = len(list(self.folder.glob(f"part-{self.rank}-*.safetensors")))
        path = self.folder / f"part-{self.rank}-{number}.safetensors"
        hidden = path.with_suffix(".writing")
        tensors = {name: torch.cat([each[name] for each in self._waiting]) for name in self._waiting[0]}
        save_file(tensors, hidden, metadata={_IDENTITY: self.identity})
        hidden.rename(path)
        self._waiting = []


def stored_places(folder: Path, identity: str) -> set[tuple[int, int]]:
    """The (key, first) of the features that ``folder`` already answers; none where it does not exist."""
    return {
        place
        for part in _parts(folder, identity)
        for place in zip(part["key"].tolist(), part["first"].tolist(), strict=True)
    }


class AnswerStore:
    """Stored rows, asked by key; as a ``Respond`` it is a teacher for terms that read nothing but logits."""

    def __init__(self, folder: Path, identity: str) -> None:
        """Open a folder of parts.

        Raises:
            StoreError: there are no parts, or they were made by another model, tokenizer or length limit.
        """
        self.folder = folder
        parts = _parts(folder, identity)
        if not parts:
            raise StoreError(f"{folder} holds no outputs of a model; run the stage that makes them again")
        self._rows = [{name: part[name] for name in part if name not in _PLACES} for part in parts]
        self._starts = torch.tensor([0, *(len(part["values"]) for part in self._rows)]).cumsum(0)
        key, first, count = (torch.cat([part[name] for part in parts]) for name in _PLACES)
        self._index(key.repeat_interleave(count), _ranges(first, count))

    def _index(self, keys: Tensor, numbers: Tensor) -> None:
        """Sort all rows by example and number, so that an example's rows are neighbours."""
        order = numbers.argsort(stable=True)
        self._order = order[keys[order].argsort(stable=True)]
        self._keys, self._numbers = keys[self._order], numbers[self._order]

    def __len__(self) -> int:
        """Rows stored."""
        return len(self._keys)

    def rows(self, key: Tensor, first: Tensor, count: Tensor) -> dict[str, Tensor]:
        """The rows of some features, one feature after the other.

        Args:
            key: of the examples ``[features]``.
            first: the first row of the example that is wanted ``[features]``.
            count: rows wanted of each ``[features]``.

        Returns:
            ``values [rows, width]``, and what else was stored of each row.

        Raises:
            StoreError: a row was never answered, so its example is not one that the model saw.
        """
        key, first, count = key.cpu(), first.cpu(), count.cpu()
        begin = torch.searchsorted(self._keys, key) + first
        wanted = _ranges(begin, count)
        found = wanted.clamp(max=len(self._keys) - 1)
        right = (self._keys[found] == key.repeat_interleave(count)) & (self._numbers[found] == _ranges(first, count))
        if not bool(right.all()):
            missing = len(torch.unique(key.repeat_interleave(count)[~right]))
            raise StoreError(
                f"{self.folder} has no output for {missing} of {len(key)} examples: "
                "their text changed since the model saw it; run the stage that makes it again"
            )
        return self._taken(self._order[found])

    def examples(self, key: Tensor) -> list[Tensor]:
        """All rows ``[n, width]`` of each of the examples ``key [examples]``."""
        begin, end = (torch.searchsorted(self._keys, key, side=side) for side in ("left", "right"))
        count = end - begin
        values = self.rows(key, torch.zeros_like(count), count.clamp(min=1))["values"]
        return list(torch.split(values, count.tolist()))

    def __call__(self, batch: Batch) -> Outputs:
        """The teacher's rows for a batch, on the batch's device."""
        device = batch["key"].device
        rows = {name: tensor.to(device) for name, tensor in self.rows(*(batch[name] for name in _PLACES)).items()}
        return Outputs(rows["values"].float(), indices=rows.get("indices"), rest=rows.get("rest"))

    def _taken(self, places: Tensor) -> dict[str, Tensor]:
        """The stored rows at ``places``, part by part."""
        part = torch.searchsorted(self._starts, places, right=True) - 1
        taken = {}
        for name, example in self._rows[0].items():
            taken[name] = torch.empty(len(places), *example.shape[1:], dtype=example.dtype)
            for number in torch.unique(part).tolist():
                here = part == number
                taken[name][here] = self._rows[number][name][places[here] - self._starts[number]]
        return taken


def _ranges(first: Tensor, count: Tensor) -> Tensor:
    """``first[0], first[0] + 1, …`` for ``count[0]`` numbers, then those of ``first[1]``, and so on.

    >>> _ranges(torch.tensor([5, 0]), torch.tensor([2, 3])).tolist()
    [5, 6, 0, 1, 2]
    """
    before = count.cumsum(0) - count
    return torch.arange(int(count.sum())) - before.repeat_interleave(count) + first.repeat_interleave(count)


def _parts(folder: Path, identity: str) -> Sequence[dict[str, Tensor]]:
    parts = []
    for path in sorted(folder.glob("part-*.safetensors")):
        with safe_open(path, framework="pt") as file:
            if (file.metadata() or {}).get(_IDENTITY) != identity:
                raise StoreError(f"{path} holds outputs of another teacher, tokenizer or length limit")
            parts.append({name: file.get_tensor(name) for name in file.keys()})  # noqa: SIM118 - it is no dictionary
    return parts
