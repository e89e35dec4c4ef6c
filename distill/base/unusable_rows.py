"""Refuse rows that cannot be used together in one sentence, or leave them out and count them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from distill.base.terminal_text import name
from distill.errors import DataError

if TYPE_CHECKING:
    from datasets import Dataset

_FIRST = 5
"""How many of the unusable rows a message names."""
ID = "id"
"""The column by whose values a message names rows, besides their numbers."""


class Fault(NamedTuple):
    """The reason why a row cannot be used.

    Attributes:
        kind: the reason in a word or two, by which such rows are counted.
        reason: the reason as the end of a sentence that begins with the row.
        way: what else may be done about it, as the end of the sentence, or nothing.
    """

    kind: str
    reason: str
    way: str = ""


Numbers = Mapping[str, Sequence[int]]
"""Split to the number that each of its rows has in its file, from 1 up; a split that is whole is not there."""
Ids = Mapping[str, Sequence[Any]]
"""Split to the id of each row of its file; a split without a column of that name is not there."""


class Usable(NamedTuple):
    """The rows that can be used, and what is to be said of the rest.

    Attributes:
        splits: the data sets, without the rows that cannot be used.
        notes: a sentence for each split of which rows were left out.
        numbers: the number in its file of each row that was kept.
    """

    splits: dict[str, "Dataset"]
    notes: list[str]
    numbers: dict[str, Sequence[int]]


def ids_of(splits: Mapping[str, "Dataset"]) -> Ids:
    """The ids of the rows of files, read one by one when they are asked for."""
    return {split: rows[ID] for split, rows in splits.items() if ID in rows.column_names}


def usable(
    splits: Mapping[str, "Dataset"],
    faults: Mapping[str, Mapping[int, Fault]],
    *,
    drop: bool,
    source: str = "",
    numbers: Numbers | None = None,
    ids: Ids | None = None,
) -> Usable:
    """Return the rows that can be used; refuse the others, or leave them out.

    Args:
        splits: the data sets as they were read.
        faults: for each split, the faults of its rows by their position, from 0.
        drop: whether to leave such rows out instead of refusing them.
        source: where the data came from, for messages.
        numbers: the number in its file of each row, where some were left out before.
        ids: the ids of all rows of the files, for messages.

    Raises:
        DataError: there are such rows and they are not to be left out, or no other is in a split.
    """
    kept, notes, known = dict(splits), [], dict(numbers or {})
    for split, wrong in faults.items():
        if not wrong:
            continue
        count, where = len(splits[split]), f"{split} in {source}" if source else split
        rows = known.get(split, range(1, count + 1))
        if not drop:
            named = [(_called(rows[place], split, ids or {}), fault) for place, fault in sorted(wrong.items())]
            raise DataError(_refusal(named, count, where, _others(splits, faults, split)))
        left = [place for place in range(count) if place not in wrong]
        counts = Counter(fault.kind for fault in wrong.values())
        reasons = ", ".join(f"{kind} ({number:,})" for kind, number in counts.items())
        if not left:
            raise DataError(f"no row of {where} can be used: {reasons}")
        notes.append(f"{len(wrong):,} of {count:,} rows of {split} are left out: {reasons}")
        kept[split], known[split] = splits[split].select(left), [rows[place] for place in left]
    return Usable(kept, notes, known)


def _called(row: int, split: str, ids: Ids) -> str:
    """A row by its number, and by its id where it has one."""
    said = ids[split][row - 1] if split in ids else None
    return f"row {row}" if said is None else f"row {row} (id {name(str(said))})"


def _others(splits: Mapping[str, "Dataset"], faults: Mapping[str, Mapping[int, Fault]], split: str) -> str:
    """How many rows of the splits besides ``split`` cannot be used, as a part of a sentence; empty for none."""
    more = [
        f"{len(wrong):,} of {len(splits[other]):,} rows of {other}"
        for other, wrong in faults.items()
        if wrong and other != split
    ]
    return f"; {' and '.join(more)} cannot be used either" if more else ""


def _refusal(wrong: Sequence[tuple[str, Fault]], count: int, where: str, others: str) -> str:
    """The sentence that refuses rows of a split, each with what it is called."""
    ways = "".join(dict.fromkeys(fault.way for _, fault in wrong))
    if len(wrong) == 1:
        row, fault = wrong[0]
        leaves = f"; data.on_bad=drop leaves {'them' if others else 'it'} out" if count > 1 else ""
        return f"{row} of {where} {fault.reason}{others}{leaves}{ways}"
    first = ", ".join(f"{row} {fault.reason}" for row, fault in wrong[:_FIRST])
    more = ", and so on" if len(wrong) > _FIRST else ""
    none = "" if ways else "; give another file, or name other columns with data.columns"
    leaves = none if len(wrong) == count else "; data.on_bad=drop leaves them out"
    return f"{len(wrong):,} of {count:,} rows of {where} cannot be used: {first}{more}{others}{leaves}{ways}"
