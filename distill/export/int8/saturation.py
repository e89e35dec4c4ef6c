"""Prove from the weights of a file of 8 bits whether sums of 16 bits can overflow on processors without VNNI."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from distill.export.int8.graph import Graph, attributes
from distill.export.int8.weights import largest_pair
from distill.models.eight_bits import LARGEST_SUM, STEPS

_WEIGHTS = {"MatMulIntegerToFloat": 1, "MatMulInteger": 1, "QAttention": 1, "DynamicQuantizeMatMul": 1}
_WEIGHTS |= {"QLinearMatMul": 3, "QGemm": 3}
"""Operators that multiply numbers of 8 bits, and at which place they have the weights."""


@dataclass(frozen=True)
class Saturation:
    """The largest sums of two products of 8 bits, by layer.

    Attributes:
        bounds: name of the node to the largest sum that any input can bring about.
        limit: the largest sum that 16 bits hold.
    """

    bounds: Mapping[str, int]
    limit: int = LARGEST_SUM

    @property
    def bound(self) -> int:
        """Return the largest of all bounds."""
        return max(self.bounds.values(), default=0)

    @property
    def possible(self) -> bool:
        """Return whether an input may exist with which a sum is cut off."""
        return self.bound > self.limit


def saturation(path: Path) -> Saturation:
    """Return the bounds of all layers of a file whose weights are signed.

    Unsigned weights are multiplied in 32 bits by all processors, and cannot overflow.
    """
    graph, bounds = Graph.load(path), {}
    for node in graph.nodes:
        place = _WEIGHTS.get(node.op_type)
        weights = None if place is None else graph.constants.get(node.input[place])
        if weights is not None and weights.dtype == np.int8:
            across = weights.T if attributes(node).get("transB") else weights
            bounds[node.name] = int(largest_pair(across).max()) * STEPS
    return Saturation(bounds)
