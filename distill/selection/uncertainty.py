"""How unsure a model is of each text, from its logits."""

from typing import cast

import numpy as np
from numpy.typing import NDArray

from distill.tasks.arrays import sigmoid, softmax
from distill.types import Kind

Floats = NDArray[np.float32]
_TINY = 1e-12


def probabilities(logits: Floats, kind: Kind) -> Floats:
    """Return the probabilities of labels that exclude each other, or of each label by itself: ``[texts, labels]``."""
    return softmax(logits) if kind == "class" else sigmoid(logits)


def margin(likely: Floats, kind: Kind) -> Floats:
    """Return one minus the distance between the two likeliest answers, ``[texts]``: 1 where they are alike.

    Where each label is decided by itself, of the label that is closest to being decided otherwise.

    >>> margin(np.array([[0.5, 0.5, 0.0], [0.9, 0.1, 0.0]], dtype=np.float32), "class").round(3).tolist()
    [1.0, 0.20000000298023224]
    """
    if kind == "labels":
        return cast(Floats, (1 - np.abs(2 * likely - 1)).max(axis=1))
    two = np.sort(likely, axis=1)[:, -2:]
    return cast(Floats, 1 - (two[:, 1] - two[:, 0]))


def entropy(likely: Floats, kind: Kind) -> Floats:
    """Return the entropy of the answer in nats, ``[texts]``; of labels by themselves, the sum of theirs.

    >>> entropy(np.array([[0.5, 0.5]], dtype=np.float32), "class").round(4).tolist()
    [0.6930999755859375]
    """
    own = -likely * np.log(likely + _TINY)
    return cast(Floats, (own if kind == "class" else own - (1 - likely) * np.log(1 - likely + _TINY)).sum(axis=1))


def gradients(likely: Floats, kind: Kind) -> Floats:
    """Return the gradient of the loss by the logits, if the likeliest answer were right: ``[texts, labels]``.

    With the states that the last layer reads, it is the gradient by that layer's weights, as an outer product
    (BADGE, Ash et al. 2020): long where the model is unsure.

    >>> gradients(np.array([[0.75, 0.25]], dtype=np.float32), "class").tolist()
    [[-0.25, 0.25]]
    """
    said = likely > 0.5 if kind == "labels" else np.arange(likely.shape[1]) == likely.argmax(axis=1)[:, None]
    return cast(Floats, likely - said)
