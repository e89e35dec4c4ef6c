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


def refuse_no_header(train: "Dataset", column: str, kind: str, source: str) -> None:
    """Refuse a column whose name is a label of other rows, or a text: then the names of columns are a row.

    Args:
        train: the rows.
        column: one of theirs.
        kind: of content that it should hold.
        source: where the data came from, for messages.

    Raises:
        DataError: the file seems to have no header.
    """
    if kind == "label" and column.strip() in {str(value).strip() for value in train[column][:]}:
        raise DataError(
            f"{source} seems to have no names of columns: where they are looked for stands {name(column)}, which is a "
            f"label of other rows; {_WAY}"
        )
    if _is_long(column) or _is_like(column, train[column][:_LOOKED_AT]):
        raise DataError(
            f"{source} seems to have no names of columns: where they are looked for stands {name(column)}; {_WAY}"
        )


def advice(columns: Iterable[str]) -> str:
    """Return what to do where names of columns are texts, as the end of a sentence, or nothing where they are none.

    >>> advice(["a dog runs", "ein Hund läuft"]), advice(["a dog runs", "label"])
    ('; where these are the first row, write a first line with a name for each column', '')
    """
    texts = [" " in column.strip() for column in columns]
    return f"; where these are the first row, {_WAY}" if texts and all(texts) else ""


def _is_long(column: str) -> bool:
    return len(column) > _LONG or len(spaced(column)) > _LONG // 6


def _is_like(column: str, values: Sequence[object]) -> bool:
    """Whether a name of several words looks as the texts below it do, which a name seldom does."""
    texts = [value.strip() for value in values if isinstance(value, str) and value.strip()]
    words = column.split()
    if len(words) < 2 or not texts:
        return False
    if _NUMBER.search(column) and _NUMBER.sub("", column.strip()) in {_NUMBER.sub("", text) for text in texts}:
        return True
    if column.strip().endswith(_ENDS) and 2 * sum(text.endswith(_ENDS) for text in texts) > len(texts):
        return True
    lengths = sorted(len(text.split()) for text in texts)
    usual = lengths[len(lengths) // 10] <= len(words) <= lengths[-1 - len(lengths) // 10]
    known = {word for text in texts for word in text.casefold().split()}
    return len(words) >= _FEW and usual and {*column.casefold().split()} <= known
