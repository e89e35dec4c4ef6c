"""The labels of a text ranked by their probability, the likeliest first."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from distill.base.terminal_text import LONGEST
from distill.errors import ConfigError
from distill.tasks import TASKS, Record, Task, task
from distill.types import Kind

if TYPE_CHECKING:
    from numpy.typing import NDArray

TOP = "top"
"""The field of an answer that holds them."""
_KINDS = ("label", "labels")
"""Contents of the role ``label`` that are labels of a whole example."""


def most(top_k: int | str) -> int | None:
    """Return how many labels are asked for; none stands for all.

    >>> most("all"), most("3"), most(1)
    (None, 3, 1)

    Raises:
        ConfigError: it is neither a whole number from 1 up nor ``all``.
    """
    if top_k == "all":
        return None
    number = int(top_k) if str(top_k).isascii() and str(top_k).isdecimal() else 0
    if number < 1:
        raise ConfigError(f"top_k={str(top_k)[:LONGEST]}: allowed is a whole number from 1 up, or all")
    return number


def refuse_unranked(module: Task, top_k: int | str | None) -> None:
    """Refuse to rank labels for a task that gives none to a whole example.

    Raises:
        ConfigError: the task gives no label to a whole example.
    """
    if top_k is None:
        return
    most(top_k)
    if not ranks(module):
        ranked = ", ".join(other for other in TASKS if ranks(task(other)))
        raise ConfigError(f"top_k={top_k}: the task has no labels to rank; leave it out, or take a model of {ranked}")


def ranks(module: Task) -> bool:
    """Return whether a task gives labels, each with a probability, to a whole example."""
    return module.roles.get("label") in _KINDS


def ranked(rows: "NDArray[Any]", kind: Kind, labels: Sequence[str], top_k: int | str) -> list[Record]:
    """Return the likeliest labels of one example, each with its probability.

    Args:
        rows: its logits ``[1, labels]``.
        kind: what they mean: labels that exclude each other share one probability, others have one each.
        labels: their names.
        top_k: how many.
    """
    from distill.tasks import arrays

    logits = arrays.in_float32([rows])[0]
    likely = arrays.sigmoid(logits) if kind == "labels" else arrays.softmax(logits)
    pairs = arrays.largest(likely, most(top_k) or len(likely))
    return [{"label": labels[number], "probability": probability} for number, probability in pairs]
