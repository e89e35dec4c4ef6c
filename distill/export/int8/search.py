"""Quantize as many layers as are good enough: where all are not, the ones that hurt most stay in 32 bits."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import ModelProto

from distill.base import long_work
from distill.errors import ModelError
from distill.export.int8 import ranges, static
from distill.export.int8.graph import Graph
from distill.export.int8.ranges import Rows
from distill.inference.onnx_session import LOGITS
from distill.models.eight_bits import Range

KEPT = "kept_in_fp32"
"""What the metadata of a file calls the layers that stayed in 32 bits."""
_KEPT = (1, 2, 4, 8)
"""How many layers stay in 32 bits, try by try, after one in which none does; at most half of all."""
_ROWS = 32
"""Rows by which the layers are compared."""

Accept: TypeAlias = Callable[[], str | None]
"""Tells why what was written is not good enough, or none where it is."""


def quantize(source: Path, target: Path, rows: Rows, accept: Accept) -> list[str]:
    """Write the 8-bit form of a graph in which as few layers as possible stay in 32 bits.

    Args:
        source: a graph of 32 bits.
        target: the file that is written, once for each try.
        rows: encoded rows of train, one row each, without padding, by which inputs' ranges are measured.
        accept: judges the file.

    Returns:
        The names of the layers that stayed in 32 bits.

    Raises:
        DataError: there are too few rows.
        ModelError: it has no layer that could be quantized, or no try is good enough.
    """
    graph = Graph.load(source)
    layers = static.layers(graph)
    if not layers:
        raise ModelError("it has no linear layer and no embeddings that could be quantized")
    read = list(dict.fromkeys(layer.reads for layer in layers if layer.reads is not None))
    within, reasons = ranges.calibrate(graph, read, rows), list[str]()
    for kept in _tries(graph, within, rows):
        onnx.save(_noted(static.quantize(graph, within, kept), kept), target)
        if (reason := accept()) is None:
            return kept
        reasons.append(reason)
    raise ModelError(f"{reasons[0]}; with {len(kept)} of {len(layers)} layers in 32 bits {reasons[-1]}")


def _tries(graph: Graph, within: Mapping[str, Range], rows: Rows) -> Iterator[list[str]]:
    """Give the layers that stay in 32 bits, try by try; which ones hurt most is only measured where that matters."""
    yield []
    hurt = sensitivity(graph, within, rows[:_ROWS])
    worst = sorted(hurt, key=lambda name: -hurt[name])
    yield from (worst[:count] for count in _KEPT if 2 * count <= len(worst))


def sensitivity(graph: Graph, within: Mapping[str, Range], rows: Rows) -> dict[str, float]:
    """Return for each layer how far logits move where it alone is in 8 bits: the mean of squares over some rows.

    Args:
        graph: in 32 bits.
        within: the ranges of the tensors that layers read.
        rows: encoded rows, one row each.
    """
    names, expected = {layer.name for layer in static.layers(graph)}, _logits(graph, rows)
    one_by_one = long_work.counted(sorted(names), "trying 8 bits", len(names), "layers")
    moved = {name: _logits(Graph(static.quantize(graph, within, names - {name})), rows) for name in one_by_one}
    return {name: float(np.mean((logits - expected) ** 2)) for name, logits in moved.items()}


def _logits(graph: Graph, rows: Rows) -> NDArray[np.float32]:
    """Return all logits of some rows, one after the other."""
    ask = ranges.watched(graph, [LOGITS])
    return np.concatenate([ask(row)[LOGITS].ravel() for row in rows])


def _noted(model: ModelProto, kept: Sequence[str]) -> ModelProto:
    """Return a model whose metadata also names the layers that stayed in 32 bits."""
    known = {each.key: each.value for each in model.metadata_props}
    onnx.helper.set_model_props(model, {**known, KEPT: json.dumps(kept)})
    return model
