"""What a linear model of the words, trained on other rows, expects the label of each row to be."""

import numpy as np
from numpy.typing import NDArray

from distill.baselines import LabelledTexts, linear
from distill.baselines.features import count_terms

_FOLDS = 5
_MOST = 20_000
"""Rows that a model learns from at most."""
_STRENGTH = 1.0
"""C of the regressions: a hard label in five may be wrong, so that they stay far from learning each by heart."""


def out_of_fold(train: LabelledTexts, seed: int) -> NDArray[np.float64] | None:
    """Return probabilities ``[rows, labels]`` of each row's class, by a model that learnt from the rows of other folds.

    Args:
        train: rows of one class each.
        seed: deals the rows out to the folds.

    Returns:
        The probabilities; none where there are too few rows, or one class alone.
    """
    if len(train.texts) < 2 * _FOLDS or len(np.unique(train.targets)) < 2:
        return None
    rows = count_terms(train.texts)[1]
    predicted = np.zeros((len(train.texts), train.outputs))
    for learnt, held in linear.folds(train, _FOLDS, len(train.texts), seed):
        some = learnt[:: -(-len(learnt) // _MOST)]
        fitted = linear.fit(rows[some], linear.selected(train, some), _STRENGTH, seed)
        predicted[held] = probabilities(fitted(rows[held]).astype(np.float64))
    return predicted


def probabilities(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the probabilities ``[rows, labels]`` of regressions of each label against the rest; of two there is one.

    >>> probabilities(np.array([[0.0, 0.0]])).tolist(), probabilities(np.array([[0.0, 0.0, 0.0]])).round(2).tolist()
    ([[0.5, 0.5]], [[0.33, 0.33, 0.33]])
    """
    if logits.shape[1] == 2:
        second = 1 / (1 + np.exp(logits[:, :1] - logits[:, 1:]))
        return np.concatenate([1 - second, second], axis=1)
    each: NDArray[np.float64] = 1 / (1 + np.exp(-logits))
    shares: NDArray[np.float64] = each / each.sum(axis=1, keepdims=True)
    return shares
