"""Pairs of texts: whether, or how, one relates to the other."""

from collections.abc import Sequence

from torch import Tensor
from torchmetrics import Metric, MetricCollection
from torchmetrics.classification import BinaryF1Score, MulticlassAccuracy, MulticlassF1Score
from torchmetrics.wrappers import LambdaInputTransformer

from distill.metrics import Headline, Leading, Scored, classification
from distill.metrics.classification import calibration_error as calibration_error
from distill.metrics.counts import Floats, f1, macro_f1, matches, one_hot, totals
from distill.types import IGNORE

HEADLINE = Headline("f1", "max")
WATCHED = HEADLINE

_ACCURACY = classification.HEADLINE


def score(predictions: Sequence[int], references: Sequence[int], names: Sequence[str], groups: Sequence[str]) -> Scored:
    """Score labels: F1, and accuracy.

    With two labels, F1 is that of the second, as for paraphrases in GLUE (Wang et al. 2019, arXiv:1804.07461); with
    more it is the mean of those that are there or predicted.

    Args:
        predictions: the position of a label for each example.
        references: the position of the right one.
        names: of the labels.
        groups: not read.

    Returns:
        The metrics, and the table by label.

    Raises:
        ValueError: as for classification.
    """
    found = classification.score(predictions, references, names, groups)
    statistics = matches(one_hot(predictions, len(names)), one_hot(references, len(names)))
    metrics = {HEADLINE.name: headline(statistics), "accuracy": found.metrics["accuracy"]}
    return found._replace(metrics=metrics, statistics={"f1": statistics, "accuracy": found.statistics["accuracy"]})


def headline(statistics: Floats) -> float:
    """The F1 of the examples: statistics ``[examples, 3 · labels]`` are those of ``counts.matches``."""
    by_label = f1(totals(statistics))
    return float(by_label[1]) if len(by_label) == 2 else macro_f1(statistics)


LEADING = (Leading(HEADLINE, headline, WATCHED), Leading(_ACCURACY, classification.headline, _ACCURACY))


def collection(classes: int, sync: bool = True) -> MetricCollection:
    """Make the metrics of a split: F1, that of the second of two classes or else the macro average, and accuracy.

    Args:
        classes: two or more.
        sync: compute over all ranks; false where every rank sees the whole split.

    Returns:
        A collection to ``update`` with logits ``[rows, classes]`` and labels ``[rows]``; ``IGNORE`` is not scored.
    """
    watched: Metric = MulticlassF1Score(classes, average="macro", ignore_index=IGNORE, sync_on_compute=sync)
    if classes == 2:
        second = BinaryF1Score(ignore_index=IGNORE, sync_on_compute=sync)
        watched = LambdaInputTransformer(second, _guesses, sync_on_compute=sync)
    accuracy = MulticlassAccuracy(classes, average="micro", ignore_index=IGNORE, sync_on_compute=sync)
    return MetricCollection({"f1": watched, "accuracy": accuracy})


def _guesses(logits: Tensor) -> Tensor:
    return logits.argmax(dim=1)
