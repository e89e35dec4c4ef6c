"""Judge whether a finished run, or an exported model, may take the place of another on the same test rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, TypedDict

import numpy as np
from numpy.typing import NDArray

from distill import report as words
from distill.base import long_work
from distill.comparison import runs
from distill.comparison.estimates import Estimate
from distill.comparison.verdict import HEADLINE, LABEL, SLICE, Check, Verdict
from distill.data.slices import SMALL, Slice
from distill.errors import ConfigError, ModelError
from distill.inference import scoring
from distill.inference.formats import AUTO
from distill.inference.predictor import Predictor, load
from distill.metrics import Leading, Scored, leading
from distill.metrics.bootstrap import Gain, paired_bootstrap
from distill.metrics.label_gain import LabelGain, f1_by_label
from distill.metrics.paired_test import holm, labels_worse_than, worse_than
from distill.pipeline.comparable import refuse_trained_on, refuse_unlike
from distill.pipeline.kept_scores import KeptScore, kept_score
from distill.stages.job import RunSpec
from distill.tasks import TASKS, Record, task

_AT_ONCE = 256
"""Rows that an exported model answers together."""


class Rules(NamedTuple):
    """By what the new model is judged.

    Attributes:
        slices: parts of the rows, as ``evaluate.slices`` names them.
        tolerance: points by which the headline may be lower; none: it may not be significantly lower.
        metric: the headline; none for that of the old run.
        level: chance of holding up a model that is no worse anywhere.
        format: the form of an exported model that is asked.
    """

    slices: Sequence[str] = ()
    tolerance: float | None = None
    metric: str | None = None
    level: float = 0.05
    format: str = AUTO


class Draws(NamedTuple):
    """How intervals and p-values are drawn.

    Attributes:
        resamples: of the bootstrap.
        confidence: of its intervals.
        seed: of both.
        exchanges: of answers behind a p-value; more, where there are so many tests that it takes more.
    """

    resamples: int = 1000
    confidence: float = 0.95
    seed: int = 0
    exchanges: int = 9999


_DRAWS = Draws()


class _Interval(TypedDict):
    resamples: int
    confidence: float
    seed: int


@dataclass(frozen=True)
class _Tested:
    """Two models on the same rows."""

    leading: Leading
    old: Scored
    new: Scored
    draws: Draws

    @property
    def _interval(self) -> "_Interval":
        return {"resamples": self.draws.resamples, "confidence": self.draws.confidence, "seed": self.draws.seed}

    def check(self, kind: str, name: str, part: Slice | None, *, tested: bool) -> Check:
        """Compare the headline of both on all rows, or on a slice."""
        metric, mode = self.leading.headline
        places: slice | NDArray[np.intp] = slice(None) if part is None else part.places
        old, new = (each.statistics[metric][places] for each in (self.old, self.new))
        compute, rows = self.leading.compute, len(old)
        drawn = paired_bootstrap(compute, new, old, **self._interval)
        p = (
            worse_than(compute, new, old, mode=mode, draws=self.draws.exchanges, seed=self.draws.seed)
            if tested
            else None
        )
        values = compute(old), compute(new)
        return Check(kind, name, metric, rows, *values, _better(drawn, metric), p, None, False, rows < SMALL)

    def by_label(self) -> list[Check]:
        """Compare the F1 of each label that has examples; nothing for tasks without labels."""
        old, new = self.old.marks, self.new.marks
        if old is None or new is None:
            return []
        gains = f1_by_label(new, old, **self._interval)
        p_values = labels_worse_than(new, old, draws=self.draws.exchanges, seed=self.draws.seed)
        there = old.statistics[:, 2 * len(old.names) :].sum(axis=0)
        rows = dict(zip(old.names, there, strict=True))
        tables = self.old.table, self.new.table
        return [self._label(name, int(rows[name]), gains[name], p, *tables) for name, p in p_values.items()]

    @staticmethod
    def _label(name: str, rows: int, gain: LabelGain, p: float, old: Any, new: Any) -> Check:  # noqa: ANN401 - tables
        values = float(old[name]["f1"]), float(new[name]["f1"])
        difference = Estimate(gain.difference, gain.low, gain.high, 1)
        return Check(LABEL, name, "f1", rows, *values, difference, p, None, False, rows < SMALL)


def gate(new: str, old: str, rules: Rules) -> Verdict:
    """Judge whether one model may take another's place.

    Args:
        new: the folder of a finished run, or of an exported model.
        old: the same; one of both is a run, whose test rows both have answered.
        rules: by what is judged.

    Raises:
        DistillError: one is neither, they do not answer the same rows, or the rules do not fit the task.
    """
    found = {name: _run(place) for name, place in (("new", new), ("old", old))}
    kept = {name: kept_score(run, rules.slices) for name, run in found.items() if run is not None}
    if not kept:
        raise ConfigError(
            f"new={new} and old={old} are both exported models, which hold no test rows: give the run of one of them"
        )
    reference = kept.get("old") or kept["new"]
    lead = _leading(reference.spec, rules.metric)
    if len(kept) == 2:
        refuse_unlike(kept["old"], kept["new"], old, new)
        refuse_trained_on(kept["old"], kept["new"], old, new)
    places = {"old": old, "new": new}
    scored, notes = {name: each.score.scored for name, each in kept.items()}, list[str]()
    for name in places.keys() - kept.keys():
        scored[name] = _asked(places[name], reference, rules.format)
        notes.append(f"{places[name]} was asked about the rows anew; what it was trained on is not known here.")
    section, parts = reference.spec.config.evaluate, reference.spec.data.slices
    draws = Draws(section.resamples, section.confidence, reference.spec.config.seed)
    checks = compare(scored["old"], scored["new"], lead, rules, reference.split, parts, draws)
    return Verdict(old, new, reference.split, section.confidence, rules.tolerance, rules.level, checks, notes)


def compare(
    old: Scored,
    new: Scored,
    lead: Leading,
    rules: Rules,
    split: str,
    parts: Sequence[Slice] = (),
    draws: Draws = _DRAWS,
) -> list[Check]:
    """Return every comparison of two models that answered the same rows, the headline's first.

    Args:
        old: the scores of the old model.
        new: those of the new one.
        lead: the headline.
        rules: by what is judged.
        split: what the rows are called.
        parts: of the rows, that are compared by themselves.
        draws: how intervals and p-values are drawn.
    """
    tests = 1 + len(parts) + (len(old.marks.names) if old.marks else 0)
    exchanges = max(draws.exchanges, int(10 * tests / rules.level))  # the least p, times the tests, is still small
    both = _Tested(lead, old, new, draws._replace(exchanges=exchanges))
    checks = [both.check(HEADLINE, split, None, tested=rules.tolerance is None), *both.by_label()]
    checks += [both.check(SLICE, part.title, part, tested=True) for part in parts]
    return judged(checks, rules.level, rules.tolerance)


def judged(checks: Sequence[Check], level: float, tolerance: float | None) -> list[Check]:
    """Return comparisons with their p-values adjusted for all of them, and whether each holds the new model up.

    Args:
        checks: with p-values, but for the headline where a tolerance is given.
        level: of all tests together.
        tolerance: points by which the headline may be lower, in the metric's own unit where it is no fraction.
    """
    tested = [number for number, check in enumerate(checks) if check.p is not None]
    adjusted = dict(zip(tested, holm([checks[number].p or 0.0 for number in tested]).tolist(), strict=True))
    found = []
    for number, check in enumerate(checks):
        p = adjusted.get(number)
        if p is not None:
            worse = p < level
        else:
            unit = 1 if check.metric in words.NOT_FRACTIONS else 100
            worse = not check.difference.mean * unit >= -(tolerance or 0.0) - 1e-9  # nan is worse
        found.append(check._replace(adjusted=p, worse=worse))
    return found


def _better(drawn: Gain, metric: str) -> Estimate:
    if metric in words.LOWER_IS_BETTER:
        return Estimate(-drawn.difference, -drawn.hi, -drawn.lo, 1)
    return Estimate(drawn.difference, drawn.lo, drawn.hi, 1)


def _run(place: str) -> runs.Run | None:
    """Return the finished run that a folder is; none for an exported model."""
    folder = Path(place).expanduser()
    if not folder.is_dir():
        raise ConfigError(f"{place}: there is no such folder")
    if (folder / "report.json").is_file():
        return runs.read(folder)
    if (folder / "config.json").is_file():
        return None
    raise ConfigError(
        f"{place} is neither the folder of a finished run, which has a report.json, nor of an exported model, which "
        "has a config.json"
    )


def _leading(spec: RunSpec, name: str | None) -> Leading:
    if name is None:
        return spec.leading
    try:
        return leading(spec.metrics, name)
    except KeyError:
        known = ", ".join(each.headline.name for each in spec.metrics.LEADING)
        raise ConfigError(f"metric={name}: the task {spec.config.task} can be compared by {known}") from None


def _asked(place: str, reference: KeptScore, format: str) -> Scored:
    """Ask an exported model about a run's rows, and score what it says."""
    spec = reference.spec
    if spec.setup.task.writes:
        raise ConfigError(f"{place}: what an exported model writes is not scored here; give its run")
    model = load(Path(place), format=format)
    if model.task is not spec.setup.task:
        name = next((each for each in TASKS if task(each) is model.task), "another task")
        raise ConfigError(f"{place} is of the task {name}, the run of {spec.config.task}")
    if set(model.form.labels) != set(spec.data.labels):
        raise ConfigError(
            f"the labels are not the same: {place} has {words.listed_short(list(model.form.labels))}, the run "
            f"{words.listed_short(list(spec.data.labels))}"
        )
    records = _answers(model, reference)
    scored, _ = scoring.score_records(spec.setup, spec.metrics, reference.examples[:], records)
    return scored


def _answers(model: Predictor, reference: KeptScore) -> list[Record]:
    roles, examples = list(model.task.inputs), reference.examples
    rows = examples.select_columns(roles).to_list()
    records: list[Record] = []
    try:
        with long_work.work("answering", len(rows), "rows") as answering:
            for start in range(0, len(rows), _AT_ONCE):
                records += model.predict(rows[start : start + _AT_ONCE])
                answering.at(len(records))
    except ModelError as error:
        raise ModelError(f"{reference.split}: {error}") from error
    return records
