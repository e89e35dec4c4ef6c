"""Questions of which a column says that their context does not answer them, as version 2 of SQuAD has it."""

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from distill.base.terminal_text import shown
from distill.data.contents import Column, replaced
from distill.data.label_columns import is_on, is_switch
from distill.errors import DataError

if TYPE_CHECKING:
    from datasets import Dataset

_NAME = "isimpossible"
"""The name of the column, in small letters and without signs."""


def impossible(rows: "Dataset", column: Column) -> set[int]:
    """Return the places of questions of which another column than that of their answers says that they have none.

    Raises:
        DataError: it says neither yes nor no of a question.
    """
    names = [each for each in rows.column_names if each.casefold().replace("_", "") == _NAME]
    if column.kind != "answers" or not names or names[0] == column.name:
        return set()
    values: Sequence[object] = rows[names[0]][:]
    for row, value in enumerate(values, 1):
        if not is_switch(value):
            raise DataError(
                f"row {row} of {column.split} in {column.source}: the column {names[0]} holds {shown(value)}; true or "
                "false is expected"
            )
    return {row for row, value in enumerate(values) if is_on(value)}


def without_answers(rows: "Dataset", role: str, places: Collection[int]) -> "Dataset":
    """Return the rows without the answers of some, since those are merely plausible, or absent."""
    answers: list[object] = list(rows[role][:])
    for place in places:
        answers[place] = {"text": [], "answer_start": []}
    return replaced(rows, role, answers)
