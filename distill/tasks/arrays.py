"""Rows of logits in NumPy: how a batch is padded, and how its logits become rows and probabilities, without torch."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from distill.tasks import Columns
from distill.types import MODEL_INPUTS

Floats: TypeAlias = NDArray[np.float32]
Arrays: TypeAlias = dict[str, NDArray[Any]]
"""What a model reads, each ``[batch, tokens]``, with what turns its logits into rows."""


def batch(features: Columns, pad_id: int, side: str = "right") -> Arrays:
    """Return features as one batch for prediction.

    Args:
        features: of one example or more; see ``distill.tasks.features``.
        pad_id: the token that fills up shorter features; the other inputs are filled up with 0.
        side: the side that is filled up.

    Returns:
        The model's inputs ``[batch, tokens]``; ``example`` and ``position`` of each row, where rows are tokens;
        and ``answerable [batch, tokens]``, where a row is over tokens.
    """
    arrays: Arrays = {
        name: padded(features[name], pad_id if name == "input_ids" else 0, side)
        for name in MODEL_INPUTS
        if name in features
    }
    if "answerable" in features:
        arrays["answerable"] = padded(features["answerable"], 0, side)
    return arrays | (places(features) if "positions" in features else {})


def places(features: Columns) -> Arrays:
    """Return which feature of a batch, and which token or tokens of it, answer for each row."""
    example = np.repeat(np.arange(len(features["count"])), features["count"])
    position = np.asarray([each for values in features["positions"] for each in values], dtype=np.int64)
    return {"example": example, "position": position}


def padded(lists: Sequence[Sequence[int]], value: int, side: str = "right") -> NDArray[np.int64]:
    """Return lists of numbers as an array ``[lists, longest]``, filled up at their ends or in front.

    A decoder goes on from the end of its input, so that it is filled up in front.

    >>> padded([[1, 2], [3]], 0)
    array([[1, 2],
           [3, 0]])
    """
    longest = max(map(len, lists))
    filled = np.full((len(lists), longest), value, dtype=np.int64)
    for row, numbers in zip(filled, lists, strict=True):
        row[slice(longest - len(numbers), None) if side == "left" else slice(len(numbers))] = numbers
    return filled


def gathered(logits: Floats, asked: Mapping[str, NDArray[Any]]) -> Floats:
    """Return the logits ``[rows, classes]`` of the tokens at a batch's positions, of logits of every token."""
    rows: Floats = logits[asked["example"], asked["position"]]
    return rows


def in_float32(answers: Sequence[NDArray[Any]]) -> Floats:
    """Return the rows of several examples one after the other, in float32."""
    return np.concatenate(list(answers)).astype(np.float32)


def softmax(rows: Floats) -> Floats:
    """Return the probabilities of classes that exclude each other, over the last axis."""
    with np.errstate(invalid="ignore"):  # a row without any class that can be has no probabilities
        powers: Floats = np.exp(rows - rows.max(axis=-1, keepdims=True))
    probabilities: Floats = powers / powers.sum(axis=-1, keepdims=True)
    return probabilities


def sigmoid(rows: Floats) -> Floats:
    """Return the probability of each label by itself."""
    probabilities: Floats = np.exp(-np.logaddexp(np.float32(0), -rows))
    return probabilities


def logsumexp(row: Floats) -> float:
    """Return the logarithm of the sum of the exponentials of a row ``[classes]``."""
    highest = row.max()
    return float(highest + np.log(np.exp(row - highest).sum()))


def largest(row: Floats, count: int) -> list[tuple[int, float]]:
    """Return the places and values of the largest numbers of a row, the largest first; of equal ones the first."""
    order = np.argsort(-row, kind="stable")[:count]
    return list(zip(order.tolist(), row[order].tolist(), strict=True))
