"""Rows that come line by line: files of any size in bounded memory."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from distill.base.files import no_file
from distill.base.installed import refuse_missing
from distill.data import formats, parquet
from distill.data.kinds import Unfit, refuse_no_values
from distill.errors import DataError, RowError

Row = Mapping[str, object]


@dataclass(frozen=True)
class NumberedRows(Iterator[tuple[int, Row]]):
    """The rows of a file as they come, each with its number.

    Attributes:
        rows: each with its number in the file.
        header: the names of columns where the file says them apart from its rows, each without a value.
    """

    rows: Iterator[tuple[int, Row]]
    header: Row | None = None

    def __next__(self) -> tuple[int, Row]:
        """Return the next row."""
        return next(self.rows)


def read(file: Path, *, inputs: Collection[str] = (), kind: str | None = None, keep_bad: bool = False) -> NumberedRows:
    """Return the rows of a file of any known kind in bounded memory, each with its number in the file.

    Args:
        file: to read.
        inputs: kinds of content that the task reads: columns of words, or entities to be marked, may be meant.
        kind: the ending that its name should have, where it has another; none goes by the name.
        keep_bad: whether rows that cannot be read come as ``Unreadable`` in their place.

    Raises:
        ConfigError: it takes a package that is not installed.
        DataError: the file is no such file, or a line of it cannot be read; it is named. A row raises it where a value
            is asked for that cannot be used.
    """
    if (reason := no_file(file)) is not None:
        raise DataError(f"{file}: {reason}")
    if (kind or formats.ending(file)) == formats.PARQUET:
        refuse_missing(f"{file}: reading Parquet", "pyarrow", "datasets")
        return NumberedRows(parquet.rows(file), parquet.header(file))
    options = formats.Options(
        words="texts" in inputs,
        labelled=False,
        keep_bad=keep_bad,
        marked="marked" in inputs,
        whole=True,
        chats="turns" in inputs,
    )
    file_rows = formats.rows(file, options, kind)
    numbered = file_rows.rows
    if file_rows.text and not file_rows.problems:
        return NumberedRows(numbered, file_rows.header)
    checked = (
        (number, _checked(row, file_rows.problems, f"{file_rows.unit} {number} of {file}")) for number, row in numbered
    )
    return NumberedRows(checked, file_rows.header)


class _Checked(dict[str, object]):
    """A row of which some values cannot be used: whoever asks for one is told why."""

    def __init__(self, row: Mapping[str, object], problems: Mapping[str, DataError]) -> None:
        """Know the reason for each column that has one."""
        super().__init__(row)
        self.problems = problems

    def __getitem__(self, column: str) -> object:
        if column in self.problems:
            raise self.problems[column]
        return super().__getitem__(column)


def _checked(row: Row, known: Mapping[str, str], where: str) -> Row:
    """The row, with what is wrong with its values."""
    if isinstance(row, formats.Unreadable):
        return row
    problems = {column: DataError(reason) for column, reason in known.items()}
    for column, value in row.items():
        try:
            refuse_no_values(value)
        except Unfit as error:
            problems[column] = RowError(where, f"has in {column} {error}")
    return _Checked({**dict.fromkeys(problems), **row}, problems) if problems else row
