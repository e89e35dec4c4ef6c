"""A file of texts without labels: its rows as the inputs of a task, with what the file calls each of them."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from distill.data import objects
from distill.data.formats import Unreadable
from distill.data.inputs import ID, Inputs
from distill.data.streaming import read
from distill.errors import ColumnError, RowError


class TextRow(NamedTuple):
    """The inputs of a task that stand in a row, and its id; none where the file has no column ``id``."""

    inputs: dict[str, object]
    id: object


@dataclass
class TextFile:
    """A file of texts, and how its rows are read.

    Attributes:
        path: of the file.
        kinds: input of the task to the kind of its content.
        columns: input to the name that its column may have, which is looked for before its own.
        named: input to the name that its column has.
        problem: what is wrong with an input that is ``marked``, or none.
        drops_bad: whether rows that cannot be used are left out, instead of refused.
        dropped: how many were, of those that have been read.
    """

    path: Path
    kinds: Mapping[str, str]
    columns: Mapping[str, str] = field(default_factory=dict)
    named: Mapping[str, str] = field(default_factory=dict)
    problem: Callable[[str], str | None] | None = None
    drops_bad: bool = False
    dropped: int = 0

    def rows(self) -> Iterator[TextRow]:
        """Yield the rows in their order.

        Raises:
            DataError: the file cannot be read, a row cannot be used, or none of those that may be left out can.
        """
        inputs = Inputs(self.kinds, self.columns, self.named, self.problem)
        inputs.refuse_strangers()
        absent: ColumnError | None = None
        used = 0
        for number, row in read(self.path, inputs=self.kinds.values(), keep_bad=self.drops_bad):
            where = f"line {number} of {self.path}"
            try:
                if isinstance(row, Unreadable):
                    raise row.error
                name = objects.value(row, ID) if ID in row else None  # refused where it cannot be one
                text = TextRow(inputs.example(row, where), name)
            except RowError as error:
                if not self.drops_bad:
                    raise
                if isinstance(error, ColumnError):
                    absent = absent or error
                self.dropped += 1
            else:
                used += 1
                yield text
        if absent is not None and not used:
            raise absent
