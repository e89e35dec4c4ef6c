"""What is said where a task takes pairs of texts and no column can be the second one."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from distill.base.segmentation import spaced
from distill.base.terminal_text import name
from distill.base.terminal_text import names as listed
from distill.errors import DataError

if TYPE_CHECKING:
    from datasets import Dataset

_LOOKED_AT = 1000
"""Rows that are looked at to tell what a column holds."""
_RANKED = ({"pos", "neg"}, {"positive", "negative"}, {"positives", "negatives"})
"""Columns of right and wrong texts beside a query, in small letters."""


def refuse_no_pair(train: "Dataset", free: Sequence[str], wanted: str, source: str) -> None:
    """Refuse rows of which no column can be the second text of a pair; return where one may be.

    Args:
        train: the split by which columns are chosen.
        free: its columns that have no role yet.
        wanted: the name of the column that is looked for.
        source: where the data came from, for messages.

    Raises:
        DataError: its rows are triplets, hold texts in lists, or have one text each.
    """
    rows, columns = train[:_LOOKED_AT], train.column_names
    if len(columns) < 2:
        return
    lacks = f"{source} has no column {name(wanted)}; it has {listed(columns)}"
    if any(ranked <= {column.casefold() for column in columns} for ranked in _RANKED):
        raise DataError(
            f"{lacks}: write each right and each wrong text as a row of its own, with the text that it belongs to and "
            "a label or score"
        )
    if lists := [column for column in columns if any(map(_is_list_of_texts, rows[column]))]:
        raise DataError(f"{lacks}, and {name(lists[0])} holds lists of texts: write both texts of a pair as columns")
    texts = [column for column in columns if any(map(_has_several_words, rows[column]))]
    if texts and not set(texts) & set(free):
        raise DataError(
            f"{lacks}, and none but {listed(texts)} holds texts: the task takes pairs of texts; of single ones a label "
            "is learned by task=classification, and a score by no task"
        )


def _is_list_of_texts(value: object) -> bool:
    return isinstance(value, list) and any(map(_has_several_words, value))


def _has_several_words(value: object) -> bool:
    return isinstance(value, str) and len(spaced(value)) > 1
