"""Multi-label classification: any number of labels for each row, each decided by itself."""

from collections.abc import Sequence

import numpy as np
from torch import Tensor
from torchmetrics import MetricCollection
from torchmetrics.classification import MultilabelF1Score
from torchmetrics.functional.classification import binary_calibration_error
from torchmetrics.wrappers import LambdaInputTransformer

from distill.metrics import Headline, LabelMarks, Leading, Scored
from distill.metrics.counts import Flags, matches, mean_f1, merged, micro_f1, table, totals
from distill.metrics.examples import check, ratio_of_sums
from distill.types import IGNORE

HEADLINE = Headline("f1_micro", "max")
WATCHED = HEADLINE

headline = micro_f1
"""Of statistics ``[examples, 3]``: how many labels are right, predicted, and there."""

_F1_MACRO = Headline("f1_macro", "max")
LEADING = (
    Leading(HEADLINE, headline, WATCHED),
    Leading(_F1_MACRO, mean_f1, _F1_MACRO),
    Leading(Headline("exact_match", "max"), ratio_of_sums, WATCHED),
)


def score(
    predictions: Sequence[Sequence[int]],
    references: Sequence[Sequence[int]],
    names: Sequence[str],
    groups: Sequence[str],
) -> Scored:
    """Score decisions: F1 over all of them and averaged over labels, and the share of examples without a mistake.

    Args:
        predictions: for each example a 0 or 1 for each label.
        references: the right ones.
        names: of the labels.
        groups: not read.

    Returns:
        The metrics, and the table by label. A label that no example has and none is given scores 0 and counts in the
        averages, as in scikit-learn and torchmetrics: decisions on it were asked for.

    Raises:
        ValueError: there is no example, not a prediction for each, or not a 0 or 1 for each label.
    """
    check(predictions, references)
    guesses, truth = _decisions(predictions, len(names)), _decisions(references, len(names))
    marks = matches(guesses, truth)
    by_label = table(totals(marks), names, averaged=np.ones(len(names), dtype=bool))
    statistics = merged(marks)
    whole = np.stack([np.ones(len(marks)), (guesses == truth).all(axis=1)], axis=1)
    metrics = {
        HEADLINE.name: headline(statistics),
        "f1_macro": float(by_label["macro"]["f1"]),
        "exact_match": ratio_of_sums(whole),
    }
    by_metric = {"f1_micro": statistics, "f1_macro": marks, "exact_match": whole}
    return Scored(metrics, by_label, by_metric, marks=LabelMarks(tuple(names), marks))


def collection(classes: int, sync: bool = True) -> MetricCollection:
    """Make the metrics of a split: F1 over all decisions, and averaged over labels.

    Args:
        classes: two or more.
        sync: compute over all ranks; false where every rank sees the whole split.

    Returns:
        A collection to ``update`` with logits ``[rows, classes]``, a label being given where its sigmoid is above a
        half, and labels ``[rows, classes]`` of 0 and 1 in any type; ``IGNORE`` is not scored.
    """
    return MetricCollection(
        {
            f"f1_{average}": LambdaInputTransformer(
                MultilabelF1Score(classes, average=average, ignore_index=IGNORE, sync_on_compute=sync),
                _given,
                Tensor.long,
                sync_on_compute=sync,
            )
            for average in ("micro", "macro")
        }
    )


def calibration_error(logits: Tensor, labels: Tensor) -> float:
    """Return the expected calibration error of all decisions: the gap between the chance of a label and its frequency.

    Args:
        logits: ``[rows, classes]``.
        labels: ``[rows, classes]`` of 0 and 1; ``IGNORE`` is not scored.

    Returns:
        From 0 (calibrated) to 1, over 15 bins of equal width, weighted by their decisions.
    """
    chances = logits.float().sigmoid().flatten()
    error = binary_calibration_error(chances, labels.long().flatten(), n_bins=15, norm="l1", ignore_index=IGNORE)
    return float(error)


def _given(logits: Tensor) -> Tensor:
    # Decided here: torchmetrics takes logits that happen to lie within [0, 1] for probabilities.
    return (logits > 0).long()


def _decisions(values: Sequence[Sequence[int]], labels: int) -> Flags:
    for row, each in enumerate(values):
        if len(each) != labels:
            raise ValueError(f"example {row} has {len(each)} decisions for {labels} labels")
    decisions = np.asarray(values)
    if not np.isin(decisions, (0, 1)).all():
        raise ValueError("a decision must be 0 or 1")
    return decisions.astype(np.bool_)
