"""Turn plain labels of an audited labeller into probabilities: how likely is each label, where this one was said?

An audit, some rows of which the right label is known, tells how often the labeller says ``a`` where ``t`` is right,
``P(a | t)``: the noise matrix (Natarajan et al. 2013; Patrini et al. 2017). With Bayes' rule, and how likely each label
was before anybody spoke, a plain label becomes ``P(t | a)``. A model of the words that learnt from the labels of other
rows says of each row more than that: its probabilities of what the labeller says are turned into probabilities of what
is right, and take the place of the frequencies. All arrays are NumPy's, in 64 bits.
"""

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
_DOUBT = 2.0
"""Rows that are added to those of each label in the audit, as right as the labeller is in all."""
_STEPS = 5
"""Few: the more, the surer becomes a row of which the model of the words is a little surer than the noise allows."""
_LEAST = 1e-4
"""The least probability of a label, so that its logarithm is a logit."""


def noise(said: Numbers, right: NDArray[np.intp]) -> Numbers:
    """Return how likely the labeller says each label (columns) where each is right (rows), by an audit.

    A label that the audit hardly has is taken to be met as well as all others.

    Args:
        said: probabilities of the labeller for the audited rows ``[rows, labels]``.
        right: the right label of each ``[rows]``.

    Example:
        >>> noise(np.eye(2)[[0, 0, 0, 1]], np.array([0, 0, 1, 1])).round(3).tolist()
        [[0.833, 0.167], [0.417, 0.583]]
    """
    labels = said.shape[1]
    counts: Numbers = np.stack([said[right == label].sum(axis=0) for label in range(labels)])
    accuracy = (np.trace(counts) + 1) / (len(right) + 2)
    usual = np.full((labels, labels), (1 - accuracy) / max(1, labels - 1))
    np.fill_diagonal(usual, accuracy)
    smoothed: Numbers = (counts + _DOUBT * usual) / (counts.sum(axis=1, keepdims=True) + _DOUBT)
    return smoothed


def frequencies(right: NDArray[np.intp], labels: int) -> Numbers:
    """Return how frequent each label is among audited rows, each counted once more ``[labels]``."""
    counts = np.bincount(right, minlength=labels).astype(np.float64) + 1
    shares: Numbers = counts / counts.sum()
    return shares


def posterior(said: Numbers, matrix: Numbers, before: Numbers) -> Numbers:
    """Return how likely each label is, given what was said ``[rows, labels]``.

    Args:
        said: a one for what was said of each row ``[rows, labels]``.
        matrix: how likely each label is said where each is right ``[labels, labels]``.
        before: how likely each was before, for all rows ``[labels]`` or for each ``[rows, labels]``.

    Example:
        >>> posterior(np.eye(2), np.array([[0.9, 0.1], [0.3, 0.7]]), np.array([0.5, 0.5])).round(3).tolist()
        [[0.75, 0.25], [0.125, 0.875]]
    """
    joint = (said @ matrix.T) * before
    found: Numbers = joint / joint.sum(axis=1, keepdims=True)
    return found


def without_noise(predicted: Numbers, matrix: Numbers, before: Numbers) -> Numbers:
    """Turn probabilities of what the labeller says into probabilities of what is right.

    Some steps of expectation maximisation from ``before`` on; each keeps a row a distribution, and brings what the
    labeller would say of it nearer to ``predicted``.

    Args:
        predicted: probabilities ``[rows, labels]`` of a model that learnt from the labeller.
        matrix: how likely each label is said where each is right ``[labels, labels]``.
        before: how frequent each label is ``[labels]``.

    Example:
        >>> matrix = np.array([[0.8, 0.2], [0.2, 0.8]])
        >>> without_noise(np.array([[0.68, 0.32]]), matrix, np.array([0.5, 0.5])).round(1).tolist()
        [[0.8, 0.2]]
    """
    right = np.tile(before, (len(predicted), 1))
    for _ in range(_STEPS):
        right = right * ((predicted / np.maximum(right @ matrix, 1e-12)) @ matrix.T)
        right /= right.sum(axis=1, keepdims=True)
    return right


def logits(kind: str, probabilities: Numbers) -> NDArray[np.float32]:
    """Return logits that have these probabilities, by what a row means; a score is its own.

    >>> logits("class", np.array([[1.0, 0.0]])).round(), logits("labels", np.array([[0.5]]))
    (array([[-0., -9.]], dtype=float32), array([[0.]], dtype=float32))
    """
    if kind == "score":
        return probabilities.astype(np.float32)
    bounded = probabilities.clip(_LEAST, 1 - _LEAST)
    odds = np.log(bounded) - np.log1p(-bounded) if kind == "labels" else np.log(bounded)
    found: NDArray[np.float32] = odds.astype(np.float32)
    return found
