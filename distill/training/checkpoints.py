"""Write checkpoints that outlive a full disk and a kill: whole or absent, known by their digest, the last two kept.

A file is what ``torch.save`` writes, which may be read as such, and after it a mark and the BLAKE2 digest of the rest.
"""

import hashlib
import io
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from lightning_fabric.plugins.io import TorchCheckpointIO
from torch import Tensor

from distill.base.disk import replacing, to_disk
from distill.training.tracking import rank_zero

log = logging.getLogger(__name__)

LAST, BEFORE, BEST = "last.ckpt", "before.ckpt", "best.ckpt"
"""The newest checkpoint, the one before it, and the weights of the best epoch."""
_MARK = b"\ndistill blake2b "
_DIGEST = 2 * hashlib.blake2b().digest_size


@dataclass(frozen=True)
class ResumePoint:
    """A checkpoint from which a training goes on: its file, and the optimiser step at which it was written."""

    path: Path
    step: int


class DurableCheckpoints(TorchCheckpointIO):
    """Lightning's plugin that writes checkpoints, on rank 0, and keeps the newest but one in case of damage."""

    def save_checkpoint(self, checkpoint: dict[str, object], path: str | Path, storage_options: object = None) -> None:
        """Write a checkpoint beside its target, wait for the disk, and rename it."""
        target, buffer = Path(path), io.BytesIO()
        torch.save(checkpoint, buffer)
        digest = hashlib.blake2b(buffer.getbuffer()).hexdigest().encode()
        target.parent.mkdir(exist_ok=True)  # without its parents: where these are gone, the stage was removed
        with replacing(target) as hidden:
            with hidden.open("wb") as file:
                file.write(buffer.getbuffer())
                file.write(_MARK + digest)
            to_disk(hidden)  # before the last one gives up its name
            if target.name == LAST and target.is_file():
                target.replace(target.with_name(BEFORE))


def newest_checkpoint(folder: Path) -> ResumePoint | None:
    """Return the newest checkpoint in ``folder`` to go on from that is whole, as are its best weights.

    Damaged ones are logged by the first rank, and put aside; with none left the training begins anew.
    """
    damaged: list[Path] = []
    for path in (folder / LAST, folder / BEFORE):
        if not path.is_file():
            continue
        content = _whole(path)
        if content is not None and (not _names_best(content) or _whole(folder / BEST) is not None):
            _tell(damaged, f"goes on from the one before, of step {content['global_step']}")
            return ResumePoint(path, content["global_step"])
        damaged.append(path if content is None else folder / BEST)
    _tell([*damaged, folder / LAST, folder / BEFORE, folder / BEST] if damaged else [], "the training begins anew")
    return None


def weights(path: Path) -> Mapping[str, Tensor] | None:
    """Return the weights in a checkpoint; none where it is damaged or missing."""
    content = _whole(path)
    return None if content is None else content["state_dict"]


def _tell(damaged: list[Path], then: str) -> None:
    """Log what happens where checkpoints are damaged, and keep these from taking the place of whole ones."""
    if damaged and rank_zero():
        log.warning("the checkpoint %s is missing or damaged: %s", damaged[0], then)
        for path in damaged:
            if path.is_file():
                path.replace(path.with_name(f"{path.name}.damaged"))


def _names_best(content: Mapping[str, Any]) -> bool:
    """Return whether best weights were kept when the checkpoint was written."""
    return any(
        isinstance(state, Mapping) and state.get("best_model_path") for state in content.get("callbacks", {}).values()
    )


def _whole(path: Path) -> dict[str, Any] | None:
    """Return the content of a checkpoint, or none of one that is damaged; one without a digest must be readable."""
    try:
        raw = path.read_bytes()
    except OSError:
        return None
    body, mark, digest = raw[: -_DIGEST - len(_MARK)], raw[-_DIGEST - len(_MARK) : -_DIGEST], raw[-_DIGEST:]
    if mark == _MARK and hashlib.blake2b(body).hexdigest().encode() != digest:
        return None
    try:
        content: Any = torch.load(io.BytesIO(raw), map_location="cpu", weights_only=True)
    except MemoryError:
        raise
    except Exception as error:  # whatever the reader of a damaged file stumbles over
        log.debug("%s: %s", path, error)
        return None
    return content if isinstance(content, dict) and {"state_dict", "global_step"} <= content.keys() else None
