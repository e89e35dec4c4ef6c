"""What came of a search: its trials as JSON and as a table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import optuna
from optuna.trial import FrozenTrial, TrialState

from distill.base.setting_rules import said
from distill.config.search import LATENCY, SCORE, SIZE
from distill.config.search_space import Space
from distill.report import ABSENT, known, milliseconds, size
from distill.report import metric as metric_text
from distill.report.console import aligned
from distill.searching import study as studies
from distill.searching.study import REASON, Goal

SCHEMA = 1
_OUTCOMES = {TrialState.COMPLETE: "finished", TrialState.PRUNED: "pruned", TrialState.FAIL: "failed"}
_TABLE = 10
"""Trials in the table of the console."""


@dataclass(frozen=True)
class Found:
    """What came of a search.

    Attributes:
        name: of the search.
        metric: the name of the score.
        goal: what trials are judged by.
        space: the settings that are searched.
        study: its trials.
        best: the best of them, or the front.
        looked: how many trials have looked at validation.
    """

    name: str
    metric: str
    goal: Goal
    space: Space
    study: optuna.Study
    best: Sequence[FrozenTrial]
    looked: int

    @property
    def trials(self) -> list[FrozenTrial]:
        """All that count, in their order."""
        return studies.counted(self.study)

    def of_outcome(self, outcome: str) -> list[FrozenTrial]:
        """Return the trials that were finished, pruned, or have failed."""
        return [each for each in self.trials if _OUTCOMES.get(each.state) == outcome]


def shown(metric: str, objectives: Sequence[str], values: Sequence[float] | None) -> list[str]:
    """Return the values of objectives in the unit of each.

    >>> shown("accuracy", ["score", "size"], [0.8125, 1_200_000])
    ['81.25 %', '1.2 MB']
    """
    if values is None:
        return [ABSENT] * len(objectives)
    words = {SCORE: lambda value: metric_text(metric, value), SIZE: size, LATENCY: milliseconds}
    return [words[name](value) for name, value in zip(objectives, values, strict=True)]


def heads(found: Found) -> list[str]:
    """Return the heads of the columns of objectives."""
    return [found.metric if name == SCORE else name for name in found.goal.names]


def value_text(value: object) -> str:
    """Return the value of a setting as a table has it.

    >>> value_text(0.00012345), value_text(3), value_text("none"), value_text(None)
    ('0.0001235', '3', 'none', 'null')
    """
    return f"{value:.4g}" if isinstance(value, float) else said(value)


def finished(trial: FrozenTrial) -> bool:
    """Return whether a trial has reached values for all objectives."""
    return trial.state == TrialState.COMPLETE


def outcome(trial: FrozenTrial) -> str:
    """Return what became of a trial, in words."""
    word = _OUTCOMES.get(trial.state, "not finished")
    reason = trial.user_attrs.get(REASON)
    return word if reason is None else f"{word}: {reason}"


def table(found: Found) -> str:
    """Return the best trials as a table for the console; of one objective those that follow, too."""
    trials = found.best
    if len(found.goal.names) == 1:
        trials = studies.best(found.study, _TABLE)
    keys = list(found.space)
    lines = [["trial", *heads(found), *keys]]
    for each in trials:
        values = shown(found.metric, found.goal.names, each.values)
        lines.append([str(each.number), *values, *(value_text(each.params[key]) for key in keys)])
    return aligned(lines) if trials else ""


def sentence(found: Found) -> str:
    """Return one sentence on how many trials there were, and what became of them."""
    counts = {name: len(found.of_outcome(name)) for name in _OUTCOMES.values()}
    parts = ", ".join(f"{count} {name}" for name, count in counts.items() if count)
    trials = f"{len(found.trials)} trial{'s' * (len(found.trials) != 1)}"
    return f"{trials} ({parts}), of which {found.looked} looked at validation and none at test"


def as_json(found: Found) -> dict[str, Any]:
    """Return everything as JSON takes it."""
    return {
        "schema": SCHEMA,
        "name": found.name,
        "metric": found.metric,
        "objectives": dict(zip(found.goal.names, found.goal.directions, strict=True)),
        "space": {key: values.as_text() for key, values in found.space.items()},
        "looked_at_validation": found.looked,
        "best": [each.number for each in found.best],
        "trials": [_trial(found, each) for each in found.trials],
    }


def _trial(found: Found, trial: FrozenTrial) -> Mapping[str, object]:
    reached = dict(zip(found.goal.names, trial.values, strict=True)) if finished(trial) else None
    return {
        "number": trial.number,
        "outcome": _OUTCOMES.get(trial.state, "running"),
        "reason": trial.user_attrs.get(REASON),
        "settings": trial.params,
        "reached": None
        if reached is None
        else {key: value if known(value) else None for key, value in reached.items()},
        "metrics": trial.user_attrs.get("metrics"),
        "stages": trial.user_attrs.get("stages"),
        "watched": {str(epoch): value for epoch, value in trial.intermediate_values.items()},
        "seconds": None if trial.duration is None else trial.duration.total_seconds(),
    }
