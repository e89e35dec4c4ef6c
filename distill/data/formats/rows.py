"""The rows that every reader of a format gives, with what was noticed while they were read."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TypeAlias

from distill.errors import RowError

Row: TypeAlias = Mapping[str, object]
"""A row of a file: the name of each column to the value there."""


@dataclass(frozen=True)
class Options:
    """What a reader of a format has to know of the settings and the task.

    Attributes:
        delimiter: between the fields of a table of text; none looks for it.
        words: whether the task labels words, so that columns of words may be meant.
        labelled: whether the words have to have labels; else .txt holds texts unless it looks like columns.
        keep_bad: whether a row that cannot be read comes as ``Unreadable``, and an empty line of .txt as an empty
            text, so that nothing is out of its place; else the first is refused, and the second is no row.
        marked: whether the task reads texts with marks around two entities.
        whole: whether every row stays, whatever an annotator has said of it.
        answers: whether the label is what an annotator has said of a row, so that rejected rows stay.
        several: whether a row may have several labels, or texts to be written, so that one is a list as well.
        chats: whether the task reads turns, which may be messages of a chat.
        kind: the ending that the name of the file should have, where it has another; none goes by the name.
    """

    delimiter: str | None = None
    words: bool = False
    labelled: bool = True
    keep_bad: bool = False
    marked: bool = False
    whole: bool = False
    answers: bool = False
    several: bool = False
    chats: bool = False
    kind: str | None = None

    @property
    def separator(self) -> str | None:
        """Return the delimiter as a single character, or none where it is to be found."""
        return "\t" if self.delimiter in ("tab", "\\t") else self.delimiter


class Unreadable(dict[str, object]):
    """Stands in the place of a row that cannot be read; it has no columns.

    Attributes:
        error: why.
        known: columns of it whose values are beyond doubt, by which it may be named.
    """

    def __init__(self, error: RowError, known: Row) -> None:
        """Keep the reason why the row cannot be read, and what is known of it nonetheless."""
        super().__init__()
        self.error, self.known = error, known


def unreadable(where: str, reason: str, options: Options, known: Row = MappingProxyType({})) -> Row:
    """Return what stands in the place of a row that cannot be read, or refuse the row.

    Args:
        where: the row in words.
        reason: why it cannot be read, as the end of a sentence about the row.
        options: say whether bad rows are kept.
        known: columns of it whose values are beyond doubt.

    Raises:
        RowError: bad rows are not kept.
    """
    error = RowError(where, reason)
    if not options.keep_bad:
        raise error
    return Unreadable(error, known)


@dataclass(frozen=True)
class Rows:
    """The numbered rows of a file, with what was noticed while it was opened.

    Attributes:
        rows: each with its number in the file.
        unit: what the numbers count: line or row.
        notes: what was decided, each a sentence.
        problems: column to why it cannot be used; it is in no row then.
        text: whether every value is a text, as in tables of text.
        header: the names of columns, which are known though there may be no row, each without a value.
    """

    rows: Iterator[tuple[int, Row]]
    unit: str = "line"
    notes: tuple[str, ...] = ()
    problems: Mapping[str, str] = field(default_factory=dict)
    text: bool = False
    header: Row | None = None
