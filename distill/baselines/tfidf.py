"""The baseline of bags of words: TF-IDF of words and characters, and a linear model of it (scikit-learn)."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from distill.baselines import Baseline, LabelledTexts, Rate, Texts, linear
from distill.baselines.features import TfidfFeatures, count_terms
from distill.baselines.linear import Linear
from distill.types import Kind

_STRENGTHS = (0.1, 1.0, 10.0)
"""Values of C that are tried."""
_FOLDS = 3
_MOST = 10_000
"""Examples by which C is chosen; it stands for the spread of the weights, which does not follow their number."""
_MODELS: Mapping[Kind, str] = {
    "class": "logistic regression, one class against the rest",
    "labels": "a logistic regression for each label",
    "score": "ridge regression",
}


@dataclass(frozen=True, eq=False)
class FittedTfidf:
    """A linear model of the words and characters of texts.

    Attributes:
        features: make the rows of texts.
        model: maps them to logits.
        description: names both, and C.
    """

    features: TfidfFeatures
    model: Linear
    description: str

    @property
    def parameters(self) -> int:
        """The weights of the model, and the inverse document frequencies of the terms."""
        return self.model.size + self.features.idf.size

    @property
    def bytes(self) -> int:
        """The bytes of the weights in 32 bits, and of the terms in UTF-8."""
        return 4 * self.parameters + self.features.characters

    def logits(self, texts: Texts) -> NDArray[np.float32]:
        """Return logits ``[examples, outputs]`` of texts, which are read whole."""
        return self.model(self.features(texts))


def fit(train: LabelledTexts, rate: Rate, seed: int) -> FittedTfidf:
    """Train on all examples, with the C that cross-validation rates best; of equals the smallest.

    No example outside train is looked at. The terms are counted once, over all of train.

    Args:
        train: the labelled examples.
        rate: tells how good out-of-fold logits are.
        seed: deals the examples out to the folds.
    """
    features, rows = count_terms(train.texts)
    folds = [fold for fold in linear.folds(train, _FOLDS, _MOST, seed) if all(map(len, fold))]

    def rating(strength: float) -> float:
        tried = [
            linear.fit(rows[learnt], linear.selected(train, learnt), strength, seed)(rows[held])
            for learnt, held in folds
        ]
        return rate(np.concatenate(tried), np.concatenate([held for _, held in folds]))

    best = max(_STRENGTHS, key=rating) if folds else _STRENGTHS[0]  # of one example none can be tried
    fitted = linear.fit(rows, train, best, seed)
    reads = f"TF-IDF of words and characters, {rows.shape[1]:,} features"
    return FittedTfidf(features, fitted, f"{reads}; {_MODELS[train.kind]}, C={best:g}")


BASELINE = Baseline("TF-IDF with a linear model", fit)
