"""Read a file of a labeller's answers, or of labels that people have checked: JSON lines, CSV, TSV or Parquet."""

import json
import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from distill.base.files import no_file
from distill.data import formats, parquet
from distill.data.cells import empty
from distill.data.formats import Options, Row
from distill.data.formats.parsing import Doubled
from distill.data.literals import literal
from distill.errors import DataError

ID, ANSWER, LOGPROBS, ERROR, RAW, COST = "id", "answer", "logprobs", "error", "raw", "cost"
"""The fields of an answer, beside the inputs of the task under their own names."""
_ANSWERS = (ANSWER, "label")
"""Fields in which an answer is looked for."""
_ABSTAINED = "abstain"

Inputs = tuple[str, ...]
"""The inputs of a row as they are compared: without white space around them, words joined by spaces."""


@dataclass(frozen=True)
class Answer:
    """One line of a file of answers.

    Attributes:
        place: file and line, for messages.
        id: of the row that is answered, or none.
        values: role of the task's inputs to what stands there; empty where the line lacks one.
        content: what was answered, as it stands in the file; none where the labeller abstained.
        is_log: whether its numbers are logarithms of probabilities.
        unparseable: whether the labeller said something of which nobody could make an answer.
        cost: what it cost, where the file says so.
    """

    place: str
    id: str | None
    values: Mapping[str, object]
    content: object
    is_log: bool = False
    unparseable: bool = False
    cost: float | None = None

    @property
    def inputs(self) -> Inputs | None:
        """The row's inputs as they are compared, or none where the line does not have them."""
        return compared(self.values.values()) if self.values else None

    @property
    def called(self) -> str:
        """The line, and the id that it answers, for messages."""
        return self.place if self.id is None else f"{self.place} (id {self.id})"


def compared(values: Iterable[object]) -> Inputs:
    """Return inputs of a row in the form in which they are compared.

    >>> compared([" EU rejects ", ["EU", "rejects"]])
    ('EU rejects', 'EU rejects')
    """
    return tuple(" ".join(map(str, value)) if isinstance(value, list) else str(value).strip() for value in values)


def read(path: str, columns: Mapping[str, Sequence[str]], label: str | None = None) -> list[Answer]:
    """Read all answers of a file.

    Args:
        path: of the file.
        columns: role of the task's inputs to the names that its column may have, the likeliest first.
        label: another name of the column of answers.

    Raises:
        DataError: it cannot be read, has no rows, or nothing in it is an answer.
    """
    file = Path(path).expanduser()
    names = tuple(dict.fromkeys(filter(None, (*_ANSWERS, label))))
    used = tuple(dict.fromkeys((ID, *names, LOGPROBS, *(name for of_role in columns.values() for name in of_role))))
    rows = list(_numbered(file, used))
    if not rows:
        raise DataError(f"{path} has no rows")
    if not any({*names, LOGPROBS} & row.keys() for _, row in rows):
        raise DataError(
            f"{path} has no column {' or '.join(names)}; it has {', '.join(rows[0][1]) or 'none'}: a line is an id or "
            "text, and an answer"
        )
    found = [_answer(f"{path} line {number}", row, columns, names) for number, row in rows]
    if not any(answer.id is not None or answer.values for answer in found):
        inputs = " and ".join(columns)
        raise DataError(f"{path} does not say what it answers: no line has an {ID}, or {inputs}")
    return found


def _numbered(file: Path, used: Collection[str]) -> Iterator[tuple[int, Row]]:
    """Yield the rows of a file with the numbers of their lines.

    Raises:
        DataError: it cannot be read, or has one of the columns that are used twice.
    """
    if (reason := no_file(file)) is not None:
        raise DataError(f"{file}: {reason}")
    if formats.ending(file) == formats.PARQUET:
        yield from parquet.rows(file)
        return
    opened = formats.rows(file, Options())
    if doubled := next((reason for column, reason in opened.problems.items() if column in used), None):
        raise DataError(doubled)
    for number, row in opened.rows:
        if doubled := next((name for name in used if isinstance(row.get(name), Doubled)), None):
            raise DataError(f"{opened.unit} {number} of {file} has in {doubled} {row[doubled]}")
        yield number, row


def _answer(place: str, row: Row, columns: Mapping[str, Sequence[str]], names: Sequence[str]) -> Answer:
    found = {
        role: next((row[name] for name in of_role if not empty(row.get(name))), None)
        for role, of_role in columns.items()
    }
    content = next((value for name in names if (value := _content(row.get(name))) is not None), None)
    logarithms = _content(row.get(LOGPROBS))
    is_log = logarithms is not None
    unparseable = content is None and not is_log and not (empty(row.get(ERROR)) and empty(row.get(RAW)))
    return Answer(
        place,
        None if empty(row.get(ID)) else plain(row[ID]),
        {}
        if any(value is None for value in found.values())
        else {role: _listed(value) for role, value in found.items()},
        logarithms if is_log else content,
        is_log,
        unparseable,
        _number(row.get(COST)),
    )


def _content(value: object) -> object:
    """Return what a cell answers: a list or an object of a table's cell as such, and none where it abstains."""
    if isinstance(value, str) and (text := _unquoted(value.strip()))[:1] in ("[", "{"):
        try:
            value = json.loads(text)
        except ValueError:
            value = literal(text) or text  # as pandas writes what Python has
    if isinstance(value, Mapping):
        given = {str(key): each for key, each in value.items() if each is not None}  # Parquet has all keys in all rows
        return given or None
    return None if abstains(value) else value


def _unquoted(text: str) -> str:
    """Return a list or an object without the quotes of CSV, which some write into tables that have none.

    >>> print(_unquoted('"[""refund"", ""billing""]"'), _unquoted('"refund"'))
    ["refund", "billing"] "refund"
    """
    quoted = text[:2] in ('"[', '"{') and text[-2:] in (']"', '}"')
    return text[1:-1].replace('""', '"') if quoted else text


def _listed(value: object) -> object:
    """Return the words of a cell as a list, and a text as it is."""
    content = _content(value) if isinstance(value, str) and _unquoted(value.strip()).startswith("[") else value
    return list(content) if isinstance(content, list | tuple) else value


def abstains(value: object) -> bool:
    """Return whether a value is no answer: nothing, or the word for it."""
    if isinstance(value, list):
        return False
    return empty(value) or (isinstance(value, str) and value.strip().casefold() == _ABSTAINED)


def plain(value: object) -> str:
    """Return an id or a label as text; whole numbers that a table holds as fractions are whole.

    >>> plain(3.0), plain(" x "), plain(7)
    ('3', 'x', '7')
    """
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def _number(value: object) -> float | None:
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None
