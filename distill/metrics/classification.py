"""Classification: one label out of two or more for each row."""

from collections.abc import Callable, Sequence
from typing import Any, Literal, TypeAlias

import torch
from numpy.typing import NDArray
from torch import Tensor
from torchmetrics import MetricCollection
from torchmetrics.classification import MulticlassAccuracy, MulticlassF1Score, MulticlassMatthewsCorrCoef
from torchmetrics.functional import classification as functional

from distill.metrics import Headline
from distill.types import IGNORE

HEADLINE = Headline("accuracy", "max")

AVERAGES: tuple[Literal["micro", "macro", "weighted"], ...] = ("micro", "macro", "weighted")
"""Rows of ``per_label`` besides the labels."""

Scores: TypeAlias = dict[str, float | int]
"""``precision``, ``recall`` and ``f1`` from 0 to 1, and ``support``, the number of rows."""

_SCORES: dict[str, Callable[..., Tensor]] = {
    "precision": functional.multiclass_precision,
    "recall": functional.multiclass_recall,
    "f1": functional.multiclass_f1_score,
}


def collection(classes: int, sync: bool = True) -> MetricCollection:
    """Make the metrics of a split: accuracy (micro), F1 (macro) and Matthews correlation.

    Two classes are scored like any other number, so that F1 is the mean of both and not that of a "positive" one.

    Args:
        classes: two or more.
        sync: compute over all ranks; false where every rank sees the whole split.

    Returns:
        A collection to ``update`` with logits ``[rows, classes]`` and labels ``[rows]``, ``IGNORE`` is not scored.
    """
    return MetricCollection(
        {
            "accuracy": MulticlassAccuracy(classes, average="micro", ignore_index=IGNORE, sync_on_compute=sync),
            "f1": MulticlassF1Score(classes, average="macro", ignore_index=IGNORE, sync_on_compute=sync),
            "matthews": MulticlassMatthewsCorrCoef(classes, ignore_index=IGNORE, sync_on_compute=sync),
        }
    )


def headline_score(logits: NDArray[Any], labels: NDArray[Any]) -> float:
    """The accuracy of logits ``[rows, classes]`` on labels ``[rows]``, cheap enough for a thousand resamples."""
    return float((logits.argmax(-1) == labels).mean())


def per_label(logits: Tensor, labels: Tensor, names: Sequence[str]) -> dict[str, Scores]:
    """Score each label by itself, and their averages.

    Args:
        logits: ``[rows, classes]``.
        labels: ``[rows]``; ``IGNORE`` is not scored.
        names: of the classes, in the order of the logits.

    Returns:
        Scores by name, and under ``micro``, ``macro`` and ``weighted``. A label that no row has scores 0; one that is
        neither there nor predicted stays out of ``macro``.

    Raises:
        ValueError: where there are more or fewer names than classes, or two would share a row of the table.
    """
    _check_names(names, logits.shape[1])
    guesses = logits.argmax(dim=1)
    columns = {key: _scores(score, guesses, labels, len(names)) for key, score in _SCORES.items()}
    support = torch.bincount(labels[labels != IGNORE], minlength=len(names)).tolist()
    columns["support"] = [*support, *[sum(support)] * len(AVERAGES)]
    rows = zip(*columns.values(), strict=True)
    return {name: dict(zip(columns, row, strict=True)) for name, row in zip([*names, *AVERAGES], rows, strict=True)}


def calibration_error(logits: Tensor, labels: Tensor) -> float:
    """Return the expected calibration error: the mean gap between confidence and accuracy (Guo et al. 2017).

    Args:
        logits: ``[rows, classes]``.
        labels: ``[rows]``; ``IGNORE`` is not scored.

    Returns:
        From 0 (calibrated) to 1, over 15 bins of equal width, weighted by their rows.
    """
    # Logits that happen to lie within [0, 1] would be taken for probabilities.
    probabilities = logits.float().softmax(dim=1)
    error = functional.multiclass_calibration_error(
        probabilities, labels, num_classes=logits.shape[1], n_bins=15, norm="l1", ignore_index=IGNORE
    )
    return float(error)


def _scores(score: Callable[..., Tensor], guesses: Tensor, labels: Tensor, classes: int) -> list[float | int]:
    """Return one column of the table: a number for each class, then for each average."""
    each = [
        score(guesses, labels, num_classes=classes, average=average, ignore_index=IGNORE)
        for average in ("none", *AVERAGES)
    ]
    return [float(value) for column in each for value in column.reshape(-1)]


def _check_names(names: Sequence[str], classes: int) -> None:
    if len(names) != classes:
        raise ValueError(f"{len(names)} names for {classes} classes: {list(names)}")
    if len({*names, *AVERAGES}) != classes + len(AVERAGES):
        raise ValueError(f"labels must differ from each other and from {', '.join(AVERAGES)}, not be {list(names)}")
