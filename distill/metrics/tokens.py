"""Tagging, tag by tag: one label for each token."""

from collections.abc import Sequence
from itertools import chain

import numpy as np
from numpy.typing import NDArray
from torchmetrics import MetricCollection
from torchmetrics.classification import MulticlassAccuracy, MulticlassF1Score

from distill.metrics import Headline, LabelMarks, Leading, Scored
from distill.metrics.classification import calibration_error as calibration_error
from distill.metrics.counts import matches, merged, micro_f1, one_hot, table, totals
from distill.metrics.examples import check, ratio_of_sums
from distill.types import IGNORE

HEADLINE = Headline("f1", "max")
WATCHED = Headline("f1_macro", "max")
"""While training: the mean over all tags, which needs no sentences, and so is another number than the headline."""
OUTSIDE = "O"
"""The tag of a token that is nothing; with it, most accuracies would look high."""

Sentences = Sequence[Sequence[str]]

headline = micro_f1
"""Of statistics ``[sentences, 3]``: how many tags but ``O`` are right, predicted, and there."""

_ACCURACY = Headline("accuracy", "max")
LEADING = (Leading(HEADLINE, headline, WATCHED), Leading(_ACCURACY, ratio_of_sums, _ACCURACY))


def score(predictions: Sentences, references: Sentences, names: Sequence[str], groups: Sequence[str]) -> Scored:
    """Score tags: F1 over all but ``O``, and the accuracy of all.

    Args:
        predictions: for each sentence its tags.
        references: the right ones.
        names: of the tags; where ``O`` is not among them, all count.
        groups: not read.

    Returns:
        The metrics, and the table by tag without ``O``. Tags that are neither there nor predicted stay out of
        ``macro``. The accuracy is nan where no sentence has a token.

    Raises:
        ValueError: there is no sentence, not a prediction for each, not a tag for each token, or a tag without a name.
    """
    check_tags(predictions, references, names)
    guesses, truth = (_positions(sentences, names) for sentences in (predictions, references))
    scored = [name != OUTSIDE for name in names]
    marks = matches(*(one_hot(tags, len(names))[:, scored] for tags in (guesses, truth)))
    tags = tuple(name for name in names if name != OUTSIDE)
    by_tag = table(totals(marks), tags)
    sentence = np.repeat(np.arange(len(references)), [len(tags) for tags in references])
    of_tags, right = np.zeros((len(references), marks.shape[1])), np.zeros((len(references), 2))
    np.add.at(of_tags, sentence, marks)
    np.add.at(right, sentence, np.stack([np.ones(len(truth)), guesses == truth], axis=1))
    statistics = merged(of_tags)
    metrics = {HEADLINE.name: headline(statistics), "accuracy": ratio_of_sums(right)}
    return Scored(metrics, by_tag, {"f1": statistics, "accuracy": right}, marks=LabelMarks(tags, of_tags))


def collection(classes: int, sync: bool = True) -> MetricCollection:
    """Make the metrics of a split, tag by tag: the mean F1 over all tags, and accuracy; both with ``O``.

    Args:
        classes: two or more.
        sync: compute over all ranks; false where every rank sees the whole split.

    Returns:
        A collection to ``update`` with logits ``[rows, classes]`` and labels ``[rows]``; ``IGNORE`` is not scored.
    """
    return MetricCollection(
        {
            WATCHED.name: MulticlassF1Score(classes, average="macro", ignore_index=IGNORE, sync_on_compute=sync),
            "accuracy": MulticlassAccuracy(classes, average="micro", ignore_index=IGNORE, sync_on_compute=sync),
        }
    )


def check_tags(predictions: Sentences, references: Sentences, names: Sequence[str]) -> None:
    """Refuse tags that cannot be scored.

    Raises:
        ValueError: there is no sentence, not a prediction for each, not a tag for each token, or a tag without a name.
    """
    check(predictions, references)
    for row, (guesses, truth) in enumerate(zip(predictions, references, strict=True)):
        if len(guesses) != len(truth):
            raise ValueError(f"sentence {row} has {len(guesses)} tags predicted for {len(truth)} in the reference")
    if strangers := sorted({*chain(*predictions), *chain(*references)} - {*names}):
        raise ValueError(f"{strangers[0]!r} is none of the tags {list(names)}")


def _positions(sentences: Sentences, names: Sequence[str]) -> NDArray[np.int64]:
    position = {name: index for index, name in enumerate(names)}
    return np.array([position[tag] for tag in chain(*sentences)], dtype=np.int64)
