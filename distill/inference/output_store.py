"""A model's answers on disk, keyed by the example they answer: written once, read in any order.

An example has as many rows as its task predicts things: one for a sentence, one for each word of it. Beside them may
lie hidden states, one for each token that the model read. Parts are safetensors files that are mapped, not loaded: in
memory are the places of the features alone, some 40 bytes each. Each part carries the identity of what made it (model,
tokenizer, length limit), so that rows of another teacher are refused.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from torch import Tensor

from distill.errors import StoreError
from distill.inference.output_columns import (
    PLACES,
    REST,
    STATES,
    TOKENS,
    Table,
    not_finite,
    ranges,
)
from distill.inference.output_parts import read_parts
from distill.types import Batch, Outputs, SparseLogits, at_least_float32


class OutputStore:
    """Stored rows, asked by key; as a ``Respond`` it is a teacher for terms that read what is stored."""

    def __init__(
        self, folder: Path, identity: str, states: Sequence[int] = (), temperature: float | None = None
    ) -> None:
        """Open a folder of parts.

        Args:
            folder: of the parts.
            identity: of what made them.
            states: which of the model's hidden states are wanted; 0 is the embedding output. More may be stored.
            temperature: that rows hold for of which some logits were kept; the identity is that of this one alone.

        Raises:
            StoreError: there are no parts, they were made by another model or in another way, or states are missing.
        """
        self.folder, self.states, self.temperature = folder, tuple(states), temperature
        found = list(read_parts(folder, identity, states))
        if not found:
            raise StoreError(f"{folder} holds no outputs of a model; run the stage that makes them again")
        parts = [part for _, part, _ in found]
        self._parts = parts
        key, first, count = (torch.cat([part[name] for part in parts]) for name in PLACES)
        order = first.argsort(stable=True)
        order = order[key[order].argsort(stable=True)]  # an example's features are neighbours, in their order
        self._key, self._first, self._count = key[order], first[order], count[order]
        self._before = torch.cat([torch.zeros(1, dtype=torch.long), self._count.cumsum(0)])
        self._row_at = (count.cumsum(0) - count)[order]
        self._rows = Table(parts, [name for name in parts[0] if name not in (*PLACES, TOKENS, STATES)])
        if self.states:
            tokens = torch.cat([part[TOKENS] for part in parts])
            self._tokens, self._token_at = tokens[order], (tokens.cumsum(0) - tokens)[order]
            wanted = [(slice(None), [there.index(each) for each in states]) for *_, there in found]
            self._of_tokens = Table(parts, [STATES], wanted)

    def __len__(self) -> int:
        """Rows stored."""
        return int(self._before[-1])

    def refused(self) -> set[int]:
        """The examples of which something is stored that is no finite number; it reads all that is stored once."""
        return {key for part in self._parts for key in part["key"][not_finite(part)].tolist()}

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
        key, first, count = (each.cpu().contiguous() for each in (key, first, count))
        wanted = ranges(self._before[torch.searchsorted(self._key, key)] + first, count)
        found = (torch.searchsorted(self._before, wanted, right=True) - 1).clamp(max=len(self._key) - 1)
        inside, asked = wanted - self._before[found], key.repeat_interleave(count)
        right = (self._key[found] == asked) & (self._first[found] + inside == ranges(first, count))
        self._all(right & (inside < self._count[found]), asked, len(key))
        return self._rows.at(self._row_at[found] + inside)

    def examples(self, key: Tensor) -> list[Tensor]:
        """All rows ``[n, width]`` of each of the examples ``key [examples]``."""
        found, lengths = self.whole(key)
        return list(torch.split(found.logits, lengths))

    def whole(self, key: Tensor) -> tuple[Outputs, list[int]]:
        """All rows of the examples ``key [examples]``, one example after the other, and how many each has."""
        begin, end = (torch.searchsorted(self._key, key, side=side) for side in ("left", "right"))
        self._all(begin < end, key, len(key))
        count = self._before[end] - self._before[begin]
        found = self.rows(key, torch.zeros_like(count), count)
        return self._answer(found, found["values"]), count.tolist()

    def hidden(self, key: Tensor, first: Tensor) -> tuple[Tensor, Tensor]:
        """The hidden states of some features, as the model gave them but for rounding to half precision.

        Args:
            key: of the examples ``[features]``.
            first: the first row of the example that each feature answers ``[features]``.

        Returns:
            States ``[features, tokens, states, width]``, 0 where there is padding, and the mask ``[features, tokens]``.

        Raises:
            StoreError: the model never read such a feature.
        """
        key, first = key.cpu().contiguous(), first.cpu()
        last = len(self._key) - 1
        found = torch.searchsorted(self._key, key).clamp(max=last)
        while bool((behind := (self._key[found] == key) & (self._first[found] < first) & (found < last)).any()):
            found = found + behind.long()
        self._all((self._key[found] == key) & (self._first[found] == first), key, len(key))
        tokens = self._tokens[found]
        taken = self._of_tokens.at(ranges(self._token_at[found], tokens))[STATES]
        mask = torch.arange(int(tokens.max())) < tokens.unsqueeze(-1)
        states = taken.new_zeros(*mask.shape, *taken.shape[1:])
        states[mask] = taken
        return states, mask

    def __call__(self, batch: Batch) -> Outputs:
        """The teacher's rows for a batch, and its states where there are any, on the batch's device."""
        device = batch["key"].device
        rows = {name: tensor.to(device) for name, tensor in self.rows(*(batch[name] for name in PLACES)).items()}
        answer = self._answer(rows, at_least_float32(rows["values"]))
        if not self.states:
            return answer
        states, mask = self.hidden(batch["key"], batch["first"])
        found = dict(zip(self.states, at_least_float32(states.to(device)).unbind(2), strict=True))
        every = tuple(found.get(number, torch.empty(0, device=device)) for number in range(max(found) + 1))
        return Outputs(answer.logits, every, mask.to(device), sparse=answer.sparse)

    def _answer(self, rows: Mapping[str, Tensor], values: Tensor) -> Outputs:
        """What a teacher says that has these stored rows, whose ``values`` these are."""
        if "indices" not in rows:
            return Outputs(values)
        if self.temperature is None:
            raise StoreError(f"{self.folder} holds some logits of each row, for a temperature that is not known")
        return Outputs(values, sparse=SparseLogits(values, rows["indices"], rows[REST], self.temperature))

    def _all(self, there: Tensor, key: Tensor, asked: int) -> None:
        """Refuse examples of which something is not ``there``."""
        if not bool(there.all()):
            raise StoreError(
                f"{self.folder} has no output for {len(torch.unique(key[~there]))} of {asked} examples: "
                "their text changed since the model saw it; run the stage that makes it again"
            )
