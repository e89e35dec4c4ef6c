"""A model's logits on disk, keyed by the text they answer: written once, read in any order.

Parts are safetensors files, memory-mapped when read. Each carries the identity of what made it (model, tokenizer,
length limit), so that rows of another teacher are refused.
"""

from collections.abc import Sequence
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor

from distill.errors import StoreError
from distill.types import Batch, Outputs

_IDENTITY = "identity"


class LogitsWriter:
    """Collects rows and writes a part file whenever ``rows_per_part`` have come.

    A folder that already has parts is added to: ``stored_keys`` tells what need not be computed again.
    """

    def __init__(self, folder: Path, identity: str, rank: int = 0, rows_per_part: int = 8192) -> None:
        """Write into ``folder`` under the name of ``rank``."""
        self.folder, self.identity, self.rank, self.rows_per_part = folder, identity, rank, rows_per_part
        self._keys: list[Tensor] = []
        self._logits: list[Tensor] = []
        folder.mkdir(parents=True, exist_ok=True)

    def add(self, keys: Tensor, logits: Tensor) -> None:
        """Take ``keys [n]`` and ``logits [n, classes]``."""
        self._keys.append(keys.cpu())
        self._logits.append(logits.detach().float().cpu())
        if sum(map(len, self._keys)) >= self.rows_per_part:
            self.flush()

    def flush(self) -> None:
        """Write what has come; a part appears whole or not at all."""
        if not self._keys:
            return
        number = len(list(self.folder.glob(f"part-{self.rank}-*.safetensors")))
        path = self.folder / f"part-{self.rank}-{number}.safetensors"
        hidden = path.with_suffix(".writing")
        tensors = {"keys": torch.cat(self._keys), "logits": torch.cat(self._logits)}
        save_file(tensors, hidden, metadata={_IDENTITY: self.identity})
        hidden.rename(path)
        self._keys, self._logits = [], []


def stored_keys(folder: Path, identity: str) -> Tensor:
    """The keys ``[n]`` that ``folder`` already answers; none where it does not exist."""
    parts = [tensors["keys"] for tensors in _parts(folder, identity)]
    return torch.cat(parts) if parts else torch.empty(0, dtype=torch.int64)


class TeacherStore:
    """Stored logits, asked by key: a ``Respond`` for terms that read nothing but logits."""

    def __init__(self, folder: Path, identity: str) -> None:
        """Open a folder of parts.

        Raises:
            StoreError: there are no parts, or they were made by another model, tokenizer or length limit.
        """
        self.folder = folder
        parts = _parts(folder, identity)
        if not parts:
            raise StoreError(f"{folder} holds no teacher outputs; run the teach stage")
        keys = torch.cat([part["keys"] for part in parts])
        self._logits = [part["logits"] for part in parts]
        self._starts = torch.tensor([0, *(len(logits) for logits in self._logits)]).cumsum(0)
        self._keys, self._rows = keys.sort()

    def __len__(self) -> int:
        """Rows stored, repeated texts counted each time."""
        return len(self._keys)

    def logits(self, keys: Tensor) -> Tensor:
        """The rows ``[n, classes]`` of ``keys [n]``.

        Raises:
            StoreError: a key was never answered, so its text is not one the teacher saw.
        """
        keys = keys.cpu()
        found = torch.searchsorted(self._keys, keys).clamp(max=len(self._keys) - 1)
        if (unknown := self._keys[found] != keys).any():
            raise StoreError(
                f"{self.folder} has no teacher output for {int(unknown.sum())} of {len(keys)} examples: "
                "their text changed since the teacher saw it; run the teach stage again"
            )
        rows = self._rows[found]
        parts = torch.searchsorted(self._starts, rows, right=True) - 1
        within = rows - self._starts[parts]
        return torch.stack([self._logits[part][row] for part, row in zip(parts.tolist(), within.tolist(), strict=True)])

    def __call__(self, batch: Batch) -> Outputs:
        """The teacher's logits for a batch, on the batch's device."""
        return Outputs(self.logits(batch["key"]).to(batch["key"].device))


def _parts(folder: Path, identity: str) -> Sequence[dict[str, Tensor]]:
    parts = []
    for path in sorted(folder.glob("part-*.safetensors")):
        with safe_open(path, framework="pt") as file:
            if (file.metadata() or {}).get(_IDENTITY) != identity:
                raise StoreError(f"{path} holds outputs of another teacher, tokenizer or length limit")
            parts.append({name: file.get_tensor(name) for name in ("keys", "logits")})
    return parts
