"""Compare scored models by their roles: the gain over the control, and how alike student and teacher are."""

import math
from collections.abc import Mapping
from typing import TypeAlias, TypedDict

from distill.inference.scoring import SplitScore
from distill.metrics import Mode, Scored
from distill.metrics import fidelity as metrics
from distill.metrics.bootstrap import gap_closed, paired_bootstrap, single_bootstrap
from distill.stages.job import RunSpec
from distill.stages.learner import WITHOUT_UNLABELLED

Scores: TypeAlias = dict[str, dict[str, SplitScore]]
"""Each model to each split to its scores there."""


class Comparison(TypedDict):
    """The difference of two models in the leading metric, with its bootstrap interval."""

    metric: str
    mode: Mode
    split: str
    difference: float
    confidence: float
    interval: list[float]


class Gain(Comparison):
    """The comparison of student and control, with the score of each."""

    student: float
    control: float
    gap_closed: float | None


def gain(spec: RunSpec, scores: Scores, split: str) -> Gain | None:
    """Return what distillation gained over the control, or none where the run has no control."""
    teacher, student, control = (spec.decisions.first_of(role) for role in ("teacher", "student", "control"))
    if student is None or control is None:
        return None
    headline = spec.leading.headline
    value = {name: by_split[split].scored.metrics[headline.name] for name, by_split in scores.items()}
    return {
        **_paired(spec, scores, split, student, control),
        "student": value[student],
        "control": value[control],
        "gap_closed": None
        if teacher is None
        else gap_closed(value[teacher], value[student], value[control], headline.mode),
    }


def against_teacher(spec: RunSpec, scores: Scores, split: str) -> dict[str, Comparison]:
    """Return the comparison of every model that is no teacher with the teacher, on the same examples."""
    teacher = spec.decisions.first_of("teacher")
    others = [row.name for row in spec.decisions.compared if row.role != "teacher"]
    return {name: _paired(spec, scores, split, name, teacher) for name in others if teacher is not None}


def against_baselines(spec: RunSpec, scores: Scores, split: str) -> dict[str, Comparison]:
    """Return the comparison of the student with each baseline, on the same examples; nothing without a student."""
    student = spec.decisions.first_of("student")
    names = [row.name for row in spec.decisions.of_role("baseline")]
    return {name: _paired(spec, scores, split, student, name) for name in names if student is not None}


def worth_of_unlabelled(spec: RunSpec, scores: Scores, split: str) -> dict[str, Comparison]:
    """Return the comparison of the student with the one that learnt without unlabelled text; nothing without either."""
    student, without = (spec.decisions.first_of(role) for role in ("student", WITHOUT_UNLABELLED))
    if student is None or without is None:
        return {}
    return {"against_without_unlabelled": _paired(spec, scores, split, student, without)}


def fidelity(spec: RunSpec, scores: Scores, split: str) -> dict[str, object] | None:
    """Return how closely the student follows the teacher; none where they do not read the same rows."""
    student_name, teacher_name = (spec.decisions.first_of(role) for role in ("student", "teacher"))
    if student_name is None or teacher_name is None:
        return None
    student, teacher = (scores[name][split].rows for name in (student_name, teacher_name))
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


def intervals(spec: RunSpec, scores: Mapping[str, SplitScore]) -> dict[str, list[float]]:
    """Return for each split on which the leading metric is defined the 95 % bootstrap interval of a model's."""
    leading, found = spec.leading, dict[str, list[float]]()
    for split, score in scores.items():
        if not math.isfinite(score.scored.metrics[leading.headline.name]):
            continue
        drawn = single_bootstrap(
            leading.compute,
            score.scored.statistics[leading.headline.name],
            resamples=spec.config.evaluate.resamples,
            seed=spec.config.seed,
        )
        found[split] = [drawn.lo, drawn.hi]
    return found


def _paired(spec: RunSpec, scores: Scores, split: str, first: str, second: str) -> Comparison:
    """Return the difference of two models in the leading metric, and its paired bootstrap interval."""
    return paired(spec, split, *(scores[name][split].scored for name in (first, second)))


def paired(spec: RunSpec, split: str, first: Scored, second: Scored) -> Comparison:
    """Return the difference of the scores of two models in the leading metric, and its paired bootstrap interval."""
    leading, section = spec.leading, spec.config.evaluate
    headline = leading.headline
    result = paired_bootstrap(
        leading.compute,
        first.statistics[headline.name],
        second.statistics[headline.name],
        resamples=section.resamples,
        confidence=section.confidence,
        seed=spec.config.seed,
    )
    return {
        "metric": headline.name,
        "mode": headline.mode,
        "split": split,
        "difference": result.difference,
        "confidence": section.confidence,
        "interval": [result.lo, result.hi],
    }
