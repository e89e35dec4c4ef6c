"""Calibrate: measure on rows of train between which numbers each quantized layer's input lies."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from distill.base import long_work
from distill.errors import DataError
from distill.export import FEWEST_ROWS
from distill.export.int8.graph import Graph
from distill.models.eight_bits import BINS, Range, best_range

Rows: TypeAlias = Sequence[Mapping[str, NDArray[Any]]]
"""Inputs of a model, each a batch ``[batch, tokens]`` of whole numbers."""
Watch: TypeAlias = Callable[[Mapping[str, NDArray[Any]]], dict[str, NDArray[np.float32]]]
"""Gives tensors inside a graph for a batch, by their names."""


def calibrate(graph: Graph, names: Sequence[str], rows: Rows) -> dict[str, Range]:
    """Return the range of each tensor with the least error of rounding, measured over some rows.

    The error is the sum of squares of what numbers inside the range lose by rounding, and of what those outside are cut
    off; the range is the best of a grid of shares of the least and the largest number.

    Args:
        graph: in 32 bits.
        names: tensors of float32 in it.
        rows: encoded rows of train, one row each, without padding.

    Raises:
        DataError: there are too few rows.
    """
    if len(rows) < FEWEST_ROWS:
        raise DataError(f"int8 is calibrated on {len(rows)} rows of train, where {FEWEST_ROWS} are the least")
    watch, whole = watched(graph, names), {name: Range(0.0, 0.0) for name in names}
    for row in long_work.counted(rows, "measuring ranges", len(rows), "rows"):
        for name, values in watch(row).items():
            low, high = whole[name]
            whole[name] = Range(min(low, float(values.min())), max(high, float(values.max())))
    counts = {name: np.zeros(BINS) for name in names}
    for row in long_work.counted(rows, "calibrating", len(rows), "rows"):
        for name, values in watch(row).items():
            counts[name] += np.histogram(values, bins=BINS, range=whole[name].bins)[0]
    return {name: best_range(counts[name], whole[name]) for name in names}


def watched(graph: Graph, names: Sequence[str]) -> Watch:
    """Return a function that asks a graph for tensors inside it, or for its outputs."""
    from onnxruntime import InferenceSession

    inner = [name for name in dict.fromkeys(names) if name not in graph.outputs]
    model = graph.built(graph.nodes, inner).SerializeToString()
    session = InferenceSession(model, providers=["CPUExecutionProvider"])
    inputs = [each.name for each in session.get_inputs()]

    def watch(row: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[np.float32]]:
        given = {name: row.get(name, np.zeros_like(row["input_ids"])).astype(np.int64) for name in inputs}
        return dict(zip(names, session.run(list(names), given), strict=True))

    return watch
