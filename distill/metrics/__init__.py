"""How good a model is: one module a kind of task, and what distillation is worth.

Each module has a ``HEADLINE``, and ``score(predictions, references, names, groups)`` for what a task decoded;
``headline(statistics)`` gives the headline of any of the scored examples again, and where there are rows and labels
``collection(classes, sync)`` makes what is watched while a model learns; ``WATCHED`` is the metric of it that early
stopping reads. Torchmetrics takes seconds to import, so this
file imports none of the modules that need it.
"""

from importlib import import_module
from types import ModuleType
from typing import Any, Literal, NamedTuple, TypeAlias

from numpy.typing import NDArray

Mode: TypeAlias = Literal["max", "min"]
"""Whether more or less of a metric is better."""

Table: TypeAlias = dict[str, dict[str, float | int]]
"""Row to column to value, one row a label or a group of examples; ``support`` is how many stand behind the row."""


class Headline(NamedTuple):
    """The metric of a collection by which models are compared, and its better end."""

    name: str
    mode: Mode


class Scored(NamedTuple):
    """What a task's examples score.

    Attributes:
        metrics: name to value, the headline first; nan where one is undefined.
        table: the same by label, with rows ``micro``, ``macro`` and ``weighted``, or by group.
        statistics: ``[examples, k]``; their sum over examples holds all that the headline of these examples needs.
        how: the library that scored and how it read the texts, in its own words; empty where there is nothing to say.
    """

    metrics: dict[str, float]
    table: Table
    statistics: NDArray[Any]
    how: str = ""


def metric_module(name: str) -> ModuleType:
    """Import the module of this package that scores one kind of task."""
    return import_module(f"{__name__}.{name}")
