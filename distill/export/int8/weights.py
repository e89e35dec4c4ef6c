"""Round weights to 8 bits, so that no processor's 16-bit sums of products can overflow.

Processors without VNNI multiply unsigned 8-bit inputs with signed 8-bit weights by an instruction (``vpmaddubsw``) that
adds the products of two neighbours in 16 bits and cuts off what is too large. With inputs up to 255 a sum stays within
±32,767 where two neighbouring weights of one sign add up to 128 at most. Half of the range (``reduce_range``) is always
safe; here each output's scale is widened only as far as its own neighbours need, which loses less.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from distill.models.eight_bits import LARGEST_PAIR, LARGEST_WEIGHT


class Rounded(NamedTuple):
    """Weights of 8 bits.

    Attributes:
        values: of the weights' shape, within ±127.
        scale: what one step is worth: for each output, or for each row of a table.
    """

    values: NDArray[np.int8]
    scale: NDArray[np.float32]


def round_linear(weights: NDArray[Any]) -> Rounded:
    """Round a linear layer's weights ``[inputs, outputs]`` symmetrically, with a scale ``[outputs]`` for each output.

    The scale of an output is the least with which no weight exceeds 127, and no two neighbours of one sign add up to
    more than 128.

    >>> round_linear(np.array([[1.0], [0.0], [-0.5]])).values.ravel().tolist()
    [127, 0, -64]
    >>> round_linear(np.array([[1.0], [1.0], [-0.5]])).values.ravel().tolist()
    [64, 64, -32]
    """
    weights = np.asarray(weights, dtype=np.float64)
    scale = np.maximum(np.abs(weights).max(axis=0) / LARGEST_WEIGHT, largest_pair(weights) / LARGEST_PAIR)
    scale = np.maximum(scale, np.finfo(np.float32).tiny).astype(np.float32)
    values = np.rint(weights / scale)
    while (over := largest_pair(values) > LARGEST_PAIR).any():  # two that were rounded up
        scale[over] *= np.float32(1 + 1 / (2 * LARGEST_PAIR))
        values = np.rint(weights / scale)
    return Rounded(values.astype(np.int8), scale)


def round_table(table: NDArray[Any]) -> Rounded:
    """Round a table ``[rows, width]`` of embeddings symmetrically, with a scale ``[rows, 1]`` for each row."""
    scale = np.maximum(np.abs(table).max(axis=1, keepdims=True) / LARGEST_WEIGHT, np.finfo(np.float32).tiny)
    return Rounded(np.rint(table / scale).astype(np.int8), scale.astype(np.float32))


def largest_pair(weights: NDArray[Any]) -> NDArray[Any]:
    """Return for each output of ``[inputs, outputs]`` the largest sum of two neighbouring inputs' weights of one sign.

    The products that are added stand next to each other; whether at an even place or an odd one is the library's
    business, so that all neighbours count. A single weight, with a neighbour of the other sign, counts by itself.

    >>> largest_pair(np.array([[100, 1], [-100, -90], [-20, -40]])).tolist()
    [120, 130]
    """
    wide = np.asarray(weights).astype(np.result_type(weights, np.int32), copy=False)
    of_one_sign = [np.maximum(sign * wide, 0) for sign in (1, -1)]
    alone, pairs = zip(
        *((each.max(axis=0), (each[:-1] + each[1:]).max(axis=0, initial=0)) for each in of_one_sign), strict=True
    )
    return np.asarray(np.maximum.reduce([*alone, *pairs]))
