"""Read a model's outputs from disk by the key of the example, in any order; they are written once.

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
    REST,
    STATES,
    TOKENS,
    Table,
    not_finite,
    ranges,
)
from distill.inference.output_parts import read_parts
from distill.models.device_copies import to_device
from distill.types import PLACES, Batch, Outputs, SparseLogits, at_least_float32, device_of


class OutputStore:
    """Stored rows, found by key; called with a batch, it answers like the teacher that made them."""

    def __init__(
        self, folder: Path, identity: str, states: Sequence[int] = (), temperature: float | None = None
    ) -> None:
        """Open a folder of parts.

        Args:
            folder: the folder of the parts.
            identity: stands for what made them.
            states: which of the model's hidden states are wanted; 0 is the embedding output. More may be stored.
            temperature: the temperature that rows hold for of which some logits were kept; the identity includes it.

        Raises:
            StoreError: there are no parts, they were made by another model or in another way, or states are missing.
        """
        self.folder, self.states, self.temperature = folder, tuple(states), temperature
        stored_parts = list(read_parts(folder, identity, states))
        if not stored_parts:
            raise StoreError(f"{folder} holds no outputs of a model; run the stage that makes them again")
        parts = [part for _, part, _ in stored_parts]
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
            state_indices = [(slice(None), [held.index(state) for state in states]) for *_, held in stored_parts]
            self._of_tokens = Table(parts, [STATES], state_indices)

    def __len__(self) -> int:
        """Return the number of stored rows."""
        return int(self._before[-1])

    def refused(self) -> set[int]:
        """Return the examples of which something stored is no finite number; it reads all of the store once."""
        return {key for part in self._parts for key in part["key"][not_finite(part)].tolist()}

    def rows(self, key: Tensor, first: Tensor, count: Tensor) -> dict[str, Tensor]:
        """Return the rows of some features, one feature after the other.

        Args:
            key: the keys of the examples ``[features]``.
            first: the first row of the example that is wanted ``[features]``.
            count: rows wanted of each ``[features]``.

        Returns:
            ``values [rows, width]``, and what else was stored of each row.

        Raises:
            StoreError: a row was never answered, so its example is not one that the model saw.
        """
        key, first, count = (places.cpu().contiguous() for places in (key, first, count))
        rows_in_store = ranges(self._before[torch.searchsorted(self._key, key)] + first, count)
        features = (torch.searchsorted(self._before, rows_in_store, right=True) - 1).clamp(max=len(self._key) - 1)
        row_in_feature, key_of_row = rows_in_store - self._before[features], key.repeat_interleave(count)
        matches = (self._key[features] == key_of_row) & (self._first[features] + row_in_feature == ranges(first, count))
        self._refuse_missing(matches & (row_in_feature < self._count[features]), key_of_row, len(key))
        return self._rows.at(self._row_at[features] + row_in_feature)

    def examples(self, key: Tensor) -> list[Tensor]:
        """Return all rows ``[n, width]`` of each of the examples ``key [examples]``."""
        outputs, lengths = self.whole(key)
        return list(torch.split(outputs.logits, lengths))

    def whole(self, key: Tensor) -> tuple[Outputs, list[int]]:
        """Return all rows of the examples ``key [examples]``, one example after the other, and how many each has."""
        begin, end = (torch.searchsorted(self._key, key, side=side) for side in ("left", "right"))
        self._refuse_missing(begin < end, key, len(key))
        count = self._before[end] - self._before[begin]
        rows = self.rows(key, torch.zeros_like(count), count)
        return self._answer(rows, rows["values"]), count.tolist()

    def hidden(self, key: Tensor, first: Tensor) -> tuple[Tensor, Tensor]:
        """Return the hidden states of some features, as the model gave them but for rounding to half precision.

        Args:
            key: the keys of the examples ``[features]``.
            first: the first row of the example that each feature answers ``[features]``.

        Returns:
            States ``[features, tokens, states, width]``, 0 where there is padding, and the mask ``[features, tokens]``.

        Raises:
            StoreError: the model never read such a feature.
        """
        key, first = key.cpu().contiguous(), first.cpu()
        last = len(self._key) - 1
        place = torch.searchsorted(self._key, key).clamp(max=last)
        while bool((behind := (self._key[place] == key) & (self._first[place] < first) & (place < last)).any()):
            place = place + behind.long()
        self._refuse_missing((self._key[place] == key) & (self._first[place] == first), key, len(key))
        tokens = self._tokens[place]
        stored_states = self._of_tokens.at(ranges(self._token_at[place], tokens))[STATES]
        mask = torch.arange(int(tokens.max())) < tokens.unsqueeze(-1)
        states = stored_states.new_zeros(*mask.shape, *stored_states.shape[1:])
        states[mask] = stored_states
        return states, mask

    def __call__(self, batch: Batch) -> Outputs:
        """Return the teacher's rows for a batch, and its states where there are any, on the batch's device."""
        device = device_of(batch)
        stored = self.rows(*(batch[name] for name in PLACES))
        rows = {name: to_device(tensor, device) for name, tensor in stored.items()}
        answer = self._answer(rows, at_least_float32(rows["values"]))
        if not self.states:
            return answer
        states, mask = self.hidden(batch["key"], batch["first"])
        by_number = dict(zip(self.states, at_least_float32(to_device(states, device)).unbind(2), strict=True))
        layers = tuple(by_number.get(number, torch.empty(0, device=device)) for number in range(max(by_number) + 1))
        return Outputs(answer.logits, layers, to_device(mask, device), sparse=answer.sparse)

    def _answer(self, rows: Mapping[str, Tensor], values: Tensor) -> Outputs:
        """Return the output of a teacher that has these stored rows, whose ``values`` are given."""
        if "indices" not in rows:
            return Outputs(values)
        if self.temperature is None:
            raise StoreError(f"{self.folder} holds some logits of each row, for a temperature that is not known")
        return Outputs(values, sparse=SparseLogits(values, rows["indices"], rows[REST], self.temperature))

    def _refuse_missing(self, is_stored: Tensor, key: Tensor, examples: int) -> None:
        """Refuse examples of which something is not stored."""
        if not bool(is_stored.all()):
            raise StoreError(
                f"{self.folder} has no output for {len(torch.unique(key[~is_stored]))} of {examples} examples: "
                "their text changed since the model saw it; run the stage that makes it again"
            )
