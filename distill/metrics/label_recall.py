"""How much recall each label loses from one model to another on the same examples, and how sure that is."""

from typing import NamedTuple

import numpy as np

from distill.metrics import LabelMarks
from distill.metrics.bootstrap import counted_draws
from distill.metrics.counts import Floats


class LabelRecall(NamedTuple):
    """The recall of a label by two models, from 0 to 1.

    Attributes:
        reference: that of the first.
        other: that of the second.
        low: the lower end of the interval of the second's minus the first's.
        high: the upper end of it.
    """

    reference: float
    other: float
    low: float
    high: float


def recall_by_label(
    reference: LabelMarks, other: LabelMarks, *, resamples: int = 1000, confidence: float = 0.95, seed: int = 0
) -> dict[str, LabelRecall]:
    """Compare the recall of each label by two models, with the interval of the paired bootstrap.

    Each resample draws examples with replacement and scores both models on the same ones (see
    ``bootstrap.paired_bootstrap``, whose interval this is); all labels share the draws. Resamples that hold no example
    of a label say nothing of it.

    Args:
        reference: marks of the first model's examples.
        other: marks of the second's, of the same examples in their order.
        resamples: how many are drawn.
        confidence: share of the resampled differences inside the interval.
        seed: the same seed gives the same interval.

    Returns:
        Each label that has examples to its recall by both.

    Raises:
        ValueError: they are not marks of the same examples and labels.

    Example:
        >>> always = LabelMarks(("no", "yes"), np.array([[1.0, 0, 1, 0, 1, 0], [0, 1, 0, 1, 0, 1]]))
        >>> recall_by_label(always, always)["yes"]
        LabelRecall(reference=1.0, other=1.0, low=0.0, high=0.0)
    """
    if reference.names != other.names or reference.statistics.shape != other.statistics.shape:
        raise ValueError("recall is compared of the same examples and labels")
    (right, _, gold), (right_of_other, _, other_gold) = (
        np.split(marks.statistics, 3, axis=1) for marks in (reference, other)
    )
    if not len(gold) or not np.array_equal(gold, other_gold):
        raise ValueError("recall is compared of the same examples")
    lost = _resampled(right_of_other - right, gold, resamples, seed)
    tails = (1 - confidence) / 2, (1 + confidence) / 2
    found: dict[str, LabelRecall] = {}
    for label in np.flatnonzero(gold.sum(axis=0)):
        low, high = np.nanquantile(lost[:, label], tails)
        first, second = (float(part[:, label].sum() / gold[:, label].sum()) for part in (right, right_of_other))
        found[reference.names[label]] = LabelRecall(first, second, float(low), float(high))
    return found


def _resampled(part: Floats, whole: Floats, resamples: int, seed: int) -> Floats:
    """Return ``[resamples, labels]``, the sum of a part over that of the whole in each; nan where there is nothing."""
    with np.errstate(invalid="ignore"):
        ratios = [(times @ part) / (times @ whole) for times in counted_draws(len(whole), resamples, seed)]
    return np.concatenate(ratios)
