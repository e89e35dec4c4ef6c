"""Write and read the part files of a model's answers on disk; each appears whole or not at all.

Each part carries the identity of what made it (model, tokenizer, length limit), so that rows of another teacher are
refused, and a digest of its columns.
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
from distill.inference.output_columns import STATES, digest, not_finite, rows_of_each

log = logging.getLogger(__name__)

_IDENTITY, _DIGEST = "identity", "digest"


class OutputWriter:
    """A writer that collects features and writes a part file whenever enough have come.

    A folder that already has parts is added to: ``stored_places`` tells what need not be computed again.
    """

    def __init__(
        self,
        folder: Path,
        identity: str,
        rank: int = 0,
        features_per_part: int = 8192,
        bytes_per_part: int = 64 << 20,
        states: Sequence[int] = (),
    ) -> None:
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
        """Collect features, and write a part where enough have come.

        Args:
            places: ``key``, ``first``, ``count`` ``[features]``, and ``tokens`` ``[features]`` where there are states.
            rows: of each row ``values [rows, width]`` and what else is kept of it; of each token its ``states``.
        """
        columns = self._finite({name: tensor.detach().cpu() for name, tensor in (*places.items(), *rows.items())})
        if not len(columns["key"]):
            return
        self._waiting.append(columns)
        self._features += len(columns["key"])
        self._bytes += sum(tensor.nbytes for tensor in columns.values())
        if self._features >= self.features_per_part or self._bytes >= self.bytes_per_part:
            self.flush()

    def _finite(self, columns: dict[str, Tensor]) -> dict[str, Tensor]:
        """Return what has come, without the features of which something is no finite number: these are asked again."""
        bad = not_finite(columns)
        if not bool(bad.any()):
            return columns
        self.refused |= set(columns["key"][bad].tolist())
        return {name: column[~bad.repeat_interleave(rows_of_each(name, columns))] for name, column in columns.items()}

    def flush(self) -> None:
        """Write what has come; a part appears whole or not at all."""
        if not self._waiting:
            return
        parts = self.folder.glob(f"part-{self.rank}-*.safetensors")
        number = max((int(part.stem.rpartition("-")[2]) for part in parts), default=-1) + 1
        path = self.folder / f"part-{self.rank}-{number}.safetensors"
        hidden = path.with_suffix(".writing")
        tensors = {name: torch.cat([columns[name] for columns in self._waiting]) for name in self._waiting[0]}
        states = ",".join(map(str, self.states))
        save_file(tensors, hidden, {_IDENTITY: self.identity, STATES: states, _DIGEST: digest(tensors)})
        to_disk(hidden)
        hidden.rename(path)
        to_disk(self.folder)
        self._waiting, self._features, self._bytes = [], 0, 0


def remove_damaged(folder: Path) -> None:
    """Remove the parts of an interrupted try that are not as they were written; they are computed again.

    One without a digest, as earlier versions wrote, only has to be readable.
    """
    for path in sorted(folder.glob("part-*.safetensors")):
        if not _whole(path):
            log.warning("the answers in %s are damaged: they are asked again", path)
            path.unlink()


def _whole(path: Path) -> bool:
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
        return _DIGEST not in metadata or metadata[_DIGEST] == digest(load_file(path))
    except (SafetensorError, OSError):
        return False


def identity_of(folder: Path) -> str:
    """Return the identity that the parts of a folder carry; empty where there are none."""
    for path in sorted(folder.glob("part-*.safetensors")):
        with safe_open(path, framework="pt") as file:
            return str((file.metadata() or {}).get(_IDENTITY, ""))
    return ""


def stored_places(folder: Path, identity: str, states: Sequence[int] = ()) -> set[tuple[int, int]]:
    """Return the (key, first) of the features that ``folder`` already answers; none where it does not exist."""
    return set().union(*stored_parts(folder, identity, states).values())


def stored_parts(folder: Path, identity: str, states: Sequence[int] = ()) -> dict[Path, set[tuple[int, int]]]:
    """Return the (key, first) of the features of each part file.

    Raises:
        StoreError: another model or other limits made a part, or it lacks some of the ``states``.
    """
    return {
        path: set(zip(part["key"].tolist(), part["first"].tolist(), strict=True))
        for path, part, _ in read_parts(folder, identity, states)
    }


def read_parts(
    folder: Path, identity: str, states: Sequence[int]
) -> Iterator[tuple[Path, dict[str, Tensor], list[int]]]:
    """Yield each part: its file, its columns, which are mapped and read on demand, and its hidden states' numbers."""
    for path in sorted(folder.glob("part-*.safetensors")):
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            if metadata.get(_IDENTITY) != identity:
                raise StoreError(f"{path} holds outputs of another teacher, tokenizer or length limit")
            held = [int(state) for state in metadata.get(STATES, "").split(",") if state]
            if missing := [state for state in states if state not in held]:
                raise StoreError(f"{path} holds the hidden states {held}, and not {missing}")
            yield path, {name: file.get_tensor(name) for name in file.keys()}, held  # noqa: SIM118 - no dictionary
