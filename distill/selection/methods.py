"""The ways to choose texts, by their names: what is unsure, what is unlike the others, or both."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from distill.selection.diversity import OuterProducts, Tick, Vectors, k_centres, k_means_plus_plus, squared_distances
from distill.selection.states import Floats, Read
from distill.selection.uncertainty import entropy, gradients, margin, probabilities
from distill.types import Kind


@dataclass(frozen=True)
class Candidates:
    """Texts to choose from, as a model sees them.

    Attributes:
        read: their logits and states.
        kind: what a row of logits means.
        labelled: states of the texts that have labels already ``[texts, width]``; none where there are none.
        random: draws.
        tick: is told how many are chosen.
    """

    read: Read
    kind: Kind
    labelled: Floats | None
    random: np.random.Generator
    tick: Tick

    @property
    def likely(self) -> Floats:
        """Return the probabilities ``[texts, labels]``."""
        return probabilities(self.read.logits, self.kind)


def badge(texts: Candidates, count: int) -> list[int]:
    """Choose by the gradients that the texts would give: unsure, and unlike each other (Ash et al. 2020)."""
    points = OuterProducts(gradients(texts.likely, texts.kind), texts.read.states)
    return k_means_plus_plus(points, count, texts.random, texts.tick)


def coreset(texts: Candidates, count: int) -> list[int]:
    """Choose what covers the texts, and lies far from the labelled ones (Sener and Savarese 2018)."""
    states = texts.read.states
    covered = None if texts.labelled is None else squared_distances(states, texts.labelled)
    return k_centres(Vectors(states), count, covered, texts.tick)


def by_margin(texts: Candidates, count: int) -> list[int]:
    """Choose what two answers are closest for (Scheffer et al. 2001)."""
    return _highest(margin(texts.likely, texts.kind), count)


def by_entropy(texts: Candidates, count: int) -> list[int]:
    """Choose what has the highest entropy."""
    return _highest(entropy(texts.likely, texts.kind), count)


def at_random(texts: Candidates, count: int) -> list[int]:
    """Choose at random, which is what the others have to beat."""
    return [int(number) for number in texts.random.permutation(len(texts.read.logits))[:count]]


METHODS: Mapping[str, Callable[[Candidates, int], list[int]]] = {
    "badge": badge,
    "coreset": coreset,
    "margin": by_margin,
    "entropy": by_entropy,
    "random": at_random,
}


def _highest(values: Floats, count: int) -> list[int]:
    return [int(number) for number in np.argsort(-values, kind="stable")[:count]]
