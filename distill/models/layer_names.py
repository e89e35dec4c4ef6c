"""Tell the layers of a model from the names of its weights."""

import re
from collections.abc import Mapping

from torch import Tensor

from distill.errors import ModelError


def layer_pattern(weights: Mapping[str, Tensor], layers: int, stacks: int = 1) -> re.Pattern[str]:
    """Return a pattern for names of weights in the layers of a model, with groups (before, number, after).

    Raises:
        ModelError: there are more or fewer stacks of so many layers.
    """
    numbers_by_prefix: dict[str, set[int]] = {}
    for name in weights:
        if match := re.match(r"(.*?\.)(\d+)\.", name):
            numbers_by_prefix.setdefault(match[1], set()).add(int(match[2]))
    fitting = [prefix for prefix, numbers in numbers_by_prefix.items() if numbers == set(range(layers))]
    if len(fitting) != stacks:
        shared = ", as where layers share their weights (ALBERT)" if len(fitting) < stacks else ""
        raise ModelError(
            f"the teacher's {layers} layers cannot be told from its weights' names{shared}; take a student of a "
            "size of its own: student=scratch_tiny, whose student.init is random"
        )
    return re.compile(rf"({'|'.join(map(re.escape, fitting))})(\d+)(\..*)")
