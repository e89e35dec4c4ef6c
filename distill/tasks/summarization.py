"""A short text for a long one: written as a translation is, and scored otherwise."""

from collections.abc import Sequence
from dataclasses import replace

from distill.base.segmentation import spaced
from distill.tasks import Columns, translation

_EDGES = (50, 100, 150, 200)
"""Words of a source at which the report's table begins a new group."""


def metric_module(labels: Sequence[str]) -> str:
    """ROUGE-1 first."""
    return "summarization"


def groups(rows: Columns) -> list[str]:
    """How long the source is, in words, or in characters where its script puts no spaces."""
    return [translation.length_group(len(spaced(source)), _EDGES, "words") for source in rows["source"]]


TASK = replace(
    translation.TASK,
    sample="abstracts",
    metric_module=metric_module,
    leading=("rouge1", "rouge2", "rougeL"),
    groups=groups,
)
