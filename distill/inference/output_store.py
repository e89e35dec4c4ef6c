"""A model's answers on disk, keyed by the example they answer: written once, read in any order.

An example has as many rows as its task predicts things: one for a sentence, one for each word of it. Beside them may
lie hidden states, one for each token that the model read. Parts are safetensors files that are mapped, not loaded: in
memory are the places of the features alone, some 40 bytes each. Each part carries the identity of what made it (model,
tokenizer, length limit), so that rows of another teacher are refused.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor

from distill.base.disk import to_disk
from distill.errors import StoreError
from distill.inference.output_columns import (
    PLACES,
    REST,
    STATES,
    TOKENS,
    Table,
    digest,
    not_finite,
    ranges,
    rows_of_each,
)
from distill.types import Batch, Outputs, SparseLogits, at_least_float32

log = logging.getLogger(__name__)

_IDENTITY, _DIGEST = "identity", "digest"


class OutputWriter:
    """Collects features and writes a part file whenever enough have come.

    A folder that already has parts is added to: ``stored_places`` tells what need not be computed again.
    """

    def __init__(
        self, folder: Path, identity: str, rank: int = 0, features_per_part: int = 8192,
        bytes_per_part: int = 64 << 20, states: Sequence[int] = (),
    ) -> None:  # fmt: skip
        """Write into ``folder`` under the name of ``rank``; a part ends at either of its two limits.

        ``states`` says which of the model's hidden states come, in their order; 0 is the embedding output.
        """
        self.folder, self.identity, self.rank, self.states = folder, identity, rank, states
        self.features_per_part, self.bytes_per_part = features_per_part, bytes_per_part
        self.refused: set[int] = set()
        """The examples of which something came that is no finite number; it is not written."""
        self._waiting: list[dict[str, Tensor]] = []
        self._features = self._bytes = 0
        folder.mkdir(parents=True, exist_ok=True)

    def add(self, places: Mapping[str, Tensor], rows: Mapping[str, Tensor]) -> None:
        """Take features.

        Args:
            places: ``key``, ``first``, ``count`` ``[features]``, and ``tokens`` ``[features]`` where there are states.
            rows: of each row ``values [rows, width]`` and what else is kept of it; of each token its ``states``.
        """
        came = self._finite({name: tensor.detach().cpu() for name, tensor in (*places.items(), *rows.items())})
        if not len(came["key"]):
            return
        self._waiting.append(came)
        self._features += len(came["key"])
        self._bytes += sum(tensor.nbytes for tensor in came.values())
        if self._features >= self.features_per_part or self._bytes >= self.bytes_per_part:
            self.flush()

    def _finite(self, came: dict[str, Tensor]) -> dict[str, Tensor]:
        """What has come, without the features of which something is no finite number: these are asked again."""
        bad = not_finite(came)
        if not bool(bad.any()):
            return came
        self.refused |= set(came["key"][bad].tolist())
        return {name: column[~bad.repeat_interleave(rows_of_each(name, came))] for name, column in came.items()}

    def flush(self) -> None:
        """Write what has come; a part appears whole or not at all."""
        if not self._waiting:
            return
        parts = self.folder.glob(f"part-{self.rank}-*.safetensors")
        number = max((int(part.stem.rpartition("-")[2]) for part in parts), default=-1) + 1
        path = self.folder / f"part-{self.rank}-{number}.safetensors"
        hidden = path.with_suffix(".writing")
        tensors = {name: torch.cat([each[name] for each in self._waiting]) for name in self._waiting[0]}
        states = ",".join(map(str, self.states))
        save_file(tensors, hidden, {_IDENTITY: self.identity, STATES: states, _DIGEST: digest(tensors)})
        to_disk(hidden)
        hidden.rename(path)
        to_disk(self.folder)
        self._waiting, self._features, self._bytes = [], 0, 0


def remove_damaged(folder: Path) -> None:
    """Remove the parts in ``folder``, of an interrupted try, that are not what was written: they are asked again.

    One without a digest, as earlier versions wrote, only has to be readable.
    """
    for path in sorted(folder.glob("part-*.safetensors")):
        if not _whole(path):
            log.warning("the answers in %s are damaged: they are asked again", path)
            path.unlink()


def _whole(path: Path) -> bool:
    try:
        with safe_open(path, framework="pt") as file:
            said = file.metadata() or {}
        return _DIGEST not in said or said[_DIGEST] == digest(load_file(path))
    except (SafetensorError, OSError):
        return False


def stored_places(folder: Path, identity: str, states: Sequence[int] = ()) -> set[tuple[int, int]]:
    """The (key, first) of the features that ``folder`` already answers; none where it does not exist."""
    return set().union(*stored_parts(folder, identity, states).values())


def stored_parts(folder: Path, identity: str, states: Sequence[int] = ()) -> dict[Path, set[tuple[int, int]]]:
    """The same by the file of the part; a ``StoreError`` where another made them, or some ``states`` are missing."""
    return {
        path: set(zip(part["key"].tolist(), part["first"].tolist(), strict=True))
        for path, part, _ in _parts(folder, identity, states)
    }


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
        found = list(_parts(folder, identity, states))
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


def _parts(folder: Path, identity: str, states: Sequence[int]) -> Iterator[tuple[Path, dict[str, Tensor], list[int]]]:
    """Each part: its file, its columns, which are mapped and read only where they are used, and which states it has."""
    for path in sorted(folder.glob("part-*.safetensors")):
        with safe_open(path, framework="pt") as file:
            said = file.metadata() or {}
            if said.get(_IDENTITY) != identity:
                raise StoreError(f"{path} holds outputs of another teacher, tokenizer or length limit")
            there = [int(each) for each in said.get(STATES, "").split(",") if each]
            if missing := [each for each in states if each not in there]:
                raise StoreError(f"{path} holds the hidden states {there}, and not {missing}")
            yield path, {name: file.get_tensor(name) for name in file.keys()}, there  # noqa: SIM118 - no dictionary
