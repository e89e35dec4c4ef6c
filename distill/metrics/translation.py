"""Translation: how much of the references' words and characters a text has."""

from collections.abc import Sequence
from itertools import chain, zip_longest
from typing import Any

import numpy as np
from sacrebleu import BLEU, CHRF

from distill.base.segmentation import Script, script
from distill.metrics import Headline, Leading, Scored
from distill.metrics.counts import Floats
from distill.metrics.examples import Rows, by_group, check, check_several
from distill.metrics.language_modeling import HEADLINE as WATCHED
from distill.metrics.language_modeling import next_tokens

HEADLINE = Headline("bleu", "max")

_TOKENIZERS: dict[Script, str] = {"latin": "13a", "spaced": "13a", "chinese": "zh", "unspaced": "char"}
"""Sacrebleu's, by how the references are written."""

collection = next_tokens
"""What is watched: the guesses at the next token of the references."""


def score(
    predictions: Sequence[str], references: Sequence[Sequence[str]], names: Sequence[str], groups: Sequence[str]
) -> Scored:
    """Score texts by sacrebleu's defaults (Post 2018, arXiv:1804.08771), from 0 to 1: corpus BLEU and chrF.

    BLEU counts what sacrebleu's ``13a`` takes for words where most words of the references stand between spaces, what
    ``zh`` does where they are Chinese, and characters in other scripts without spaces. All groups are read alike.

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
    tokenizer = _TOKENIZERS[script(chain.from_iterable(references))]
    # Without effective_order it warns at each sentence; the counts are the same.
    bleu = BLEU(tokenize=tokenizer, effective_order=True)
    counted = [bleu.sentence_score(text, right) for text, right in zip(predictions, references, strict=True)]
    statistics = np.array([[one.sys_len, one.ref_len, *one.counts, *one.totals] for one in counted], dtype=np.float64)

    # What sacrebleu's corpus_score and its own significance tests add up; no public name gives it sentence by sentence.
    characters = np.array(CHRF()._extract_corpus_statistics(predictions, _columns(references)), dtype=np.float64)

    def group(rows: Rows) -> dict[str, float]:
        return {HEADLINE.name: headline(statistics[rows]), "chrf": chrf(characters[rows])}

    everything = np.arange(len(statistics))
    table = by_group(groups, len(statistics), group)
    how = signature(references, tokenizer)
    return Scored(group(everything), table, {"bleu": statistics, "chrf": characters}, how)


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


def chrf(statistics: Floats) -> float:
    """The corpus chrF of the examples, from 0 to 1.

    Args:
        statistics: ``[examples, 18]``: how many sequences of 1 to 6 characters the text has, the reference that fits
            best, and both.
    """
    counts = [int(count) for count in statistics.sum(axis=0)]
    return float(CHRF()._compute_score_from_stats(counts).score) / 100


LEADING = (Leading(HEADLINE, headline, WATCHED), Leading(Headline("chrf", "max"), chrf, WATCHED))


def signature(references: Sequence[Sequence[str]], tokenizer: str) -> str:
    """How both metrics were computed, in sacrebleu's words.

    Args:
        references: one or more an example; only their number is read.
        tokenizer: of BLEU.

    >>> signature([["A text."]], "zh").split("|version")[0]
    'BLEU|nrefs:1|case:mixed|eff:no|tok:zh|smooth:exp'
    """
    columns = _columns([[""] * len(each) for each in references])
    bleu, chrf = BLEU(tokenize=tokenizer, references=columns), CHRF(references=columns)
    return f"BLEU|{bleu.get_signature()}, chrF2|{chrf.get_signature()}"


def _columns(references: Sequence[Sequence[str]]) -> list[list[Any]]:
    """The first references of all examples, then the second ones, with none where an example has no more."""
    return [list(column) for column in zip_longest(*references)]
