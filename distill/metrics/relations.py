"""Relations between two marked entities of a text, most of them with a direction."""

import re
from collections.abc import Sequence

import numpy as np

from distill.metrics import Headline, LabelMarks, Leading, Scored, classification
from distill.metrics.classification import calibration_error as calibration_error
from distill.metrics.classification import collection as collection
from distill.metrics.counts import Flags, Floats, f1, mean, one_hot, table, totals

HEADLINE = Headline("f1", "max")
WATCHED = HEADLINE

_ACCURACY = classification.HEADLINE

_DIRECTION = re.compile(r"\((?:e1,e2|e2,e1)\)$")
_NONE = ("other", "no_relation")
"""Names, in any case, of no relation at all."""


def score(predictions: Sequence[int], references: Sequence[int], names: Sequence[str], groups: Sequence[str]) -> Scored:
    """Score relations as SemEval-2010 task 8 does officially (Hendrickx et al. 2010), and the accuracy of labels.

    F1 is the mean of that of all relations that the references have, but for ``Other`` (or ``no_relation``). Both
    directions make one relation; the wrong one of the right relation is a mistake, predicted once and missed once.

    Args:
        predictions: the position of a label for each example.
        references: the position of the right one.
        names: of the labels, with a direction such as ``Cause-Effect(e1,e2)``, or else relations of their own.
        groups: not read.

    Returns:
        The metrics, and the table by relation; ``Other`` stands there, but in none of the averages.

    Raises:
        ValueError: as for classification.
    """
    by_label = classification.score(predictions, references, names, groups)
    relations = [_DIRECTION.sub("", name) for name in names]
    kinds = list(dict.fromkeys(relations))
    belongs = one_hot([kinds.index(relation) for relation in relations], len(kinds))
    guesses, truth = (one_hot(labels, len(names)) for labels in (predictions, references))
    marks = np.stack([part @ belongs for part in (guesses & truth, guesses, truth)], axis=1).astype(np.float64)
    is_relation = np.array([kind.lower() not in _NONE for kind in kinds])
    flat = marks.reshape(len(marks), -1)
    counts = totals(flat)
    by_relation = table(counts, kinds, averaged=is_relation & (counts.gold > 0))
    statistics = marks[:, :, is_relation].reshape(len(marks), -1)
    metrics = {HEADLINE.name: headline(statistics), "accuracy": by_label.metrics["accuracy"]}
    by_metric = {"f1": statistics, "accuracy": by_label.statistics["accuracy"]}
    return Scored(metrics, by_relation, by_metric, marks=LabelMarks(tuple(kinds), flat))


def headline(statistics: Floats) -> float:
    """The official F1 of the examples: statistics ``[examples, 3 · relations]`` are right, predicted, and there."""
    counts = totals(statistics)
    there: Flags = counts.gold > 0
    return mean(f1(counts)[there])


LEADING = (Leading(HEADLINE, headline, WATCHED), Leading(_ACCURACY, classification.headline, _ACCURACY))
