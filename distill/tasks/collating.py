"""Features of any task, counted and made into batches; see ``distill.tasks.features``."""

from collections.abc import Mapping, Sequence
from typing import Protocol, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from distill.tasks import Columns
from distill.tasks.arrays import padded, places
from distill.tasks.features import scored
from distill.types import IGNORE, MODEL_INPUTS, Batch

FILL = {"target_ids": IGNORE, "answerable": 0}
"""Columns besides the model's inputs that are padded, and with what."""

Numbers: TypeAlias = NDArray[np.int64]


class Place(Protocol):
    """A micro-batch: which rows it has, and what the whole step that it belongs to counts."""

    @property
    def rows(self) -> Sequence[int]:
        """Return the numbers of its rows."""

    @property
    def epoch(self) -> int:
        """Return the epoch it belongs to, from 0."""

    @property
    def totals(self) -> Mapping[str, float]:
        """Return how many of each unit, such as ``labels`` or ``tokens``, the whole step has."""


def counts(features: Columns) -> dict[str, Numbers]:
    """Count the labels, rows, tokens and examples of each feature, each as an array ``[features]``."""
    rows = np.asarray(features["count"], dtype=np.int64)
    labels = np.asarray([sum(map(scored, targets)) for targets in features["targets"]], dtype=np.int64)
    tokens = np.asarray([len(ids) for ids in features["input_ids"]])
    return {"labels": labels, "rows": rows, "tokens": tokens, "examples": np.ones_like(rows)}


def collate(features: Columns, place: Place, pad_id: int, teacher_pad_id: int, side: str = "right") -> Batch:
    """Make a batch: inputs padded to the longest ``[batch, tokens]``, ``labels [rows]``, and where the rows are."""
    count = torch.tensor(features["count"])
    batch = {
        **model_inputs(features, pad_id, side=side),
        **model_inputs(features, teacher_pad_id, "teacher_"),
        **{name: pad(features[name], fill) for name, fill in FILL.items() if name in features},
        **{name: torch.tensor(features[name]) for name in ("key", "first")},
        "count": count,
        "with_tokens": with_tokens(features),
        **totals(place.totals),
    }
    if "targets" in features:
        batch["labels"] = _flat(features["targets"])
    else:
        batch["labels"] = torch.full((int(count.sum()),), IGNORE)
    if "positions" in features:
        batch |= {name: torch.from_numpy(numbers) for name, numbers in places(features).items()}
    return batch


def model_inputs(columns: Columns, pad_id: int, prefix: str = "", side: str = "right") -> Batch:
    """Return the padded inputs of a model, each ``[batch, tokens]``; all but ``input_ids`` are padded with 0."""
    names = [name for name in MODEL_INPUTS if prefix + name in columns]
    return {prefix + name: pad(columns[prefix + name], pad_id if name == "input_ids" else 0, side) for name in names}


def with_tokens(columns: Columns) -> Tensor:
    """Return which features have tokens, the teacher's too where these are others: on a GPU one would wait for it."""
    read = [columns[name] for name in ("attention_mask", "teacher_attention_mask") if name in columns]
    places = [place for place, masks in enumerate(zip(*read, strict=True)) if all(map(any, masks))]
    return torch.tensor(places, dtype=torch.int64)


def pad(lists: Sequence[Sequence[int]], value: int, side: str = "right") -> Tensor:
    """Return lists of numbers as a tensor ``[lists, longest]``, filled up at their ends or in front.

    >>> pad([[1, 2], [3]], 0)
    tensor([[1, 2],
            [3, 0]])
    """
    return torch.from_numpy(padded(lists, value, side))


def totals(counts: Mapping[str, float]) -> Batch:
    """Return what the whole optimiser step counts, as the ``total_*`` of a batch."""
    return {f"total_{unit}": torch.tensor(count) for unit, count in counts.items()}


def _flat(lists: Sequence[Sequence[object]]) -> Tensor:
    return torch.tensor([each for values in lists for each in values])
