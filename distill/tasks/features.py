"""Features: what examples are encoded into, counted, and made into batches of, whatever the task.

A feature has the model's inputs, ``key`` (of its example), ``first`` and ``count`` (the rows of the example that it
owns), ``targets`` (a label for each of them, where there are labels), and ``positions`` (the token, or tokens, that
answer for each of them, where rows are tokens).
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from distill.types import IGNORE, MODEL_INPUTS, Batch, Kind

_FILL = {"target_ids": IGNORE, "answerable": 0}
"""Columns besides the model's inputs that are padded, and with what."""

Numbers = np.ndarray[Any, np.dtype[np.int64]]


def sentences(inputs: Mapping[str, Any], rows: Mapping[str, Sequence[Any]]) -> dict[str, list[Any]]:
    """Features that own one row each: a whole text's."""
    count = len(inputs["input_ids"])
    features = {name: list(inputs[name]) for name in MODEL_INPUTS if name in inputs}
    features |= {"key": list(rows["key"]), "first": [0] * count, "count": [1] * count}
    if "label" in rows:
        features["targets"] = [[label] for label in rows["label"]]
    return features


def gather(logits: Tensor, batch: Batch) -> tuple[Tensor, Tensor]:
    """Rows that are tokens: ``logits [rows, classes]`` at the batch's positions, and ``labels [rows]``."""
    return logits[batch["example"], batch["position"]], batch["labels"]


def counts(features: Mapping[str, Any]) -> dict[str, Numbers]:
    """How many labels, rows, tokens and examples each feature has, as arrays ``[features]``."""
    rows = np.asarray(features["count"], dtype=np.int64)
    labels = np.asarray([sum(map(scored, targets)) for targets in features["targets"]], dtype=np.int64)
    tokens = np.asarray([len(ids) for ids in features["input_ids"]])
    return {"labels": labels, "rows": rows, "tokens": tokens, "examples": np.ones_like(rows)}


def scored(target: Any) -> bool:  # noqa: ANN401
    """Whether a target is one: neither ``IGNORE`` nor a score that is not given."""
    if isinstance(target, list):
        return any(each != IGNORE for each in target)
    return not math.isnan(target) if isinstance(target, float) else bool(target != IGNORE)


def without_targets(features: Mapping[str, Sequence[Any]], kind: Kind, classes: int) -> list[list[Any]]:
    """Targets of features that have none: for each of their rows one that is not scored.

    >>> without_targets({"count": [1, 2]}, "class", 3)
    [[-100], [-100, -100]]
    """
    nothing: Mapping[Kind, Any] = {"class": IGNORE, "labels": [float(IGNORE)] * classes, "score": math.nan}
    return [[nothing[kind]] * count for count in features["count"]]


def collate(features: Mapping[str, Any], place: Any, pad_id: int, teacher_pad_id: int, side: str = "right") -> Batch:  # noqa: ANN401
    """A batch: inputs padded to the longest ``[batch, tokens]``, ``labels [rows]``, and where the rows are."""
    count = torch.tensor(features["count"])
    batch = {
        **model_inputs(features, pad_id, side=side),
        **model_inputs(features, teacher_pad_id, "teacher_"),
        **{name: pad(features[name], fill) for name, fill in _FILL.items() if name in features},
        **{name: torch.tensor(features[name]) for name in ("key", "first")},
        "count": count,
        **totals(place.totals),
    }
    if "targets" in features:
        batch["labels"] = _flat(features["targets"])
    else:
        batch["labels"] = torch.full((int(count.sum()),), IGNORE)
    if "positions" in features:
        batch["example"] = torch.repeat_interleave(torch.arange(len(count)), count)
        batch["position"] = _flat(features["positions"])
    return batch


def model_inputs(columns: Mapping[str, Any], pad_id: int, prefix: str = "", side: str = "right") -> Batch:
    """The padded inputs of a model, each ``[batch, tokens]``; only ``input_ids`` are padded with other than 0."""
    names = [name for name in MODEL_INPUTS if prefix + name in columns]
    return {prefix + name: pad(columns[prefix + name], pad_id if name == "input_ids" else 0, side) for name in names}


def pad(lists: Sequence[Sequence[int]], value: int, side: str = "right") -> Tensor:
    """A tensor ``[lists, longest]``, filled up at the end, or in front for a decoder that goes on from there.

    >>> pad([[1, 2], [3]], 0)
    tensor([[1, 2],
            [3, 0]])
    """
    longest = max(map(len, lists))
    fills = [[value] * (longest - len(numbers)) for numbers in lists]
    if side == "left":
        return torch.tensor([[*fill, *numbers] for numbers, fill in zip(lists, fills, strict=True)])
    return torch.tensor([[*numbers, *fill] for numbers, fill in zip(lists, fills, strict=True)])


def totals(counts: Mapping[str, float]) -> Batch:
    """What the whole group counts, as the ``total_*`` of a batch."""
    return {f"total_{unit}": torch.tensor(count) for unit, count in counts.items()}


def _flat(lists: Sequence[Sequence[Any]]) -> Tensor:
    return torch.tensor([each for values in lists for each in values])
