"""Scored models held against each other, by their roles: the gain over the control, and how alike two are."""

from typing import Any

from distill.inference.scoring import SplitScore
from distill.metrics import fidelity as metrics
from distill.metrics.bootstrap import gap_closed, paired_bootstrap
from distill.stages.job import RunSpec

Scores = dict[str, dict[str, SplitScore]]
"""Model to split to what it is worth there."""


def gain(spec: RunSpec, scores: Scores, split: str) -> dict[str, Any] | None:
    """Return what the teacher was worth to the student; none where it has no control."""
    teacher, student, control = (spec.decisions.first_of(role) for role in ("teacher", "student", "control"))
    if teacher is None or student is None or control is None:
        return None
    headline = spec.leading.headline
    value = {name: by_split[split].scored.metrics[headline.name] for name, by_split in scores.items()}
    return {
        **_paired(spec, scores, split, student, control),
        "student": value[student],
        "control": value[control],
        "gap_closed": gap_closed(value[teacher], value[student], value[control], headline.mode),
    }


def against_teacher(spec: RunSpec, scores: Scores, split: str) -> dict[str, Any]:
    """Return every model that is no teacher, held against the teacher on the same examples."""
    teacher = spec.decisions.first_of("teacher")
    others = [row.name for row in spec.decisions.compared if row.role != "teacher"]
    return {name: _paired(spec, scores, split, name, teacher) for name in others if teacher is not None}


def fidelity(spec: RunSpec, scores: Scores, split: str) -> dict[str, Any] | None:
    """Return how much the student is like the teacher; none where they do not read the same rows."""
    one, other = (spec.decisions.first_of(role) for role in ("student", "teacher"))
    if one is None or other is None:
        return None
    student, teacher = (scores[name][split].rows for name in (one, other))
    if student.shape != teacher.shape:
        return None  # another tokenizer cuts a text into other rows
    if spec.setup.task.writes:
        return {"split": split, "agreement": float((student[:, 1] == teacher[:, 1]).float().mean())}
    kind = spec.setup.task.kind
    errors = {
        name: metrics.calibration(kind, by_split[split].rows, by_split[split].labels)
        for name, by_split in scores.items()
    }
    return {"split": split, **metrics.compare(kind, student, teacher), "calibration_error": errors}


def _paired(spec: RunSpec, scores: Scores, split: str, one: str, other: str) -> dict[str, Any]:
    """The difference of two models in the metric that leads, and its interval."""
    leading, given = spec.leading, spec.config.evaluate
    headline = leading.headline
    first, second = (scores[name][split].scored.statistics[headline.name] for name in (one, other))
    result = paired_bootstrap(
        leading.compute,
        first,
        second,
        resamples=given.resamples,
        confidence=given.confidence,
        seed=spec.config.seed,
    )
    return {
        "metric": headline.name,
        "mode": headline.mode,
        "split": split,
        "difference": result.difference,
        "confidence": given.confidence,
        "interval": [result.lo, result.hi],
    }
