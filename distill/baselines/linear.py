"""Fit linear models: logits, or a score, as a weighted sum of features."""

import math
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, Ridge

from distill.baselines import LabelledTexts
from distill.baselines.features import Matrix
from distill.types import FLOOR

_STEPS = 1000
"""Steps of the solver at most."""
_EXACT = 1e-3
"""Tolerance of the solver."""


@dataclass(frozen=True, eq=False)
class Linear:
    """A fitted linear model.

    Attributes:
        weights: ``[outputs, features]``, of two classes those of the second alone.
        bias: ``[outputs]``, likewise.
        of_two_classes: whether a logit of 0 for the first class precedes that of the second.
    """

    weights: NDArray[np.float32]
    bias: NDArray[np.float32]
    of_two_classes: bool = False

    def __call__(self, rows: Matrix) -> NDArray[np.float32]:
        """Return logits ``[examples, outputs]`` of rows ``[examples, features]``."""
        logits = np.asarray(rows @ self.weights.T + self.bias, dtype=np.float32)
        return np.pad(logits, ((0, 0), (1, 0))) if self.of_two_classes else logits

    @property
    def size(self) -> int:
        """The number of its weights and biases."""
        return self.weights.size + self.bias.size


def fit(rows: Matrix, train: LabelledTexts, strength: float, seed: int) -> Linear:
    """Fit the model of a kind of target, by scikit-learn.

    Args:
        rows: features of the examples ``[examples, features]``.
        train: their targets.
        strength: ``C``, by which the loss counts against the squared weights: the less, the smaller they stay.
        seed: the order in which the solver (liblinear's, of the dual problem) takes the examples.

    Returns:
        Of scores ridge regression, of labels and of more than two classes a logistic regression of each against the
        rest. Of two classes it is that of the second.
    """
    if train.kind == "score":
        model = Ridge(alpha=1 / strength, solver="sparse_cg").fit(rows, train.targets)
        return _linear(model.coef_[None], np.atleast_1d(model.intercept_))
    if train.kind == "labels":
        return _labels(rows, train.targets, None, strength, seed)
    flags = (train.targets[:, None] == np.arange(train.outputs)).astype(float)
    weights = None if train.class_weights is None else np.asarray(train.class_weights)[train.targets.astype(int)]
    if train.outputs == 2:
        return replace(_labels(rows, flags[:, 1:], weights, strength, seed), of_two_classes=True)
    fitted = _labels(rows, flags, weights, strength, seed)
    fitted.bias[flags.sum(axis=0) == 0] = FLOOR  # a class that no example has cannot be
    return fitted


def _labels(
    rows: Matrix, flags: NDArray[np.float64], weights: NDArray[np.float64] | None, strength: float, seed: int
) -> Linear:
    """Fit each column of ``flags [examples, labels]`` by itself, where an example counts its weight."""
    each = [_logistic(rows, column, weights, strength, seed) for column in flags.T]
    return _linear(np.concatenate([one.weights for one in each]), np.concatenate([one.bias for one in each]))


def _logistic(
    rows: Matrix, flags: NDArray[np.float64], weights: NDArray[np.float64] | None, strength: float, seed: int
) -> Linear:
    """Fit one label; one that all examples have, or none, keeps its smoothed frequency."""
    if len(np.unique(flags)) < 2:
        frequency = (flags.sum() + 0.5) / (len(flags) + 1)
        return _linear(np.zeros((1, rows.shape[1])), np.array([math.log(frequency / (1 - frequency))]))
    with warnings.catch_warnings():  # a step more or less changes no figure of a report
        warnings.simplefilter("ignore", ConvergenceWarning)
        model = LogisticRegression(
            C=strength, solver="liblinear", dual=True, tol=_EXACT, max_iter=_STEPS, random_state=seed
        ).fit(rows, flags.astype(int), weights)
    return _linear(model.coef_, model.intercept_)


def _linear(weights: NDArray[Any], bias: NDArray[Any]) -> Linear:
    return Linear(weights.astype(np.float32), bias.astype(np.float32))


def folds(
    train: LabelledTexts, count: int, most: int, seed: int
) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """Yield the positions to learn from and those to try on, fold by fold, each example tried once.

    Args:
        train: the examples; of each class every fold has about as many.
        count: the number of folds.
        most: how many examples take part, drawn at random where there are more.
        seed: decides on all that is drawn.
    """
    order = np.random.default_rng(seed).permutation(len(train.texts))[:most]
    if train.kind == "class":
        order = order[np.argsort(train.targets[order], kind="stable")]
    fold = np.arange(len(order)) % count
    for number in range(count):
        yield order[fold != number], order[fold == number]


def selected(train: LabelledTexts, positions: NDArray[np.intp]) -> LabelledTexts:
    """Return the examples of some positions."""
    texts = [train.texts[position] for position in positions]
    return replace(train, texts=texts, targets=train.targets[positions])
