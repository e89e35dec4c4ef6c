"""The task of writing a short text for a long one; it differs from translation in its metrics alone."""

from collections.abc import Sequence
from dataclasses import replace

from distill.base.segmentation import spaced
from distill.tasks import Columns, translation

_EDGES = (50, 100, 150, 200)
"""Words of a source at which the report's table begins a new group."""


def metric_module(labels: Sequence[str]) -> str:
    """Return the metrics of summaries, of which ROUGE-1 leads."""
    return "summarization"


def groups(rows: Columns) -> list[str]:
    """Return the group of each source by its length in words, or in characters of a script without spaces."""
    return [translation.length_group(len(spaced(source)), _EDGES, "words") for source in rows["source"]]


TASK = replace(
    translation.TASK,
    sample="abstracts",
    metric_module=metric_module,
    leading=("rouge1", "rouge2", "rougeL"),
    groups=groups,
)
