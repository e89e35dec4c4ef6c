"""The examples of a request on their way to their answers, and the model that gives them."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

from numpy.typing import NDArray

from distill.serving.refusal import Refused
from distill.tasks import Features, Record

Example: TypeAlias = Mapping[str, object]
"""The task's inputs, by their names."""
Rows: TypeAlias = NDArray[Any]
"""What a model says of a feature, or of all of an example: ``[rows, classes]``."""
Outcome: TypeAlias = "list[Record] | Refused"
"""The answers to a query's examples, or why there are none."""


class Predictor(Protocol):
    """A model that is asked in three steps, so that the middle one can read the texts of several requests together."""

    def encode(self, examples: Sequence[Example]) -> Features:
        """Return the features of some examples."""

    def ask(self, features: Features) -> list[Rows]:
        """Return the rows of each feature."""

    def by_example(self, features: Features, rows: Sequence[Rows], examples: int) -> list[Rows]:
        """Return the rows of each of ``examples``, joined from those of its features."""

    def refuse_not_finite(self, rows: Sequence[Rows]) -> None:
        """Refuse rows of examples that are no finite numbers."""

    def decode(
        self, examples: Sequence[Example], rows: Sequence[Rows], *, top_k: int | str | None = None
    ) -> Sequence[Record]:
        """Return the answer to each example, from its rows."""


@dataclass(eq=False)
class Query:
    """The examples of a request on their way to their answers.

    Attributes:
        examples: checked.
        top_k: labels to add to each answer, with their probabilities.
        future: gets the answers.
        came: when, in seconds of the monotonic clock.
        dropped: it needs no answer any more: it has one, was refused, or has waited too long.
        settled: it no longer counts among what waits.
        features: of all its examples, once they are encoded.
        rows: of each feature that was read, by its place.
    """

    examples: Sequence[Example]
    top_k: int | str | None
    future: "asyncio.Future[list[Record]]"
    came: float = field(default_factory=time.monotonic)
    dropped: bool = False
    settled: bool = False
    features: Features = field(default_factory=dict)
    rows: dict[int, Rows] = field(default_factory=dict)

    def settle(self, outcome: Outcome) -> None:
        """Hand the outcome to whoever waits for it, if anybody still does; in the thread of the event loop."""
        self.settled = True
        if self.future.done():
            return
        if isinstance(outcome, Refused):
            self.future.set_exception(outcome)
        else:
            self.future.set_result(outcome)


@dataclass(frozen=True)
class Feature:
    """A feature that waits to be read: that of a query at a place."""

    query: Query
    place: int

    @property
    def length(self) -> int:
        """Return its number of tokens."""
        return len(self.query.features["input_ids"][self.place])
