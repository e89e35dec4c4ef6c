"""Choose the rows that a teacher is checked on: few enough to take seconds, and of each label alike."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

import numpy as np
from datasets import Dataset, concatenate_datasets
from torch import nn
from transformers import PreTrainedModel

from distill.models import loading
from distill.stages.job import RunSpec

_ROWS = 200
_LEAST = 50
"""Rows that the teacher answers whatever it takes, as far as there are so many."""
_OPERATIONS = 1e12
"""Multiplications beyond which no more rows are answered: seconds on two cores."""
_AT_ONCE = 16


def draw_rows(spec: RunSpec) -> tuple[Dataset, str]:
    """Draw rows of validation, and of train where that has few, with all labels alike; return also their source."""
    rows, source = spec.data.splits["validation"], "validation"
    if len(rows) < _LEAST:
        train = spec.data.splits["train"]
        if rows.features == train.features:
            rows, source = concatenate_datasets([rows, train]), "validation and train"
    order = np.random.default_rng(spec.config.seed).permutation(len(rows)).tolist()
    if spec.setup.task.kind == "class" and spec.setup.task.class_axis == "labels" and not spec.setup.task.windows:
        order = _alternate_labels(order, rows["label"][:])
    return rows.select(order[:_ROWS]), source


def _alternate_labels(order: Sequence[int], labels: Sequence[int]) -> list[int]:
    """Reorder numbers so that each label comes in its turn as long as there are any.

    >>> _alternate_labels([0, 1, 2, 3], [7, 7, 7, 8])
    [0, 3, 1, 2]
    """
    turns: dict[int, int] = defaultdict(int)
    placed = []
    for number in order:
        placed.append((turns[labels[number]], labels[number], number))
        turns[labels[number]] += 1
    return [number for _, _, number in sorted(placed, key=lambda turn: turn[:2])]


def affordable_rows(model: PreTrainedModel, rows: Dataset, features: Dataset) -> tuple[Dataset, Dataset]:
    """Return the first rows that together do not take too long, and their features."""
    embedded = {module.weight for module in model.modules() if isinstance(module, nn.Embedding)}
    weights = loading.parameters(model) - sum(weight.numel() for weight in embedded)
    lengths: dict[int, int] = defaultdict(int)
    for key, ids in zip(features["key"], features["input_ids"], strict=True):
        lengths[key] += len(ids)
    operations = np.cumsum([lengths[key] * weights for key in rows["key"][:]])
    count = max(min(_LEAST, len(rows)), int((operations <= _OPERATIONS).sum()))
    affordable = rows.select(range(count))
    keys = set(affordable["key"][:])
    return affordable, features.select([number for number, key in enumerate(features["key"]) if key in keys])


def length_sorted_batches(features: Dataset) -> Iterator[list[int]]:
    """Return batches of the numbers of features of similar lengths."""
    lengths = [len(ids) for ids in features["input_ids"]]
    order = sorted(range(len(lengths)), key=lengths.__getitem__)
    for start in range(0, len(order), _AT_ONCE):
        yield order[start : start + _AT_ONCE]
