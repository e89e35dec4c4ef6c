"""What a labeller said of the rows of a run, by the key of the row, and how much of it could be used."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from distill.data.answers.saying import Numbers


@dataclass(frozen=True)
class Counts:
    """How many answers of a file could be used.

    Attributes:
        lines: all of them.
        answered: those that say something.
        abstained: those that say nothing.
        unparseable: those of which nobody could make an answer.
        outside: those that name a label outside the set.
        first_outside: the first such label, or nothing.
        no_row: those that belong to no row of the data.
        agreement: the mean share of votes for what most said; none where nothing was asked more than once.
        recorded: the sum of what the lines say that they cost; none where none says so.
    """

    lines: int
    answered: int
    abstained: int
    unparseable: int
    outside: int
    first_outside: str = ""
    no_row: int = 0
    agreement: float | None = None
    recorded: float | None = None


@dataclass(frozen=True, eq=False)
class Labelled:
    """The answers of one labeller to the rows of a run.

    Attributes:
        rows: key of a row to ``[n, labels]``: a probability for each label, in the order of the data, or a score.
        single: the keys of rows of which a plain label is known, and nothing of how sure the labeller was.
        counts: how much of the file could be used.
        gold: the name of the split whose labels people have checked, or none.
        own_splits: those of validation and test whose labels are answers, since they were held out of train.
        ids: key of a row to the id by which the labeller knows it, where it has one.
        unanswered: the keys of rows of train whose own labels stand for an answer.
    """

    rows: dict[int, Numbers]
    single: frozenset[int]
    counts: Counts
    gold: str | None = None
    own_splits: tuple[str, ...] = ()
    ids: Mapping[int, str] = field(default_factory=dict)
    unanswered: set[int] = field(default_factory=set)

    def answers(self, keys: Iterable[int]) -> bool:
        """Return whether there is an answer to all rows of these keys."""
        return all(key in self.rows for key in keys)

    def content(self, keys: Iterable[int]) -> str:
        """Return a digest of all that was said of the rows of these keys."""
        digest = hashlib.blake2b(digest_size=16)
        for key in sorted({key for key in keys if key in self.rows}):
            digest.update(f"{key} {key in self.single} {self.rows[key].shape} ".encode())
            digest.update(np.ascontiguousarray(self.rows[key]).tobytes())
        return digest.hexdigest()
