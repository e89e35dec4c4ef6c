"""Old and new rows that models are judged by: never those that one of them has learnt."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from distill.errors import DataError
from distill.refreshing.label_changes import Findings
from distill.refreshing.named_rows import NEW, OLD, NamedRows


def judged(
    before: Mapping[str, NamedRows], after: Mapping[str, NamedRows], found: Findings
) -> dict[str, list[tuple[str, NamedRows]]]:
    """Return validation, and test where the run had one, with their old and new parts."""
    parts = {"validation": [(OLD, before["validation"]), (NEW, after["validation"])]}
    if "test" in before:
        parts["test"] = [(OLD, before["test"]), (NEW, after["test"])]
    elif "test" in after:
        parts["validation"].append((NEW, after["test"]))
        found.notes.append("the run has no test rows, so that those of the new data are judged among validation")
    return parts


def refuse_learnt(
    parts: Mapping[str, list[tuple[str, NamedRows]]],
    before: Mapping[str, NamedRows],
    after: Mapping[str, NamedRows],
    trained: set[int],
    found: Findings,
    *,
    held_out: bool,
) -> dict[str, list[tuple[str, NamedRows]]]:
    """Refuse rows to judge by that were trained on; held out ones are left out instead.

    Args:
        parts: validation and test, each with its old and new rows.
        before: the old rows.
        after: the new ones.
        trained: keys of the texts that the run and those before it were trained on.
        found: takes a note on what was left out.
        held_out: whether new test rows were held out of the new data, and are not a split of its own.

    Raises:
        DataError: there are such rows.
    """
    lead = "test" if "test" in parts else "validation"
    again = set(before[lead].keys.tolist()) & set(after["train"].keys.tolist()) - trained
    if again:
        raise DataError(
            f"{len(again):,} rows of {lead} that the run was judged by stand in the new train: they would be no test "
            "any more; leave them out of it"
        )
    learnt = trained | set(after["train"].keys.tolist())
    kept: list[tuple[str, NamedRows]] = []
    for origin, rows in parts[lead]:
        seen = [key in learnt for key in rows.keys.tolist()] if origin == NEW else [False] * len(rows)
        if any(seen) and not (held_out or lead == "validation"):
            raise DataError(
                f"{sum(seen):,} of the {len(rows):,} new rows of {lead} were trained on, by the run or one before it, "
                "or are in the new train: leave them out of it, since nothing is shown by rows that were learnt"
            )
        if any(seen):
            found.notes.append(f"{sum(seen):,} new rows of {lead} were trained on before, or are in train: left out")
            rows = rows.at(place for place, known in enumerate(seen) if not known)
        kept.append((origin, rows))
    if not any(len(rows) for origin, rows in kept if origin == NEW):
        raise DataError(f"no new row of {lead} is left to judge by: give the new data rows of its own to test with")
    if lead != "validation":
        parts = {**parts, "validation": _unlearnt(parts["validation"], after["train"].keys, learnt, found)}
    return {**parts, lead: kept}


def _unlearnt(
    parts: list[tuple[str, NamedRows]], train: NDArray[np.int64], learnt: set[int], found: Findings
) -> list[tuple[str, NamedRows]]:
    """Return the rows of validation that no model learns or has learnt, by which the best epoch is chosen.

    Args:
        parts: old and new rows.
        train: keys of the new train; old rows were in no earlier one, which the run itself has seen to.
        learnt: keys of all that is or was trained on.
        found: takes a note on what was left out.

    Raises:
        DataError: none is left.
    """
    kept = []
    for origin, rows in parts:
        seen = np.isin(rows.keys, train) if origin == OLD else np.isin(rows.keys, list(learnt))
        if seen.any():
            found.notes.append(
                f"{seen.sum():,} {origin} of validation were trained on before, or are in train: left out"
            )
            rows = rows.at(np.flatnonzero(~seen).tolist())
        kept.append((origin, rows))
    if not any(len(rows) for _, rows in kept):
        raise DataError("no row of validation is left that is not in the new train: leave them out of it")
    return kept
