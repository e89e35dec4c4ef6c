"""Refuse rows that cannot be used together in one sentence, or leave them out and count them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from distill.errors import DataError

if TYPE_CHECKING:
    from datasets import Dataset

_FIRST = 5
"""How many of the unusable rows a message names."""


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


def usable(
    splits: Mapping[str, "Dataset"],
    faults: Mapping[str, Mapping[int, Fault]],
    *,
    drop: bool,
    source: str = "",
    numbers: Numbers | None = None,
) -> Usable:
    """Return the rows that can be used; refuse the others, or leave them out.

    Args:
        splits: the data sets as they were read.
        faults: for each split, the faults of its rows by their position, from 0.
        drop: whether to leave such rows out instead of refusing them.
        source: where the data came from, for messages.
        numbers: the number in its file of each row, where some were left out before.

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
            raise DataError(_refusal([(rows[place], fault) for place, fault in sorted(wrong.items())], count, where))
        left = [place for place in range(count) if place not in wrong]
        counts = Counter(fault.kind for fault in wrong.values())
        reasons = ", ".join(f"{kind} ({number:,})" for kind, number in counts.items())
        if not left:
            raise DataError(f"no row of {where} can be used: {reasons}")
        notes.append(f"{len(wrong):,} of {count:,} rows of {split} are left out: {reasons}")
        kept[split], known[split] = splits[split].select(left), [rows[place] for place in left]
    return Usable(kept, notes, known)


def _refusal(wrong: Sequence[tuple[int, Fault]], count: int, where: str) -> str:
    ways = "".join(dict.fromkeys(fault.way for _, fault in wrong))
    if len(wrong) == 1:
        row, fault = wrong[0]
        out = "" if count == 1 else "; data.drop_bad=true leaves it out"
        return f"row {row} of {where} {fault.reason}{out}{ways}"
    first = ", ".join(f"row {row} {fault.reason}" for row, fault in wrong[:_FIRST])
    more = ", and so on" if len(wrong) > _FIRST else ""
    out = "" if len(wrong) == count else "; data.drop_bad=true leaves them out"
    return f"{len(wrong):,} of {count:,} rows of {where} cannot be used: {first}{more}{out}{ways}"
