"""Tell a teacher's tags of another scheme: it finds the types of words, and its entities begin in another place."""

from collections.abc import Sequence
from types import ModuleType
from typing import Any

from distill.tasks.tagging import from_iob1, from_types

_HARDLY_ANY = 0.1
"""F1 up to which a teacher finds hardly any entity as the data marks it."""
_MANY = 0.2
"""F1 from which on it finds many, marked otherwise."""


def of_another_scheme(
    metrics: ModuleType, found: Sequence[Any], right: Sequence[Any], names: Sequence[str], score: float
) -> str | None:
    """Return what is to be said of tags that are nearly all wrong as IOB2 and right otherwise, else none.

    Args:
        metrics: module that scores entities.
        found: for each sentence the teacher's tags.
        right: the tags of the data, in IOB2.
        names: of the tags.
        score: the first metric of what was found.
    """
    if score > _HARDLY_ANY:
        return None
    known = [*dict.fromkeys([*names, *(f"{place}{name[1:]}" for name in names if name[1:2] == "-" for place in "BI")])]

    def would(said: Sequence[Any], true: Sequence[Any]) -> float:
        scored = metrics.score(said, true, known, [""] * len(true))
        return float(scored.metrics[metrics.HEADLINE.name])

    as_iob1 = would([from_iob1(tags) for tags in found], right)
    by_type = would(*([from_types(tags) for tags in sentences] for sentences in (found, right)))
    if max(as_iob1, by_type) <= _MANY:
        return None
    metric = metrics.HEADLINE.name
    if as_iob1 > _MANY:
        return (
            "its tags seem to be IOB1, in which B- stands only between neighbours of one type, and those of the data "
            f"are read as IOB2, in which every entity begins with B-: as IOB1 they have {metric} of {as_iob1:.1%}"
        )
    return (
        f"its tags seem to be of another scheme than IOB2, as which those of the data are read: by types alone they "
        f"have {metric} of {by_type:.1%}"
    )
