"""Question answering: a span of a text that answers a question."""

import re
import string
from collections import Counter
from collections.abc import Sequence

import numpy as np
from torchmetrics import MetricCollection
from torchmetrics.classification import MulticlassAccuracy

from distill.base.segmentation import spaced
from distill.metrics import Headline, Leading, Scored
from distill.metrics.counts import Floats
from distill.metrics.examples import Rows, by_group, check, check_several
from distill.types import IGNORE

HEADLINE = Headline("f1", "max")
WATCHED = Headline("accuracy", "max")
"""What is watched while a model trains: starts and ends, each on its own."""

HAS_ANSWER, NO_ANSWER = "has_answer_f1", "no_answer_f1"
"""F1 of the examples that have an answer, and of those that have none."""

_NO_PUNCTUATION = str.maketrans("", "", string.punctuation)
_ARTICLE = re.compile(r"\b(?:a|an|the)\b")


def score(
    predictions: Sequence[str], references: Sequence[Sequence[str]], names: Sequence[str], groups: Sequence[str]
) -> Scored:
    """Score answers as SQuAD does (Rajpurkar et al. 2016, arXiv:1606.05250), from 0 to 1: F1 of words, and exact match.

    Case, ASCII punctuation, English articles and the width of spaces do not count. A word is what stands between
    spaces, or a character in scripts that put none. Of several right answers, each metric takes the one that fits best.
    Where nothing is left of an answer, F1 is 1 if nothing is left of the other either.

    Where some examples have no right answer, all are scored as by SQuAD's script for version 2 (Rajpurkar et al. 2018,
    arXiv:1806.03822): for those both metrics are 1 where the answer is empty, and 0 elsewhere. Right answers of which
    nothing is left do not count beside others. F1 of examples with and of those without an answer is given as well.

    Args:
        predictions: an answer for each example.
        references: the right ones of each example; empty where there is no answer.
        names: not read.
        groups: what each example is counted under in the table, such as the kind of question.

    Returns:
        The metrics, and the same by group.

    Raises:
        ValueError: there is no example, not a prediction and a group for each, or a text instead of right answers.
    """
    check(predictions, references)
    check_several(references, none=True)
    answered = np.array([len(texts) > 0 for texts in references])
    right = references if answered.all() else [_or_none(texts) for texts in references]
    statistics = np.array([(1.0, *_best(*pair)) for pair in zip(predictions, right, strict=True)])

    def group(rows: Rows) -> dict[str, float]:
        return {HEADLINE.name: headline(statistics[rows]), "exact_match": float(statistics[rows, 2].mean())}

    everything = np.arange(len(statistics))
    metrics = group(everything)
    if not answered.all():
        parts = {HAS_ANSWER: answered, NO_ANSWER: ~answered}
        metrics |= {name: headline(statistics[rows]) for name, rows in parts.items() if rows.any()}
    table = by_group(groups, len(statistics), group)
    return Scored(metrics, table, dict.fromkeys(("f1", "exact_match"), statistics))


def headline(statistics: Floats) -> float:
    """The mean F1 of the examples: statistics ``[examples, 3]`` are 1, F1 and exact match."""
    examples, f1, _ = statistics.sum(axis=0)
    return float(f1 / examples)


def exact_match(statistics: Floats) -> float:
    """The share of exact matches among the examples, of the same statistics."""
    examples, _, exact = statistics.sum(axis=0)
    return float(exact / examples)


LEADING = (
    Leading(HEADLINE, headline, WATCHED),
    Leading(Headline("exact_match", "max"), exact_match, WATCHED),
)


def collection(classes: int, sync: bool = True) -> MetricCollection:
    """Make what is watched while a model trains: the share of starts and ends that are right.

    Args:
        classes: tokens of a window.
        sync: compute over all ranks; false where every rank sees the whole split.

    Returns:
        A collection to ``update`` with logits ``[rows, tokens]`` and labels ``[rows]``; ``IGNORE`` is not scored.
    """
    accuracy = MulticlassAccuracy(classes, average="micro", ignore_index=IGNORE, sync_on_compute=sync)
    return MetricCollection({WATCHED.name: accuracy})


def _best(answer: str, right: Sequence[str]) -> tuple[float, float]:
    guess, truths = _words(answer), [_words(text) for text in right]
    return max(_f1(guess, truth) for truth in truths), float(guess in truths)


def _or_none(right: Sequence[str]) -> Sequence[str]:
    """The right answers of which something is left, or an empty one."""
    return [text for text in right if _words(text)] or [""]


def _words(text: str) -> list[str]:
    return spaced(_ARTICLE.sub(" ", text.lower().translate(_NO_PUNCTUATION)))


def _f1(guess: list[str], truth: list[str]) -> float:
    if not guess or not truth:
        return float(guess == truth)
    common = (Counter(guess) & Counter(truth)).total()
    return 2 * common / (len(guess) + len(truth))
