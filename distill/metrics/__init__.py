"""How good a model is: one module a kind of task, and what distillation is worth.

Each module has ``score(predictions, references, names, groups)`` for what a task decoded, and ``LEADING``, the metrics
of it that can lead a run; the first is its ``HEADLINE``, which does so unless settings name another. ``headline``
computes it of the statistics of any of the scored examples again. Where there are rows and labels
``collection(classes, sync)`` makes what is watched while a model learns; ``WATCHED`` is the metric of it that early
stopping reads where the headline leads. Torchmetrics takes seconds to import, so this file imports none of the modules
that need it.
"""

from collections.abc import Callable, Mapping
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


class Leading(NamedTuple):
    """A metric that can lead a run, since it follows from sums over examples.

    Attributes:
        headline: its name, and its better end.
        compute: its value for some examples, from their statistics ``[examples, k]``.
        watched: the metric of ``collection`` that early stopping reads where this one leads: the same, or what comes
            nearest to it without writing or putting answers together.
    """

    headline: Headline
    compute: Callable[[NDArray[Any]], float]
    watched: Headline


class LabelMarks(NamedTuple):
    """What stands behind the scores of each label, example by example.

    Attributes:
        names: of the labels, as in the table.
        statistics: ``[examples, 3 · labels]``, as ``counts.matches`` makes them: right, predicted, and there.
    """

    names: tuple[str, ...]
    statistics: NDArray[Any]


class Scored(NamedTuple):
    """What a task's examples score.

    Attributes:
        metrics: name to value, the metric that leads first; nan where one is undefined.
        table: the same by label, with rows ``micro``, ``macro`` and ``weighted``, or by group.
        statistics: each metric that can lead to its statistics ``[examples, k]``, whose sum over any examples holds
            all that the metric of these examples needs.
        how: the library that scored and how it read the texts, in its own words; empty where there is nothing to say.
        marks: what stands behind the scores of each label; none for a task without labels.
    """

    metrics: dict[str, float]
    table: Table
    statistics: Mapping[str, NDArray[Any]]
    how: str = ""
    marks: LabelMarks | None = None

    def led_by(self, name: str) -> "Scored":
        """Return the same with another metric first."""
        return self._replace(metrics={name: self.metrics[name], **self.metrics})


def metric_module(name: str) -> ModuleType:
    """Import the module of this package that scores one kind of task."""
    return import_module(f"{__name__}.{name}")


def leading(metrics: ModuleType, name: str | None) -> Leading:
    """Return the metric of a module that leads under this name; its first for none.

    Raises:
        KeyError: the module has none of this name that can lead.
    """
    by_name: dict[str, Leading] = {metric.headline.name: metric for metric in metrics.LEADING}
    return by_name[metrics.HEADLINE.name if name is None else name]
