"""Summarisation: how much of the references' words a text has."""

from collections.abc import Sequence
from functools import partial
from importlib.metadata import version
from itertools import chain
from types import SimpleNamespace

import numpy as np

from distill.base.segmentation import script, words
from distill.metrics import Headline, Leading, Scored
from distill.metrics.counts import Floats
from distill.metrics.examples import Rows, by_group, check, check_several
from distill.metrics.language_modeling import HEADLINE as WATCHED
from distill.metrics.language_modeling import next_tokens

HEADLINE = Headline("rouge1", "max")

_KINDS = ("rouge1", "rouge2", "rougeL")
_STEMMED = "stemmed words"
_AS_THEY_ARE = "words as they are, single characters in scripts without spaces"

collection = next_tokens
"""What is watched: the guesses at the next token of the references."""


def score(
    predictions: Sequence[str], references: Sequence[Sequence[str]], names: Sequence[str], groups: Sequence[str]
) -> Scored:
    """Score texts by ROUGE (Lin 2004), from 0 to 1: the mean F-measure over words, pairs of them, and longest sequence.

    Words are read by rouge-score, in lower case, without punctuation and stemmed (Porter). It knows but ASCII: where
    most words of all references are in other scripts, all texts are read word by word without a stemmer, and character
    by character where a script puts no spaces. Of several references, each kind of ROUGE takes the one that fits best.

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
    from rouge_score.tokenizers import DefaultTokenizer

    check(predictions, references)
    check_several(references)
    latin = script(chain.from_iterable(references)) == "latin"
    tokenizer = DefaultTokenizer(use_stemmer=True) if latin else SimpleNamespace(tokenize=words)
    scorer = RougeScorer(_KINDS, tokenizer=tokenizer)
    scored = [scorer.score_multi(list(right), text) for text, right in zip(predictions, references, strict=True)]
    statistics = np.array([(1.0, *(one[kind].fmeasure for kind in _KINDS)) for one in scored])

    def group(rows: Rows) -> dict[str, float]:
        others = statistics[rows, 2:].mean(axis=0)
        return {HEADLINE.name: headline(statistics[rows]), "rouge2": float(others[0]), "rougeL": float(others[1])}

    everything = np.arange(len(statistics))
    how = f"rouge-score {version('rouge-score')}, {_STEMMED if latin else _AS_THEY_ARE}"
    table = by_group(groups, len(statistics), group)
    return Scored(group(everything), table, dict.fromkeys(_KINDS, statistics), how)


def headline(statistics: Floats) -> float:
    """The mean ROUGE-1 of the examples: statistics ``[examples, 4]`` are 1, ROUGE-1, ROUGE-2 and ROUGE-L."""
    examples, rouge, *_ = statistics.sum(axis=0)
    return float(rouge / examples)


def mean_rouge(statistics: Floats, *, column: int) -> float:
    """The mean of another kind of ROUGE of the examples, of the same statistics."""
    examples, rouge = statistics[:, [0, column]].sum(axis=0)
    return float(rouge / examples)


LEADING = (
    Leading(HEADLINE, headline, WATCHED),
    Leading(Headline("rouge2", "max"), partial(mean_rouge, column=2), WATCHED),
    Leading(Headline("rougeL", "max"), partial(mean_rouge, column=3), WATCHED),
)
