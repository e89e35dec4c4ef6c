"""What models say of the texts of an exchange, and each text of one group held against each of another."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from distill.explanation.templates import Exchange
from distill.inference.predictor import Predictor
from distill.tasks import arrays

Floats = NDArray[np.float64]


class Said(NamedTuple):
    """What a model says of texts.

    Attributes:
        values: ``[texts, labels]``, the probability of each label, or the score.
        decisions: ``[texts]``, numbers that are the same where the answers are; none of scores.
        right: ``[texts, labels]``, whether the answer would be right if the label were.
    """

    values: Floats
    decisions: NDArray[np.int64] | None
    right: NDArray[np.bool_] | None

    def of(self, texts: Sequence[int]) -> "Said":
        """Return what is said of some of the texts."""
        decisions = None if self.decisions is None else self.decisions[texts]
        return Said(self.values[texts], decisions, None if self.right is None else self.right[texts])


Table = Mapping[str, Sequence[Sequence[Said]]]
"""Group to what a model says of each template and each of its surroundings."""


def of_exchange(model: Predictor, exchange: Exchange, labels: Sequence[str]) -> Table:
    """Return what a model says of all texts of an exchange; each text is read once."""
    rows = [row for template in exchange.texts for around in template for texts in around.values() for row in texts]
    keys = [tuple(row.items()) for row in rows]
    place = {key: number for number, key in enumerate(dict.fromkeys(keys))}
    said = ask(model, [dict(key) for key in place], labels)

    def of(texts: Sequence[Mapping[str, str]]) -> Said:
        chosen = [place[tuple(row.items())] for row in texts]
        return said.of(chosen)

    return {group: [[of(around[group]) for around in each] for each in exchange.texts] for group in exchange.groups}


def ask(model: Predictor, rows: Sequence[Mapping[str, Any]], labels: Sequence[str]) -> Said:
    """Return what a model says of examples, with its labels in this order."""
    features = model.encode(rows)
    answers = model.by_example(features, model.ask(features), len(rows))
    model.refuse_not_finite(answers)
    logits = arrays.in_float32(answers)
    if not labels:
        return Said(logits.astype(np.float64), None, None)
    logits = logits[:, [list(model.form.labels).index(label) for label in labels]]
    if model.task.kind == "labels":
        likely = arrays.sigmoid(logits).astype(np.float64)
        given = likely > model.form.threshold
        numbers = np.unique(given, axis=0, return_inverse=True)[1].reshape(-1)
        return Said(likely, numbers.astype(np.int64), given)
    likely = arrays.softmax(logits).astype(np.float64)
    chosen = likely.argmax(axis=1)
    return Said(likely, chosen, chosen[:, None] == np.arange(len(labels)))


def pairs(
    table: Table, groups: tuple[str, str], value: Callable[[Said], NDArray[Any]], compare: Callable[..., NDArray[Any]]
) -> Floats:
    """Return a comparison of each two texts ``[templates, first group, second group]``, the mean over surroundings."""
    first, second = (table[group] for group in groups)
    return np.stack(
        [
            np.mean([compare(value(a)[:, None], value(b)[None, :]) for a, b in zip(one, other, strict=True)], axis=0)
            for one, other in zip(first, second, strict=True)
        ]
    )


def right(table: Table, groups: tuple[str, str], rights: Sequence[int | None]) -> Floats:
    """Return how much more often the first group is answered rightly, ``[templates, first group, second group]``."""

    def right_at(column: int | None, said: Said) -> Floats:
        return cast(NDArray[np.bool_], said.right)[:, column].astype(np.float64)

    return np.concatenate(
        [
            pairs({group: [table[group][number]] for group in groups}, groups, partial(right_at, column), np.subtract)
            for number, column in enumerate(rights)
        ]
    )
