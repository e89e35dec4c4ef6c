"""Compare two models on the same rows: the headline, each label and each slice, corrected for how many there are."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypedDict

import numpy as np
from numpy.typing import NDArray

from distill import report as words
from distill.comparison.estimates import Estimate
from distill.comparison.verdict import CAUGHT, DROP, HEADLINE, LABEL, SLICE, Check
from distill.data.slices import SMALL, Slice
from distill.inference.formats import AUTO
from distill.metrics import Leading, Scored
from distill.metrics.bootstrap import Gain, paired_bootstrap
from distill.metrics.label_gain import f1_by_label
from distill.metrics.label_recall import recall_by_label
from distill.metrics.paired_test import MEASURES, could_show, holm, labels_worse_than, worse_than
from distill.metrics.power import rows_for_drop


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
        values, exchanges = (compute(old), compute(new)), self.draws.exchanges
        test = worse_than(compute, new, old, mode=mode, draws=exchanges, seed=self.draws.seed) if tested else None
        found = Check(kind, name, metric, rows, *values, _better(drawn, metric))
        return found._replace(p=test.p, least=test.least, parting=test.parting) if test else found

    def by_label(self, level: float) -> list[Check]:
        """Compare the F1 of each label that has examples, or its recall where that is what is worse.

        Nothing comes of tasks without labels.
        """
        old, new = self.old.marks, self.new.marks
        if old is None or new is None:
            return []
        gains = f1_by_label(new, old, **self._interval)
        recalls = recall_by_label(old, new, **self._interval)
        tests = labels_worse_than(new, old, draws=self.draws.exchanges, seed=self.draws.seed)
        there = dict(zip(old.names, old.statistics[:, 2 * len(old.names) :].sum(axis=0), strict=True))
        found = []
        for name, test in tests.items():
            measure = test.measure if test.p < level else "f1"
            was, now = (float(table[name][measure]) for table in (self.old.table, self.new.table))
            ends = gains[name] if measure == "f1" else recalls[name]
            difference, rows = Estimate(now - was, ends.low, ends.high, 1), int(there[name])
            shown = Check(LABEL, name, measure, rows, was, now, difference, test.p)
            found.append(shown._replace(least=test.least, parting=test.parting))
        return found


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
    checks = [both.check(HEADLINE, split, None, tested=rules.tolerance is None), *both.by_label(rules.level)]
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
    p_values, least = [checks[number].p or 0.0 for number in tested], [checks[number].least or 0.0 for number in tested]
    adjusted = dict(zip(tested, holm(p_values, least, level).tolist(), strict=True))
    family = dict(zip(tested, _tests_beside(least, level), strict=True))
    found = []
    for number, check in enumerate(checks):
        p = adjusted.get(number)
        if p is not None:
            worse = p < level
        else:
            unit = 1 if check.metric in words.NOT_FRACTIONS else 100
            worse = not check.difference.mean * unit >= -(tolerance or 0.0) - 1e-9  # nan is worse
        needed = _needed(check, level / family.get(number, 1))
        small = check.rows < (SMALL if needed is None else needed)
        found.append(check._replace(adjusted=p, worse=worse, needed=needed, small=small))
    return found


def _tests_beside(least: Sequence[float], level: float) -> list[int]:
    """Return for each test how many there would be to correct for if it could come out."""
    could = could_show(least, level)
    return [int(could.sum()) + (not each) for each in could]


def _needed(check: Check, level: float) -> int | None:
    """Return how many rows it takes to catch a drop at this level; none where no test or no fraction is behind it."""
    if check.parting is None or check.metric in words.NOT_FRACTIONS:
        return None
    measures = len(MEASURES) if check.kind == LABEL else 1
    return rows_for_drop(DROP, check.parting, level / measures, CAUGHT)


def _better(drawn: Gain, metric: str) -> Estimate:
    if metric in words.LOWER_IS_BETTER:
        return Estimate(-drawn.difference, -drawn.hi, -drawn.lo, 1)
    return Estimate(drawn.difference, drawn.lo, drawn.hi, 1)
