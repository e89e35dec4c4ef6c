"""The layers of a model, told from the names of its weights."""

import re
from collections.abc import Mapping

from torch import Tensor

from distill.errors import ModelError


def layer_pattern(weights: Mapping[str, Tensor], layers: int, stacks: int = 1) -> re.Pattern[str]:
    """Matches the names of weights in the model's stack, or stacks, of layers, as (before, number, after).

    Raises:
        ModelError: there are more or fewer stacks of so many layers.
    """
    found: dict[str, set[int]] = {}
    for name in weights:
        if match := re.match(r"(.*?\.)(\d+)\.", name):
            found.setdefault(match[1], set()).add(int(match[2]))
    fitting = [prefix for prefix, numbers in found.items() if numbers == set(range(layers))]
    if len(fitting) != stacks:
        raise ModelError(f"the teacher's {layers} layers cannot be told from its weights' names")
    return re.compile(rf"({'|'.join(map(re.escape, fitting))})(\d+)(\..*)")
