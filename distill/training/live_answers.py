"""Say of a teacher that answers while the student learns for which texts its answers are not finite."""

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol, runtime_checkable

from torch import nn

from distill.types import Batch

Quote = Callable[[Sequence[int]], str]
"""The examples of some keys as a user finds them again."""


@runtime_checkable
class AskedLive(Protocol):
    """A teacher that answers while the student learns, so that nobody has looked at its outputs before."""

    model: nn.Module

    @property
    def name(self) -> str:
        """Return the folder of its model, or its id on the hub."""

    def not_finite(self, batch: Batch) -> list[int]:
        """Return the keys of the examples of a batch for which its outputs are not finite."""


def of_teacher(teacher: object, batches: Iterable[Batch], quote: Quote) -> str:
    """Return a clause on outputs of a live teacher that are not finite; empty where there are none."""
    if not isinstance(teacher, AskedLive):
        return ""
    keys = [key for batch in batches for key in teacher.not_finite(batch)]
    if not keys:
        return ""
    return f"; the teacher {teacher.name} itself answers {len(keys)} of these texts so: {quote(keys)}"
