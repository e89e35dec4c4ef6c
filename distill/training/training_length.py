"""Decide how long a stage trains: a number of epochs, or as many as a number of steps takes."""

from typing import NamedTuple

_VALIDATIONS = 10
"""At most of a stage that reads little data very often: after each epoch they would take longer than training."""


class TrainingLength(NamedTuple):
    """The length of the training of a stage.

    Attributes:
        epochs: the number of passes over its data.
        validate_every: epochs from one validation to the next.
    """

    epochs: int
    validate_every: int = 1


def training_length(max_epochs: int, min_steps: int, steps_per_epoch: int) -> TrainingLength:
    """Return as many epochs as ``max_epochs`` says, or as ``min_steps`` optimiser steps need where these are more.

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
