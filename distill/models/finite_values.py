"""Keep logits, states and weights of models finite."""

from collections.abc import Mapping

import torch
from torch import Tensor

from distill.errors import ModelError
from distill.types import FLOOR


def floor_negative_infinity(logits: Tensor) -> Tensor:
    """Return logits in which -inf, of a class that cannot be, is a finite number that leaves it no probability."""
    return logits.masked_fill(logits == -torch.inf, FLOOR)


def require_finite(states: Tensor, whose: str) -> Tensor:
    """Return states as they are, if all of them are finite.

    Raises:
        ModelError: a state is NaN or infinite.
    """
    if not bool(states.isfinite().all()):
        raise ModelError(f"the states of {whose} are not finite on some texts of train: its weights are too large")
    return states


def not_finite(weights: Mapping[str, Tensor], least: float = torch.finfo(torch.float64).min) -> str | None:
    """Return the name of a weight with an entry that is NaN, infinite, or below ``least``, if there is one.

    A bias of -inf takes a class away from a model; nothing can be learnt from there.
    """
    for name, weight in weights.items():
        if weight.numel():
            low, high = map(float, weight.detach().aminmax())
            if not (low >= least and high < torch.inf):
                return name
    return None
