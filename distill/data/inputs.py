"""The inputs of a task, found in rows by the names of their columns, as a model needs them to predict."""

import logging
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from distill.base.segmentation import Words
from distill.base.terminal_text import names, shown
from distill.data import headers, objects
from distill.data.cells import MAX_CHARACTERS, READERS, characters, empty, is_written, said_joined
from distill.data.formats import Row
from distill.errors import ColumnError, DataError, RowError

ID = "id"
"""The field of an answer that says which row it is to, and the column that has it where no other is named."""

TEXT = "text"
"""The only column of a file of texts; for a task that reads words, the column of a text as people write it."""

log = logging.getLogger(__name__)
Problem = Callable[[str], str | None]
"""Says what is wrong with an input that is ``marked``, as the end of a sentence, or none."""
_HALF = re.compile("[\ud800-\udfff]")
"""What no tokenizer takes: files that hold it are refused where they are read."""


@dataclass(frozen=True)
class Inputs:
    """The inputs of a task, and the names of the columns in which they are looked for.

    Attributes:
        kinds: input to the kind of its content.
        trained: input to the name that its column had in training, which is looked for before its own.
        named: input, or ``id``, to the name of its column, where that is given.
        problem: what is wrong with an input that is ``marked``, as the end of a sentence, or none.
        written: whether a text in the place of a list of words is one as people write it, and not words with spaces
            between them; in a column ``text`` it always is.
    """

    kinds: Mapping[str, str]
    trained: Mapping[str, str] = field(default_factory=dict)
    named: Mapping[str, str] = field(default_factory=dict)
    problem: Problem | None = None
    written: bool = False

    def refuse_strangers(self) -> None:
        """Refuse names of columns for inputs that the task does not have.

        Raises:
            DataError: there are some.
        """
        if strangers := sorted(set(self.named) - set(self.kinds) - {ID}):
            raise DataError(f"columns names {', '.join(strangers)}; the task has {', '.join(self.kinds)}")

    def example(self, row: Row, where: str) -> dict[str, object]:
        """Return the inputs of one row, read as in training.

        Args:
            row: of a file.
            where: the row in words, for messages.

        Raises:
            RowError: it lacks an input, or holds one that is none.
        """
        example = {}
        columns = self.refuse_absent(row, where)
        for role, column in columns.items():
            kind = self.kinds[role]
            value = objects.value(row, column)
            written = kind == "texts" and (self.written or column == TEXT) and is_written(value)
            value = _content(Words(str(value)) if written else value, kind, column, role, where)
            check = self.problem if kind == "marked" else None
            if check is not None and isinstance(value, str) and (reason := check(value)):
                raise RowError(where, reason, f": {shown(value)}")
            example[role] = value
        return example

    def refuse_absent(self, row: Row, where: str) -> dict[str, str]:
        """Return the name of the column of each input in a row.

        Args:
            row: of a file, or its names of columns.
            where: the row in words, for messages.

        Raises:
            ColumnError: it lacks one.
        """
        columns = self._columns(row)
        for role, column in columns.items():
            _refuse_absent(row, column, role, where)
        return columns

    def say_joined(self, rows: Iterable[Row]) -> bool:
        """Warn where a column of texts holds lists of sentences, each of which is read as one text; say whether."""
        for row in rows:
            if not any(isinstance(value, list | Mapping) for value in row.values()):
                continue
            for role, column in self._columns(row).items():
                if self.kinds[role] == "text" and isinstance(objects.value(row, column), list):
                    log.warning(said_joined(column))
                    return True
        return False

    def _columns(self, row: Row) -> dict[str, str]:
        """The name of the column of each input."""
        return {role: self.named.get(role) or self._usual(role, row) for role in self.kinds}

    def _usual(self, role: str, row: Row) -> str:
        """The name of an input's column where none is given: training's, its own, or that of the text of a row."""
        alone = [TEXT] if len(self.kinds) == 1 and (list(row) == [TEXT] or self.kinds[role] == "texts") else []
        candidates = (self.trained.get(role, role), role, *alone)
        return next((name for name in candidates if objects.has(row, name)), role)

    def id(self, row: Row, number: int, where: str, expected: bool | None = None) -> object:
        """Return what names a row in its answer: its value in the column of ids, or its number.

        Args:
            row: of a file.
            number: of the row.
            where: the row in words, for messages.
            expected: whether rows have an id; not known where none was seen yet.

        Raises:
            RowError: the row has one, unlike those before it, or lacks it.
        """
        if (column := self.named.get(ID)) is not None:
            _refuse_absent(row, column, ID, where)
            return objects.value(row, column)
        if expected is not None and (ID in row) != expected:
            raise RowError(where, f"has {'an' if ID in row else 'no'} id, unlike those before it")
        return objects.value(row, ID) if ID in row else number

    def id_of_unreadable(self, known: Row, number: int, expected: bool | None) -> object:
        """Return what names a row that cannot be read: its id where that is known, or its number, or none.

        Where the rows have ids, a number could be taken for another's.

        Args:
            known: what is known of the row, nothing where its id is to be looked for no more.
            number: of the row.
            expected: whether rows have an id; not known where none was seen yet.
        """
        column = self.named.get(ID) or (ID if expected else None)
        if column is None:
            return number
        return objects.value(known, column) if objects.has(known, column) else None


def _refuse_absent(row: Row, column: str, role: str, where: str) -> None:
    if not objects.has(row, column):
        way = f"; it has {names(list(row))}: say which is the {role} with columns.{role}=NAME{headers.advice(row)}"
        raise ColumnError(where, f"has no {column}", way)


def _content(value: object, kind: str, column: str, role: str, where: str) -> object:
    """A field as the text, or the list of texts, that training would take it for.

    Raises:
        RowError: it would not.
    """
    read, expected = READERS[kind]
    try:
        content = read(value)
    except ValueError as error:
        reason = (
            f": the column {column} cannot be the {role}: it holds {error} ({shown(value)}); {expected} is expected"
        )
        raise RowError(where, reason) from error
    if (unfit := _unfit(content, column)) is not None:
        raise RowError(where, unfit)
    return content


def _unfit(content: object, column: str) -> str | None:
    """Why a model cannot read a text, or a list of texts, as the end of a sentence; none where it can."""
    if empty(content):
        return f"has no {column}"
    if isinstance(content, list) and any(map(empty, content)):
        return f"has an empty entry in {column}"
    if isinstance(content, str | list) and (length := characters(content)) > MAX_CHARACTERS:
        return f"has {length:,} characters in {column}: a text may have {MAX_CHARACTERS:,}"
    texts = [content] if isinstance(content, str) else content if isinstance(content, list) else []
    if half := next((text for text in texts if isinstance(text, str) and _HALF.search(text)), None):
        return f"has half of a pair of surrogates in {column}, {ascii(half)[:60]}, which is no text"
    return None
