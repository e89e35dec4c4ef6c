"""Features, into which the examples of any task are encoded.

A feature has the model's inputs, ``key`` (of its example), ``first`` and ``count`` (the rows of the example that it
owns), ``targets`` (a label for each of them, where there are labels), and ``positions`` (the token, or tokens, that
answer for each of them, where rows are tokens). Where something may be lost to the limits of length, ``cut`` says
whether it was.
"""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeAlias

from distill.tasks import Columns, Features
from distill.types import IGNORE, MODEL_INPUTS, Batch, Kind

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import BatchEncoding

Target: TypeAlias = "int | float | list[float]"
"""What a row of logits is compared with: the number of a class, a score, or a 0 or 1 for each label."""


def sentences(inputs: "BatchEncoding", rows: Columns) -> Features:
    """Return features of whole texts, each of which owns one row."""
    count = len(inputs["input_ids"])
    features = {name: list(inputs[name]) for name in MODEL_INPUTS if name in inputs}
    features |= {"key": list(rows["key"]), "first": [0] * count, "count": [1] * count, "cut": overflowed(inputs)}
    if "label" in rows:
        features["targets"] = [[label] for label in rows["label"]]
    return features


def overflowed(inputs: "BatchEncoding") -> list[bool]:
    """Return whether a tokenizer cut each text off, which tokenizers that are written in Python do not say."""
    encodings = getattr(inputs, "encodings", None)
    return [bool(each.overflowing) for each in encodings] if encodings else [False] * len(inputs["input_ids"])


def gather(logits: "Tensor", batch: Batch) -> tuple["Tensor", "Tensor"]:
    """Return the logits ``[rows, classes]`` of the tokens at the batch's positions, and ``labels [rows]``."""
    return logits[batch["example"], batch["position"]], batch["labels"]


def scored(target: Target) -> bool:
    """Return whether a target counts in a loss: it is neither ``IGNORE`` nor a missing score."""
    if isinstance(target, list):
        return any(each != IGNORE for each in target)
    return not math.isnan(target) if isinstance(target, float) else bool(target != IGNORE)


def without_targets(features: Columns, kind: Kind, classes: int) -> list[list[Target]]:
    """Return targets that no loss counts, one for each row of features that have none.

    >>> without_targets({"count": [1, 2]}, "class", 3)
    [[-100], [-100, -100]]
    """
    nothing: Mapping[Kind, Target] = {"class": IGNORE, "labels": [float(IGNORE)] * classes, "score": math.nan}
    return [[nothing[kind]] * count for count in features["count"]]
