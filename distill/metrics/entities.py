"""Entities: spans of tokens and their types, written as IOB2 tags (Tjong Kim Sang & Veenstra 1999)."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from seqeval.scheme import IOB2, Tokens

from distill.metrics import Headline, LabelMarks, Leading, Scored
from distill.metrics.classification import calibration_error as calibration_error
from distill.metrics.counts import merged, micro_f1, micro_precision, micro_recall, table, totals
from distill.metrics.tokens import OUTSIDE, Sentences, check_tags
from distill.metrics.tokens import WATCHED as WATCHED
from distill.metrics.tokens import collection as collection

HEADLINE = Headline("f1", "max")

headline = micro_f1
"""Of statistics ``[sentences, 3]``: how many entities are right, predicted, and there."""
LEADING = (
    Leading(HEADLINE, headline, WATCHED),
    Leading(Headline("precision", "max"), micro_precision, WATCHED),
    Leading(Headline("recall", "max"), micro_recall, WATCHED),
)


def score(predictions: Sentences, references: Sentences, names: Sequence[str], groups: Sequence[str]) -> Scored:
    """Score whole entities, right if type, start and end are: F1, precision and recall over all of them.

    Entities are read by seqeval's strict mode: one starts with ``B-`` and goes on with ``I-`` of the same type, and an
    ``I-`` without a start is none.

    Args:
        predictions: for each sentence its tags.
        references: the right ones.
        names: of the tags.
        groups: not read.

    Returns:
        The metrics, 0 where there is no entity, and the table by type. Types that are neither there nor predicted stay
        out of ``macro``.

    Raises:
        ValueError: there is no sentence, not a prediction for each, not a tag for each token, a tag without a name, or
            one that is not IOB2.
    """
    check_tags(predictions, references, names)
    types = _types(names)
    marks = np.zeros((len(references), 3, len(types)))
    for row, tagged in enumerate(zip(predictions, references, strict=True)):
        guesses, truth = (_entities(tags) for tags in tagged)
        for kind, found in enumerate((guesses & truth, guesses, truth)):
            for entity in found:
                marks[row, kind, types[entity.tag]] += 1
    flat = marks.reshape(len(marks), -1)
    by_type = table(totals(flat), list(types))
    metrics = {name: float(by_type["micro"][name]) for name in (HEADLINE.name, "precision", "recall")}
    return Scored(metrics, by_type, dict.fromkeys(metrics, merged(flat)), marks=LabelMarks(tuple(types), flat))


def _types(names: Sequence[str]) -> dict[str, int]:
    """Each type to its position, in the order in which the tags first name it."""
    if strangers := [name for name in names if name not in (OUTSIDE, "B", "I") and name[:2] not in ("B-", "I-")]:
        raise ValueError(f"the tag {strangers[0]!r} is not IOB2: O, or B- or I- and a type")
    found = dict.fromkeys(IOB2(name).tag for name in names if name != OUTSIDE)
    return {name: position for position, name in enumerate(found)}


def _entities(tags: Sequence[str]) -> set[Any]:
    return set(Tokens(list(tags), IOB2).entities)
