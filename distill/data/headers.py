"""Tables without a header, whose first row stands in the place of the names of columns."""

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from distill.base.segmentation import spaced
from distill.base.terminal_text import name
from distill.errors import DataError

if TYPE_CHECKING:
    from datasets import Dataset

_LONG = 60
"""Characters that no name of a column has; a text has."""
_FEW = 3
"""Words from which on a name is a text where texts of as many words hold each of them."""
_LOOKED_AT = 1000
"""Rows that are looked at to tell what a column holds."""
_WAY = "write a first line with a name for each column"
_NUMBER = re.compile(r"\d+")
_ENDS = (".", "?", "!", "…")
_QUESTION = re.compile(r"[^.?!…]+\?\s*")
"""A single question, as the column of its answers is called in the table of a survey."""
_INDEX = re.compile(r"index|level_\d+|Unnamed: \d+")
"""How pandas names the column of the rows' names."""
_SIMPLE = re.compile(r"[A-Za-z0-9_.]+")
_QUOTABLE = re.compile(r"[^'\"`$\\\n\t]+")
"""Names that a command line takes as they are, and in quotes."""


def refuse_no_header(train: "Dataset", columns: Iterable[str], kind: str, source: str, setting: str) -> None:
    """Refuse a column whose name is a label of other rows, or a text: then the names of columns are a row.

    Args:
        train: the rows of a table of text.
        columns: some of theirs.
        kind: of content that they should hold.
        source: where the data came from, for messages.
        setting: that names a column for its role, for messages.

    Raises:
        DataError: the file seems to have no header.
    """
    for column in () if _are_counted(train.column_names) else columns:
        values = train[column][:]
        is_label = kind == "label" and column.strip() in {str(value).strip() for value in values}
        if is_label or _is_text(column, values[:_LOOKED_AT]):
            what = ", which is a label of other rows" if is_label else ""
            raise DataError(
                f"{source} seems to have no names of columns: where they are looked for stands {name(column)}{what}; "
                f"{_WAY}, or, where this is one, give {_given(setting, column)}"
            )


def advice(columns: Iterable[str]) -> str:
    """Return what to do where names of columns are texts, as the end of a sentence, or nothing where they are none.

    >>> advice(["a dog runs", "ein Hund läuft"]), advice(["a dog runs", "label"])
    ('; where these are the first row, write a first line with a name for each column', '')
    """
    texts = [" " in column.strip() for column in columns]
    return f"; where these are the first row, {_WAY}" if texts and all(texts) else ""


def _given(setting: str, column: str) -> str:
    r"""Return the setting that names a column, as a command line takes it.

    >>> _given("data.columns.text", "0"), _given("data.columns.text", "How was it?")
    ('data.columns.text=0', '"data.columns.text=\'How was it?\'"')
    """
    if _SIMPLE.fullmatch(column):
        return f"{setting}={column}"
    return f"\"{setting}='{column}'\"" if _QUOTABLE.fullmatch(column) and name(column) == column else f"{setting}=NAME"


def _are_counted(columns: Sequence[str]) -> bool:
    """Whether the names of columns are numbers from 0 up, as pandas writes them where it was given none."""
    named = [column for column in columns if not _INDEX.fullmatch(column)]
    return len(named) > 1 and named == [*map(str, range(len(named)))]


def _is_text(column: str, values: Sequence[object]) -> bool:
    """Whether a name is as long as a text, or looks as the texts below it do."""
    texts = [value.strip() for value in values if isinstance(value, str) and value.strip()]
    if _QUESTION.fullmatch(column) and not _end_so(texts, "?"):
        return False
    return _is_long(column) or _is_like(column, texts)


def _end_so(texts: Sequence[str], ends: str | tuple[str, ...]) -> bool:
    """Whether most texts end with one of some signs."""
    return 2 * sum(text.endswith(ends) for text in texts) > len(texts)


def _is_long(column: str) -> bool:
    return len(column) > _LONG or len(spaced(column)) > _LONG // 6


def _is_like(column: str, texts: Sequence[str]) -> bool:
    """Whether a name of several words looks as the texts below it do, which a name seldom does."""
    words = column.split()
    if len(words) < 2 or not texts:
        return False
    if _NUMBER.search(column) and _NUMBER.sub("", column.strip()) in {_NUMBER.sub("", text) for text in texts}:
        return True
    if column.strip().endswith(_ENDS) and _end_so(texts, _ENDS):
        return True
    lengths = sorted(len(text.split()) for text in texts)
    usual = lengths[len(lengths) // 10] <= len(words) <= lengths[-1 - len(lengths) // 10]
    known = {word for text in texts for word in text.casefold().split()}
    return len(words) >= _FEW and usual and {*column.casefold().split()} <= known
