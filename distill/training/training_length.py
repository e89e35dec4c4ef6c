"""How long a stage trains: as many epochs as are given, or as many as so many steps take."""

from typing import NamedTuple

_VALIDATIONS = 10
"""At most of a stage that reads little data very often: after each epoch they would take longer than training."""


class TrainingLength(NamedTuple):
    """How long a stage trains.

    Attributes:
        epochs: over its data.
        validate_every: epochs from one validation to the next.
    """

    epochs: int
    validate_every: int = 1


def training_length(max_epochs: int, min_steps: int, steps_per_epoch: int) -> TrainingLength:
    """Take as many epochs as ``max_epochs`` says, or as ``min_steps`` optimiser steps need where these are more.

    >>> training_length(3, 0, 100)
    TrainingLength(epochs=3, validate_every=1)
    >>> training_length(3, 250, 10)
    TrainingLength(epochs=27, validate_every=3)
    """
    epochs = -(-min_steps // max(1, steps_per_epoch))
    if epochs <= max_epochs:
        return TrainingLength(max_epochs)
    every = -(-epochs // _VALIDATIONS)
    return TrainingLength(-(-epochs // every) * every, every)  # so that the last epoch is validated
