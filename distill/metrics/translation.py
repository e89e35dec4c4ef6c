"""Translation: how much of the references' words and characters a text has."""

from collections.abc import Sequence
from itertools import zip_longest
from typing import Any

import numpy as np
from sacrebleu import BLEU, CHRF

from distill.metrics import Headline, Scored
from distill.metrics.counts import Floats
from distill.metrics.examples import Rows, by_group, check, check_several
from distill.metrics.language_modeling import HEADLINE as WATCHED  # noqa: F401 - read by whoever trains
from distill.metrics.language_modeling import next_tokens

HEADLINE = Headline("bleu", "max")

collection = next_tokens
"""What is watched: the guesses at the next token of the references."""


def score(
    predictions: Sequence[str], references: Sequence[Sequence[str]], names: Sequence[str], groups: Sequence[str]
) -> Scored:
    """Score texts by sacrebleu's defaults (Post 2018, arXiv:1804.08771), from 0 to 1: corpus BLEU and chrF.

    Args:
        predictions: a text for each example.
        references: right ones, one or more an example.
        names: not read.
        groups: what each example is counted under in the table, such as a band of lengths.

    Returns:
        The metrics, and the same by group, each group being a corpus of its own.

    Raises:
        ValueError: there is no example, not a prediction and a group for each, or one without a reference.
    """
    check(predictions, references)
    check_several(references)
    bleu = BLEU(effective_order=True)  # otherwise it warns at each sentence; the counts are the same
    counted = [bleu.sentence_score(text, right) for text, right in zip(predictions, references, strict=True)]
    statistics = np.array([[one.sys_len, one.ref_len, *one.counts, *one.totals] for one in counted], dtype=np.float64)

    def group(rows: Rows) -> dict[str, float]:
        chrf = CHRF().corpus_score([predictions[row] for row in rows], _columns([references[row] for row in rows]))
        return {HEADLINE.name: headline(statistics[rows]), "chrf": float(chrf.score) / 100}

    everything = np.arange(len(statistics))
    return Scored(group(everything), by_group(groups, len(statistics), group), statistics)


def headline(statistics: Floats) -> float:
    """The corpus BLEU of the examples, from 0 to 1.

    Args:
        statistics: ``[examples, 10]``: the length of the text and that of its nearest reference, then how many n-grams
            of 1 to 4 words are right, and how many there are.
    """
    length, wanted, *counts = (int(count) for count in statistics.sum(axis=0))
    order = len(counts) // 2
    found = BLEU.compute_bleu(counts[:order], counts[order:], length, wanted, smooth_method="exp")
    return float(found.score) / 100


def signature(references: Sequence[Sequence[str]] = (("",),)) -> str:
    """How both metrics were computed, in sacrebleu's words; give it the references where they are not one an example.

    >>> signature().split("|version")[0]
    'BLEU|nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp'
    """
    columns = _columns(references)
    made = []
    for name, metric in (("BLEU", BLEU(references=columns)), ("chrF2", CHRF(references=columns))):
        made.append(f"{name}|{metric.get_signature()}")
    return ", ".join(made)


def _columns(references: Sequence[Sequence[str]]) -> list[list[Any]]:
    """The first references of all examples, then the second ones, with none where an example has no more."""
    return [list(column) for column in zip_longest(*references)]
