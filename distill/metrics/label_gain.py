"""How much F1 each label gains from one model to another on the same examples, and how sure that is."""

from typing import NamedTuple

import numpy as np

from distill.metrics import LabelMarks
from distill.metrics.bootstrap import counted_draws
from distill.metrics.counts import Floats


class LabelGain(NamedTuple):
    """The F1 of a label by a model minus that by a reference, from -1 to 1, and the interval around it."""

    difference: float
    low: float
    high: float


def f1_by_label(
    model: LabelMarks, reference: LabelMarks, *, resamples: int = 1000, confidence: float = 0.95, seed: int = 0
) -> dict[str, LabelGain]:
    """Compare the F1 of each label by two models, with the interval of the paired bootstrap.

    Each resample draws examples with replacement and scores both models on the same ones (see
    ``bootstrap.paired_bootstrap``, whose interval this is); all labels share the draws. In a resample without a label,
    its F1 is 0 by both.

    Args:
        model: marks of its examples.
        reference: marks of the reference's, of the same examples in their order.
        resamples: how many are drawn.
        confidence: share of the resampled differences inside the interval.
        seed: the same seed gives the same interval.

    Returns:
        Each label that has examples to its gain.

    Raises:
        ValueError: they are not marks of the same examples and labels.

    Example:
        >>> right = LabelMarks(("no", "yes"), np.array([[1.0, 0, 1, 0, 1, 0], [0, 1, 0, 1, 0, 1]]))
        >>> f1_by_label(right, right)["yes"]
        LabelGain(difference=0.0, low=0.0, high=0.0)
    """
    if model.names != reference.names or model.statistics.shape != reference.statistics.shape:
        raise ValueError("labels are compared of the same examples and labels")
    both = np.hstack([model.statistics, reference.statistics])
    labels = len(model.names)
    drawn = [f1_difference(times @ both, labels) for times in counted_draws(len(both), resamples, seed)]
    low, high = np.quantile(np.concatenate(drawn), [(1 - confidence) / 2, (1 + confidence) / 2], axis=0)
    whole = both.sum(axis=0, keepdims=True)
    difference = f1_difference(whole, labels)[0]
    return {
        model.names[label]: LabelGain(float(difference[label]), float(low[label]), float(high[label]))
        for label in np.flatnonzero(whole[0, 2 * labels : 3 * labels])
    }


def f1_difference(sums: Floats, labels: int) -> Floats:
    """Return ``[resamples, labels]``, the model's F1 minus the reference's, of sums ``[resamples, 6 · labels]``."""
    right, predicted, gold, *others = (sums[:, start : start + labels] for start in range(0, 6 * labels, labels))
    return _f1(right, predicted, gold) - _f1(*others)


def recall_difference(sums: Floats, labels: int) -> Floats:
    """Return ``[resamples, labels]``, the model's recall minus the reference's, of sums ``[resamples, 6 · labels]``."""
    right, gold, other = (sums[:, start * labels : (start + 1) * labels] for start in (0, 2, 3))
    return np.divide(right - other, gold, out=np.zeros_like(right), where=gold > 0)


def _f1(right: Floats, predicted: Floats, gold: Floats) -> Floats:
    whole = predicted + gold
    return np.divide(2 * right, whole, out=np.zeros_like(right), where=whole > 0)
