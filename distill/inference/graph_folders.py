"""Folders that hold graphs of ONNX and no weights for PyTorch, as Optimum and transformers.js have them."""

from pathlib import Path

from distill.base.terminal_text import names
from distill.inference.formats import FILES
from distill.models.foreign_checkpoints import no_weights, pickled_files


def has_torch_weights(folder: Path) -> bool:
    """Return whether a folder has weights that PyTorch reads, or that can be converted to such."""
    return any(folder.glob("*.safetensors")) or bool(pickled_files(folder))


def way_out(folder: Path) -> str:
    """Return what to do where a graph is not where it is read, as the end of a sentence."""
    if any(folder.glob("*.safetensors")):
        return "format=torch reads its safetensors"
    return _move(folder) or no_weights(folder)


def why_not_torch(folder: Path) -> str | None:
    """Return why PyTorch cannot read a folder that has graphs alone, and what can; none of any other folder."""
    if has_torch_weights(folder):
        return None
    there = [f"format={name}" for name in reversed(tuple(FILES)) if (folder / FILES[name]).is_file()]
    way = f"take {' or '.join(there)}" if there else _move(folder)
    return f"{folder} has no safetensors, which PyTorch reads; {way}" if way else None


def _move(folder: Path) -> str | None:
    """Where a folder's graphs have to lie, which lie elsewhere; none where it has none."""
    graphs = [
        path.relative_to(folder).as_posix() for place in ("", "onnx/") for path in folder.glob(f"{place}model*.onnx")
    ]
    places = " and ".join(f"{FILES[name]} (format={name})" for name in reversed(tuple(FILES)))
    return f"graphs are read as {places} alone: move {names(sorted(graphs))} there" if graphs else None
