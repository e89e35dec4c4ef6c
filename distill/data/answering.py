"""Rows in, answers out, in the same order; a row that cannot be used is no reason to give the others up."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from distill.data.formats import Row, Unreadable
from distill.data.inputs import ID, Inputs
from distill.data.sinks import ERROR
from distill.data.streaming import NumberedRows
from distill.errors import ColumnError, DataError, RowError

AT_FIRST, AT_ONCE = 512, 2048
"""Rows that are in memory together: at first few, so that what is wrong with all of a file is soon said, then many, of
which more are alike in length and read together."""
_CHARACTERS = 8_000_000
"""Characters at which rows are answered though more of them might come."""

Answer = dict[str, object]
Ask = Callable[[Sequence[Row], Sequence[str]], list[Answer]]
"""Answers examples; they have names for messages."""


@dataclass(frozen=True)
class _PendingRow:
    """A row on its way to its answer.

    Attributes:
        id: what its answer is named by, or none where that cannot be told.
        number: of the row in its file.
        where: the row in words.
        example: what the model reads of it; none where there is an error.
        error: why it cannot be used.
    """

    id: object
    number: int
    where: str
    example: Row | None = None
    error: RowError | None = None


def answers(
    rows: Iterable[tuple[int, Row]], inputs: Inputs, ask: Ask, source: str, *, refuse: bool
) -> Iterator[Answer]:
    """Yield the model's answer to each row, in the order of the rows and under each row's ``id``.

    Args:
        rows: numbered, with a column for each input.
        inputs: how they are found.
        ask: the model.
        source: of the rows, for messages.
        refuse: whether a row that cannot be used is refused; else its answer is an ``error``.

    Raises:
        DataError: a row cannot be used, and is to be refused; or all of the first rows, or the header of a file that
            has none, lack a column.
    """
    inputs.refuse_strangers()
    numbered, expected, first, joined = iter(rows), None, True, False
    while chunk := list(_chunk(numbered, min(AT_FIRST, AT_ONCE) if first else AT_ONCE)):
        if expected is None:
            expected = next((ID in row for _, row in chunk if not isinstance(row, Unreadable)), None)
        pending_rows = [
            _pending_row(number, row, inputs, f"line {number} of {source}", expected) for number, row in chunk
        ]
        bad = [one.error for one in pending_rows if one.error is not None]
        if bad and (refuse or (first and _is_hopeless(chunk, pending_rows))):
            raise bad[0]
        read = (row for (_, row), one in zip(chunk, pending_rows, strict=True) if one.example is not None)
        joined = joined or inputs.say_joined(read)
        yield from _answered(pending_rows, ask, refuse)
        first = False
    if first and isinstance(rows, NumberedRows) and rows.header is not None:
        inputs.refuse_absent(rows.header, source)  # which no row has shown


def _chunk(rows: Iterator[tuple[int, Row]], count: int) -> Iterator[tuple[int, Row]]:
    """The next rows, so many of them or so much text."""
    held = 0
    for number, row in islice(rows, count):
        yield number, row
        held += 0 if isinstance(row, Unreadable) else sum(map(_length, row.values()))
        if held >= _CHARACTERS:
            return


def _length(value: object) -> int:
    """The characters of a text, or of a list of texts."""
    if isinstance(value, str):
        return len(value)
    return sum(map(_length, value)) if isinstance(value, list) else 1


def _is_hopeless(chunk: Sequence[tuple[int, Row]], pending_rows: Sequence[_PendingRow]) -> bool:
    """Whether no row can be read, or all that can lack a column: then it is the file or a name that is wrong."""
    pairs = zip(chunk, pending_rows, strict=True)
    return all(isinstance(one.error, ColumnError) for (_, row), one in pairs if not isinstance(row, Unreadable))


def _pending_row(number: int, row: Row, inputs: Inputs, where: str, expected: bool | None) -> _PendingRow:
    key = inputs.id_of_unreadable(row.known if isinstance(row, Unreadable) else {}, number, expected)
    try:
        if isinstance(row, Unreadable):
            raise row.error
        key = inputs.id(row, number, where, expected)
        return _PendingRow(key, number, where, inputs.example(row, where))
    except RowError as error:
        return _PendingRow(key, number, where, error=error)


def _answered(pending_rows: Sequence[_PendingRow], ask: Ask, refuse: bool) -> Iterator[Answer]:
    examples = [pending.example for pending in pending_rows if pending.example is not None]
    replies = iter(
        _answer_in_halves(
            examples, [pending.where for pending in pending_rows if pending.example is not None], ask, refuse
        )
    )
    for pending in pending_rows:
        yield {ID: pending.id, **(next(replies) if pending.error is None else {ERROR: _reason(pending)})}


def _answer_in_halves(examples: Sequence[Row], named: Sequence[str], ask: Ask, refuse: bool) -> list[Answer]:
    """The answers; where one example spoils the asking of all, the halves are asked on their own."""
    if not examples:
        return []
    try:
        return ask(examples, named)
    except DataError as error:
        if refuse:
            raise
        if len(examples) == 1:
            return [{ERROR: str(error)}]
    half = len(examples) // 2
    return [
        *_answer_in_halves(examples[:half], named[:half], ask, refuse),
        *_answer_in_halves(examples[half:], named[half:], ask, refuse),
    ]


def _reason(pending: _PendingRow) -> str:
    """Why a row has no answer, on its own, after the row's number where no id names it.

    >>> error = RowError("line 2 of texts.csv", "has no text")
    >>> _reason(_PendingRow("a", 2, "line 2 of texts.csv", error=error))
    'no text'
    >>> _reason(_PendingRow(None, 2, "line 2 of texts.csv", error=error))
    'line 2: no text'
    """
    said = "" if pending.error is None else pending.error.reason
    reason = said.removeprefix("has ").removeprefix("is ").removeprefix(": ")
    return reason if pending.id is not None else f"line {pending.number}: {reason}"
