"""Name labels that a new student never gives, so that it is not promoted for being worse nowhere else."""

import math
from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray

from distill.base.terminal_text import name as shown_name
from distill.metrics import Scored

_SHARE, _LEVEL = 0.25, 0.05
ENOUGH = math.ceil(math.log(_LEVEL) / math.log(1 - _SHARE))
"""Rows of a label of which none is found by chance in one of 20 cases, by a model that finds a quarter of such rows."""


def never_found(
    old: Scored, new: Scored, new_rows: NDArray[np.intp], new_labels: Collection[str], kind: str
) -> list[str]:
    """Return a sentence, without an end, for each label that holds the new student up since it never finds it.

    That is a new label that it gives to no row at all though some have it; and a label of which it finds none among the
    new rows, where these are enough to tell, and where the old student found some or could not know it.

    Args:
        old: the scores of the old student.
        new: those of the new one, of the same rows.
        new_rows: places of the rows of the new data.
        new_labels: labels of the data that the old one could not know.
        kind: of the task's labels.
    """
    if old.marks is None or new.marks is None:
        return []
    size = (-1, 3, len(new.marks.names))
    was, now = (each.statistics.reshape(size) for each in (old.marks, new.marks))
    given, there = now.sum(axis=0)[1:]
    (found, _, rows), (before, _, _) = (each[new_rows].sum(axis=0) for each in (now, was))
    unknown = {name for label in new_labels for name in _told_as(label, kind)}
    sentences = []
    for label, name in enumerate(new.marks.names):
        if name in unknown and there[label] and not given[label]:
            sentences.append(f"the new label {shown_name(name)} is never given, not to one of {there[label]:,.0f} rows")
        elif rows[label] >= ENOUGH and not found[label] and (name in unknown or before[label]):
            known = "" if name in unknown else f", of which the old student finds {before[label]:,.0f}"
            sentences.append(f"none of the {rows[label]:,.0f} new rows of {shown_name(name)} is found{known}")
    return sentences


def _told_as(label: str, kind: str) -> Sequence[str]:
    """Return the names under which metrics may count a label: tags by what follows B-, relations without direction."""
    return label, label.partition("-")[2] if kind == "tags" else label.partition("(")[0]
