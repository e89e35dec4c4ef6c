"""Summarisation: how much of the references' words a text has."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from distill.metrics import Headline, Scored
from distill.metrics.counts import Floats
from distill.metrics.examples import Rows, by_group, check, check_several
from distill.metrics.language_modeling import HEADLINE as WATCHED  # noqa: F401 - read by whoever trains
from distill.metrics.language_modeling import next_tokens
from distill.metrics.words import is_latin, words

HEADLINE = Headline("rouge1", "max")

_KINDS = ("rouge1", "rouge2", "rougeL")

collection = next_tokens
"""What is watched: the guesses at the next token of the references."""


def score(
    predictions: Sequence[str], references: Sequence[Sequence[str]], names: Sequence[str], groups: Sequence[str]
) -> Scored:
    """Score texts by ROUGE (Lin 2004), from 0 to 1: the mean F-measure over words, pairs of them, and longest sequence.

    Words are read by rouge-score, in lower case, without punctuation and stemmed (Porter). It knows but ASCII: a text
    in other scripts is read word by word without a stemmer, or character by character where they put no spaces. Of
    several references, each kind of ROUGE takes the one that fits best.

    Args:
        predictions: a text for each example.
        references: right ones, one or more an example.
        names: not read.
        groups: what each example is counted under in the table, such as a band of lengths.

    Returns:
        The metrics, and the same by group.

    Raises:
        ValueError: there is no example, not a prediction and a group for each, or one without a reference.
    """
    from rouge_score.rouge_scorer import RougeScorer  # takes seconds to import

    check(predictions, references)
    check_several(references)
    scorer = RougeScorer(_KINDS, tokenizer=_Tokenizer())
    scored = [scorer.score_multi(list(right), text) for text, right in zip(predictions, references, strict=True)]
    statistics = np.array([(1.0, *(one[kind].fmeasure for kind in _KINDS)) for one in scored])

    def group(rows: Rows) -> dict[str, float]:
        others = statistics[rows, 2:].mean(axis=0)
        return {HEADLINE.name: headline(statistics[rows]), "rouge2": float(others[0]), "rougeL": float(others[1])}

    everything = np.arange(len(statistics))
    return Scored(group(everything), by_group(groups, len(statistics), group), statistics)


def headline(statistics: Floats) -> float:
    """The mean ROUGE-1 of the examples: statistics ``[examples, 4]`` are 1, ROUGE-1, ROUGE-2 and ROUGE-L."""
    examples, rouge, *_ = statistics.sum(axis=0)
    return float(rouge / examples)


class _Tokenizer:
    """Rouge-score's own for texts in the Latin alphabet, and words of any script where that finds none."""

    def __init__(self) -> None:
        from rouge_score.tokenizers import DefaultTokenizer

        self._ascii: Any = DefaultTokenizer(use_stemmer=True)

    def tokenize(self, text: str) -> list[str]:
        found: list[str] = self._ascii.tokenize(text) if is_latin(text) else []
        return found or words(text)
