"""Regression: a score for each row."""

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor
from torchmetrics import Metric, MetricCollection
from torchmetrics.regression import MeanSquaredError, PearsonCorrCoef, SpearmanCorrCoef
from torchmetrics.wrappers import LambdaInputTransformer

from distill.metrics import Headline, Leading, Scored
from distill.metrics.counts import Floats
from distill.metrics.examples import Rows, by_group, check, ratio_of_sums

HEADLINE = Headline("pearson", "max")
WATCHED = HEADLINE

_MSE = Headline("mse", "min")

_CONSTANT = 1e-12
"""Share of the second moment below which a variance is rounding alone."""


def score(
    predictions: Sequence[float], references: Sequence[float], names: Sequence[str], groups: Sequence[str]
) -> Scored:
    """Score scores: correlation of the values (Pearson) and of their ranks (Spearman), and the mean squared error.

    Args:
        predictions: a score for each example.
        references: the right one.
        names: not read.
        groups: what each example is counted under in the table, such as a band of the right score.

    Returns:
        The metrics, a correlation being nan where either side is the same throughout; and by group the mean of the
        right scores, that of the predicted ones, and the mean absolute error.

    Raises:
        ValueError: there is no example, or not a prediction and a group for each.
    """
    check(predictions, references)
    guesses, truth = np.asarray(predictions, dtype=np.float64), np.asarray(references, dtype=np.float64)

    def group(rows: Rows) -> dict[str, float]:
        gold, predicted = truth[rows], guesses[rows]
        mae = float(np.abs(gold - predicted).mean())
        return {"gold": float(gold.mean()), "predicted": float(predicted.mean()), "mae": mae}

    statistics = _moments(guesses, truth)
    errors = (guesses - truth) ** 2
    metrics = {
        HEADLINE.name: headline(statistics),
        "spearman": correlation(_ranks(guesses), _ranks(truth)),
        "mse": float(errors.mean()),
    }
    table = by_group(groups, len(truth), group)
    squares = np.stack([np.ones_like(errors), errors], axis=1)
    return Scored(metrics, table, {"pearson": statistics, "mse": squares})


def headline(statistics: Floats) -> float:
    """Pearson's correlation of the examples: statistics ``[examples, 6]`` are 1, x, y, x², y² and xy."""
    count, x, y, xx, yy, xy = statistics.sum(axis=0)
    with np.errstate(invalid="ignore", over="ignore"):
        spread, other = count * xx - x * x, count * yy - y * y
        if not (spread > _CONSTANT * count * xx and other > _CONSTANT * count * yy):
            return float("nan")
        return float(np.clip((count * xy - x * y) / (np.sqrt(spread) * np.sqrt(other)), -1, 1))


LEADING = (Leading(HEADLINE, headline, WATCHED), Leading(_MSE, ratio_of_sums, _MSE))
"""Not the correlation of ranks: the rank of an example depends on which others there are."""


def correlation(one: NDArray[Any], other: NDArray[Any]) -> float:
    """Pearson's correlation of two columns ``[rows]``; nan where either is the same throughout."""
    return headline(_moments(one.astype(np.float64), other.astype(np.float64)))


def collection(classes: int = 1, sync: bool = True) -> MetricCollection:
    """Make the metrics of a split: correlation of values (Pearson) and of ranks (Spearman), and mean squared error.

    Args:
        classes: 1, the width of the rows.
        sync: compute over all ranks; false where every rank sees the whole split.

    Returns:
        A collection to ``update`` with rows ``[rows, 1]`` and labels ``[rows]``.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Metric `SpearmanCorrcoef` will save")  # a number for each row of a split
        metrics: dict[str, Metric] = {
            "pearson": PearsonCorrCoef(sync_on_compute=sync),
            "spearman": SpearmanCorrCoef(sync_on_compute=sync),
            "mse": MeanSquaredError(sync_on_compute=sync),
        }
    return MetricCollection(
        {
            name: LambdaInputTransformer(metric, _column, _column, sync_on_compute=sync)
            for name, metric in metrics.items()
        }
    )


def _column(values: Tensor) -> Tensor:
    # In float32: labels do not follow the rows into half precision, and the metrics want one type.
    return values.float().flatten()


def _moments(x: Floats, y: Floats) -> Floats:
    # A shift changes no correlation, but squares of numbers far from 0 would leave no digits to their difference.
    with np.errstate(invalid="ignore", over="ignore"):
        x, y = x - x.mean(), y - y.mean()
        return np.stack([np.ones_like(x), x, y, x * x, y * y, x * y], axis=1)


def _ranks(values: Floats) -> Floats:
    """The rank of each value, equal ones sharing the mean of theirs."""
    _, position, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranks: Floats = (np.cumsum(counts) - (counts - 1) / 2)[position]
    return np.where(np.isnan(values), np.nan, ranks)
