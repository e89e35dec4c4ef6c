"""Read rows beside others, so that they may have labels that only the others have, or too few by themselves."""

from dataclasses import replace

import numpy as np
from datasets import Dataset, concatenate_datasets

from distill.data.sources import Source
from distill.pipeline.other_domains import by_own_names
from distill.tasks import Options, Read, Task
from distill.tasks.labels import replaced

_KNOWN = "is only known"
"""A column of rows that are read for their labels alone; no role of a task has this name."""


def read(source: Source, known: Source, module: Task, options: Options) -> Read:
    """Return the rows of a source as their task reads them, with the labels of its train and of the known rows.

    Args:
        source: the rows.
        known: other rows, of which only the labels count.
        module: the task.
        options: by which the rows are read.

    Raises:
        DataError: the rows cannot be used as they are.
    """
    others, splits = known.splits["train"], source.splits
    if module.roles.get("label") == "label":
        splits = {name: by_own_names(rows, others, options) for name, rows in splits.items()}
    train = splits["train"]
    if "train" in options.numbers:
        numbers = [*options.numbers["train"], *range(len(train) + 1, len(train) + len(others) + 1)]
        options = replace(options, numbers={**options.numbers, "train": numbers})
    together = module.read({**splits, "train": _joined(train, others)}, options)
    whole = together.splits["train"]
    own = whole.select(np.flatnonzero(~np.asarray(whole[_KNOWN][:]))).remove_columns(_KNOWN)
    return replace(together, splits={**together.splits, "train": own})


def _joined(rows: Dataset, others: Dataset) -> Dataset:
    """Return rows with others behind them; labels that are of different types as text."""
    roles = [role for role in rows.column_names if role in others.column_names]
    parts = [part.select_columns(roles) for part in (rows, others)]
    if "label" in roles and parts[0].features["label"] != parts[1].features["label"]:
        parts = [replaced(part, "label", list(map(_as_text, part["label"][:]))) for part in parts]
    marked = [part.add_column(_KNOWN, [known] * len(part)) for known, part in zip((False, True), parts, strict=True)]
    return concatenate_datasets([marked[0], marked[1].cast(marked[0].features)])


def _as_text(label: object) -> object:
    return str(label) if isinstance(label, int | float | str) else label
