"""Classification: one label out of two or more for each row."""

import math
from collections.abc import Sequence

import numpy as np
from torch import Tensor
from torchmetrics import MetricCollection
from torchmetrics.classification import MulticlassAccuracy, MulticlassF1Score, MulticlassMatthewsCorrCoef
from torchmetrics.functional import classification as functional

from distill.metrics import Headline, LabelMarks, Leading, Scored
from distill.metrics.counts import Floats, macro_f1, matches, one_hot, table, totals
from distill.metrics.examples import check
from distill.types import IGNORE

HEADLINE = Headline("accuracy", "max")
WATCHED = HEADLINE

_F1 = Headline("f1", "max")
_MATTHEWS = Headline("matthews", "max")


def score(predictions: Sequence[int], references: Sequence[int], names: Sequence[str], groups: Sequence[str]) -> Scored:
    """Score labels: accuracy, F1 (macro), and Matthews correlation for any number of classes (Gorodkin 2004).

    Args:
        predictions: the position of a label for each example.
        references: the position of the right one.
        names: of the labels.
        groups: not read.

    Returns:
        The metrics, and the table by label. The correlation is 0 where all predictions or all references are the same.

    Raises:
        ValueError: there is no example, not a prediction for each, a position that no label has, or names that would
            share a row of the table.
    """
    check(predictions, references)
    marks = matches(one_hot(predictions, len(names)), one_hot(references, len(names)))
    by_label = table(totals(marks), names)
    right = np.stack([np.ones(len(marks)), marks[:, : len(names)].sum(axis=1)], axis=1)
    metrics = {
        HEADLINE.name: headline(right),
        "f1": float(by_label["macro"]["f1"]),
        "matthews": matthews(marks),
    }
    statistics = {"accuracy": right, "f1": marks, "matthews": marks}
    return Scored(metrics, by_label, statistics, marks=LabelMarks(tuple(names), marks))


def headline(statistics: Floats) -> float:
    """The accuracy of the examples: statistics ``[examples, 2]`` are 1 and whether the label is right."""
    rows, right = statistics.sum(axis=0)
    return float(right / rows)


def matthews(statistics: Floats) -> float:
    """The Matthews correlation of the examples: statistics ``[examples, 3 · labels]`` are those of ``matches``."""
    counts = totals(statistics)
    rows = counts.gold.sum()
    covariance = rows * counts.right.sum() - counts.predicted @ counts.gold
    spread = (rows**2 - counts.predicted @ counts.predicted) * (rows**2 - counts.gold @ counts.gold)
    return float(covariance / math.sqrt(spread)) if spread else 0.0


LEADING = (
    Leading(HEADLINE, headline, WATCHED),
    Leading(_F1, macro_f1, _F1),
    Leading(_MATTHEWS, matthews, _MATTHEWS),
)


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
