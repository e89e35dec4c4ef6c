"""Dialogue: how likely the right replies are, and how varied those that a model writes."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from distill.base.segmentation import spaced
from distill.metrics import Headline, Leading, Scored
from distill.metrics.counts import Floats
from distill.metrics.examples import Rows, by_group, check
from distill.metrics.language_modeling import HEADLINE as WATCHED
from distill.metrics.language_modeling import next_tokens

HEADLINE = Headline("perplexity", "min")

collection = next_tokens
"""What is watched: the guesses at the next token of the references."""


def score(
    predictions: Sequence[Mapping[str, Any]], references: Sequence[str], names: Sequence[str], groups: Sequence[str]
) -> Scored:
    """Score replies: the perplexity of the right ones, and distinct-1 and -2 of the model's own.

    Distinct-n is the number of different n-grams over that of all, in all replies together (Li et al. 2016,
    arXiv:1510.03055); a word is what stands between spaces, or a character in scripts that put none.

    Args:
        predictions: for each example ``nll``, the sum in nats over the tokens of the right reply, ``tokens``, their
            number, and ``text``, the model's own reply.
        references: the right replies.
        names: not read.
        groups: what each example is counted under in the table, such as the number of turns before.

    Returns:
        The metrics, nan where there are no tokens or n-grams, and the perplexity by group.

    Raises:
        ValueError: there is no example, or not a prediction and a group for each.
    """
    check(predictions, references)
    statistics = np.array([(one["nll"], one["tokens"]) for one in predictions], dtype=np.float64)
    replies = [spaced(one["text"]) for one in predictions]
    metrics = {
        HEADLINE.name: headline(statistics),
        "distinct_1": _distinct(replies, 1),
        "distinct_2": _distinct(replies, 2),
    }

    def group(rows: Rows) -> dict[str, float]:
        return {HEADLINE.name: headline(statistics[rows])}

    return Scored(metrics, by_group(groups, len(statistics), group), {HEADLINE.name: statistics})


def headline(statistics: Floats) -> float:
    """The perplexity of the examples: statistics ``[examples, 2]`` are nats and tokens; nan over no tokens."""
    nats, tokens = statistics.sum(axis=0)
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        return float(np.exp(nats / tokens))


LEADING = (Leading(HEADLINE, headline, WATCHED),)
"""Not how varied replies are: which n-grams are new depends on all other replies."""


def _distinct(replies: Sequence[Sequence[str]], size: int) -> float:
    grams = [tuple(reply[start : start + size]) for reply in replies for start in range(len(reply) - size + 1)]
    return len(set(grams)) / len(grams) if grams else float("nan")
