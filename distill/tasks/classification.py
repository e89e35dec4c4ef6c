"""One label for a text."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from distill.errors import DataError
from distill.tasks.padding import model_inputs, totals
from distill.types import IGNORE, Batch

ROLES = {"text": "text", "label": "label"}
"""Column roles, and the kind of content each has."""
TEXT = ("text",)
"""The roles that a model reads."""
_AVERAGES = ("micro", "macro", "weighted")
"""Rows of the report's table besides the labels."""
HEAD = "AutoModelForSequenceClassification"


def label_names(train: Sequence[Any], names: Mapping[str, str]) -> dict[str, str]:
    """Each label in train to its name, in a stable order (numbers by value, words by alphabet).

    Args:
        train: the label column, strings or integers.
        names: label to the name it shall have; a label that is not named keeps its own.

    Raises:
        DataError: the labels are continuous, there is only one, or a name belongs to no label.
    """
    found = {str(value) for value in train}
    if example := next((value for value in sorted(found) if _is_fraction(value) and all(map(_is_number, found))), None):
        raise DataError(f"the label column holds {example}: continuous values are scores, not classes")
    if len(found) < 2:
        raise DataError(f"train has only the label {', '.join(found)}: nothing can be learned from one class")
    if strangers := sorted(value for value, name in names.items() if not {value, name} & found):
        there = ", ".join(sorted(found))
        raise DataError(
            f"data.labels names {', '.join(strangers)}, which train does not have; it has {there}; "
            "give their names, or data.labels=null"
        )
    ordered = sorted(found, key=lambda value: (0, float(value), value) if _is_number(value) else (1, 0.0, value))
    named = {value: names.get(value, value) for value in ordered}
    if taken := sorted(name for name in named.values() if name in _AVERAGES or list(named.values()).count(name) > 1):
        raise DataError(f"the name {taken[0]} is that of another label or of an average; give others with data.labels")
    return named


def label_ids(labels: Sequence[Any], known: Mapping[str, str], split: str) -> list[int]:
    """The position of each label among the ``known`` ones.

    Raises:
        DataError: a label that train does not have, with the row it first stands in.
    """
    position = {value: index for index, value in enumerate(known)}
    unknown = [(row, str(value)) for row, value in enumerate(labels, 1) if str(value) not in position]
    if unknown:
        row, value = unknown[0]
        there = ", ".join(known)
        raise DataError(f"{split} has the label {value} (row {row}), which train does not have; train has {there}")
    return [position[str(value)] for value in labels]


def encode(rows: Mapping[str, Sequence[Any]], tokenizer: Any, max_length: int) -> dict[str, Any]:  # noqa: ANN401
    """Token ids of the texts, cut to ``max_length`` tokens."""
    return dict(tokenizer(list(rows["text"]), truncation=True, max_length=max_length))


def counts(rows: Mapping[str, Any]) -> dict[str, Any]:
    """How many labels, rows and tokens each example has, as arrays ``[examples]``."""
    labels = np.asarray(rows["label"])
    lengths = np.asarray([len(ids) for ids in rows["input_ids"]])
    return {"labels": (labels != IGNORE).astype(np.int64), "rows": np.ones_like(labels), "tokens": lengths}


def collate(rows: Mapping[str, Any], place: Any, pad_id: int, teacher_pad_id: int) -> Batch:  # noqa: ANN401
    """A batch: inputs padded to its longest text, ``labels [batch]`` and ``key [batch]``."""
    return {
        **model_inputs(rows, pad_id),
        **model_inputs(rows, teacher_pad_id, "teacher_"),
        "labels": torch.tensor(rows["label"]),
        "key": torch.tensor(rows["key"]),
        **totals(place.totals),
    }


def align(logits: Tensor, batch: Batch) -> tuple[Tensor, Tensor]:
    """A text is a row: ``logits [batch, classes]`` and ``labels [batch]`` as they are."""
    return logits, batch["labels"]


def _is_number(value: str) -> bool:
    try:
        float(value)
    except ValueError:
        return False
    return True


def _is_fraction(value: str) -> bool:
    return _is_number(value) and not float(value).is_integer()
