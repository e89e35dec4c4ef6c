"""How good a model is: torchmetrics under thin functions, and what distillation is worth.

Torchmetrics takes seconds to import, so this file imports none of the modules that need it.
"""

from typing import Literal, NamedTuple, TypeAlias

Mode: TypeAlias = Literal["max", "min"]
"""Whether more or less of a metric is better."""


class Headline(NamedTuple):
    """The metric of a collection by which models are compared, and its better end."""

    name: str
    mode: Mode
