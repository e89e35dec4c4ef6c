"""Calibrate: measure on rows of train between which numbers each quantized layer's input lies."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from distill.errors import DataError
from distill.export import FEWEST_ROWS
from distill.export.int8.graph import Graph

_STEPS = 2**8 - 1
"""Steps between the least and the largest number of unsigned 8 bits."""
_BINS = 2048
_SHARES = np.linspace(0.3, 1.0, 15)
"""The shares of the least and of the largest number at which a range may be cut off."""

Rows: TypeAlias = Sequence[Mapping[str, NDArray[Any]]]
"""Inputs of a model, each a batch ``[batch, tokens]`` of whole numbers."""
Watch: TypeAlias = Callable[[Mapping[str, NDArray[Any]]], dict[str, NDArray[np.float32]]]
"""Gives tensors inside a graph for a batch, by their names."""


class Range(NamedTuple):
    """The range of a tensor's numbers, which always holds 0."""

    low: float
    high: float

    @property
    def scale(self) -> np.float32:
        """Return what one step of unsigned 8 bits is worth."""
        return np.float32(max((self.high - self.low) / _STEPS, float(np.finfo(np.float32).tiny)))

    @property
    def zero(self) -> np.uint8:
        """Return the step that stands for 0."""
        return np.uint8(np.clip(np.rint(-self.low / float(self.scale)), 0, _STEPS))


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
    for row in rows:
        for name, values in watch(row).items():
            low, high = whole[name]
            whole[name] = Range(min(low, float(values.min())), max(high, float(values.max())))
    counts = {name: np.zeros(_BINS) for name in names}
    for row in rows:
        for name, values in watch(row).items():
            counts[name] += np.histogram(values, bins=_BINS, range=whole[name] if any(whole[name]) else (0.0, 1.0))[0]
    return {name: best_range(counts[name], whole[name]) for name in names}


def best_range(counts: NDArray[np.float64], whole: Range) -> Range:
    """Return the part of a range with the least squared error of unsigned 8 bits, from a histogram over all of it."""
    edges = np.linspace(*whole, len(counts) + 1)
    middles = (edges[:-1] + edges[1:]) / 2
    candidates = [
        Range(whole.low * float(low), whole.high * float(high))
        for low in _shares(whole.low)
        for high in _shares(whole.high)
    ]
    errors = [float(counts @ (rounded(middles, each) - middles) ** 2) for each in candidates]
    return candidates[int(np.argmin(errors))]


def _shares(end: float) -> NDArray[np.float64]:
    return _SHARES if end else _SHARES[-1:]


def rounded(values: NDArray[Any], within: Range) -> NDArray[np.float64]:
    """Return numbers as a layer reads them: rounded to steps of a range, and cut off outside."""
    steps = np.clip(np.rint(np.asarray(values) / float(within.scale)) + int(within.zero), 0, _STEPS)
    return np.asarray((steps - int(within.zero)) * float(within.scale))


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
