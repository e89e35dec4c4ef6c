"""Draw up the ledger of a labeller: how much it answered, how good that is by the gold rows, and what it cost."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from distill.config.ensemble import FIRST, teachers
from distill.config.teacher import TeacherConfig
from distill.data.answers.labelled import Counts, Labelled
from distill.data.splits import GOLD
from distill.metrics.bootstrap import single_bootstrap
from distill.report import JsonObject
from distill.report.precision import interval
from distill.stages.job import RunSpec, StageResult, title

_CONFIDENCE = 0.95
"""Of all intervals of the ledger but those of the leading metric, which have the confidence of the settings."""
_RESAMPLES = 1000
Counted = NDArray[np.float64]


def ledger(spec: RunSpec, results: Mapping[str, StageResult]) -> JsonObject:
    """Return the ledger of the first labeller of a run, with those of further ones under ``more``.

    Args:
        spec: a run of which one teacher or more is a file of answers.
        results: of its finished stages.
    """
    first, *others = spec.data.labelled
    found = _of(spec, results, first)
    return {**found, "more": [_of(spec, results, name) for name in others]} if others else found


def _of(spec: RunSpec, results: Mapping[str, StageResult], name: str) -> JsonObject:
    labelled, teacher = spec.data.labelled[name], teachers(spec.config)[name]
    counts = labelled.counts
    against = results.get("evaluate", {}).get("labellers", {}).get(name)
    taught = results.get(title("teach", name), {})
    return {
        "teacher": "teacher" if name == FIRST and not spec.members else name,
        "file": teacher.answers,
        "lines": counts.lines,
        "answered": counts.answered,
        "abstained": counts.abstained,
        "unparseable": counts.unparseable,
        "outside": {"rows": counts.outside, "first": counts.first_outside or None},
        "for_no_row": counts.no_row,
        "agreement": counts.agreement,
        "smoothing": taught.get("smoothing"),
        "gold": _gold(spec, labelled) if labelled.gold else None,
        "against_labeller": against,
        "own_splits": list(labelled.own_splits),
        "not_scored": _not_scored(spec, labelled),
        "cost": cost(teacher, counts),
    }


def _not_scored(spec: RunSpec, labelled: Labelled) -> str | None:
    """Return why a labeller does not stand beside the student on validation and test; none where it does."""
    if labelled.own_splits:
        return f"not scored, since the labels of {' and '.join(labelled.own_splits)} are its answers"
    lacking = []
    for split in (name for name in ("validation", "test") if name in spec.data.splits):
        keys = spec.data.splits[split]["key"][:]
        if missing := sum(key not in labelled.rows for key in keys):
            lacking.append(f"{missing:,} of {len(keys):,} rows of {split}")
    return f"not scored, since it has no answer to {' and '.join(lacking)}" if lacking else None


def cost(teacher: TeacherConfig, counts: Counts) -> JsonObject | None:
    """Return what the answers cost, and after how many rows a student that answers instead has earned it."""
    price, recorded = teacher.price_per_row, counts.recorded
    if price is None and recorded is None:
        return None
    total = recorded if recorded is not None else (price or 0.0) * counts.lines
    a_row = total / counts.lines if price is None else price
    return {
        "total": total,
        "recorded": recorded is not None,
        "price_per_row": a_row,
        "break_even_rows": round(total / a_row) if a_row else 0,
    }


def _gold(spec: RunSpec, labelled: Labelled) -> JsonObject:
    """Return how often the labeller is right in the gold rows that it answered, in all and by the right label."""
    gold, kind = spec.data.splits[GOLD], spec.setup.task.kind
    pairs = [
        (labelled.rows[key], right)
        for key, right in zip(gold["key"][:], gold["label"][:], strict=True)
        if key in labelled.rows
    ]
    head: JsonObject = {"rows": len(gold), "answered": len(pairs), "confidence": _CONFIDENCE}
    if not pairs:
        return head
    if kind == "score":
        errors = np.asarray([abs(float(said[0, 0]) - float(right)) for said, right in pairs])
        mean = single_bootstrap(lambda rows: float(rows.mean()), errors, resamples=_RESAMPLES, confidence=_CONFIDENCE)
        return {**head, "mean_absolute_error": mean.difference, "interval": [mean.lo, mean.hi]}
    if kind == "labels":
        return {**head, **_of_sets(spec, pairs)}
    said = [rows.argmax(axis=1) for rows, _ in pairs]
    right = [np.atleast_1d(np.asarray(label)) for _, label in pairs]
    return {**head, **of_labels(spec.data.labels, said, right)}


def of_labels(names: Sequence[str], said: Sequence[NDArray[np.intp]], right: Sequence[NDArray[np.intp]]) -> JsonObject:
    """Return how often one label is right, by the label that is: of a text, or of each word of it.

    Args:
        names: of the labels, by number.
        said: the labels that were said of each gold row, one or one for each word.
        right: the right ones.
    """
    row = np.repeat(np.arange(len(right)), [len(each) for each in right])
    all_said, all_right = np.concatenate(said), np.concatenate(right)

    def counted(hits: NDArray[np.bool_], of: NDArray[np.bool_]) -> Counted:
        return np.stack([np.bincount(row[some], minlength=len(right)) for some in (hits, of)], axis=1).astype(float)

    by_label: dict[str, Any] = {}
    for number, name in enumerate(names):
        if not (there := all_right == number).any():
            continue
        taken = {called: there & (all_said == other) for other, called in enumerate(names)}
        confused = {called: _share(counted(hits, there)) for called, hits in taken.items() if hits.any()}
        by_label[name] = {**confused.get(name, _share(counted(taken[name], there))), "said": confused}
    unit = "rows" if len(row) == len(right) else "words"
    return {"unit": unit, **_named(counted(all_said == all_right, all_right >= 0)), "by_label": by_label}


def _of_sets(spec: RunSpec, pairs: Sequence[tuple[Counted, Any]]) -> JsonObject:
    """Return how often the decision on a label is right, how often each is found, and said where it is not right."""
    said = np.stack([rows[0] > 0.5 for rows, _ in pairs])
    right = np.asarray([flags for _, flags in pairs], dtype=bool)
    hits = (said == right).sum(axis=1)
    by_label = {}
    for number, name in enumerate(spec.data.labels):
        there, found = right[:, number], said[:, number]
        missing = ~there
        by_label[name] = {
            **_share(np.array([[(there & found).sum(), there.sum()]])),
            "said_wrongly": _share(np.array([[(missing & found).sum(), missing.sum()]])),
        }
    whole = np.stack([hits, np.full(len(hits), said.shape[1])], axis=1)
    return {"unit": "decisions", **_named(whole), "by_label": by_label}


def _named(counted: Counted) -> JsonObject:
    share = _share(counted)
    return {"accuracy": share["share"], "interval": share["interval"], "counted": share["rows"]}


def _share(counted: NDArray[Any]) -> JsonObject:
    """Return the share of what was counted ``[rows, (hits, of)]``, and its interval.

    Where a row counts once it is Wilson's, else that of the bootstrap over rows, since words of one text are alike.
    """
    hits, of = (float(column.sum()) for column in counted.T)
    if not of:
        return {"rows": 0, "share": None, "interval": None}
    if len(counted) == 1 or (counted[:, 1] <= 1).all():
        low, high = interval(hits / of, int(of))
    else:
        drawn = single_bootstrap(
            lambda rows: float(rows[:, 0].sum() / max(1.0, rows[:, 1].sum())),
            counted,
            resamples=_RESAMPLES,
            confidence=_CONFIDENCE,
        )
        low, high = drawn.lo, drawn.hi
    return {"rows": int(of), "share": hits / of, "interval": [low, high]}
