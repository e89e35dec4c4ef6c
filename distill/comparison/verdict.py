"""State whether a model may take the place of another: the reason first, then each test behind it."""

import textwrap
from collections.abc import Sequence
from typing import Any, NamedTuple

from distill import report as words
from distill.base.terminal_text import name as shown_name
from distill.comparison.estimates import Estimate, shown_difference
from distill.report import console

HEADLINE, LABEL, SLICE = "headline", "label", "slice"
DROP, CAUGHT = 0.1, 0.9
"""By how much a label may drop that rows should be enough to catch, and in which share of cases."""


class Check(NamedTuple):
    """The comparison of two models on the same rows.

    Attributes:
        kind: headline, label or slice.
        name: of the split, the label or the slice.
        metric: what is compared.
        rows: examples behind it.
        old: the old model's value.
        new: the new model's value.
        difference: new minus old with its paired interval, turned so that more is better.
        p: of being no worse, one-sided; none where that is not what is asked.
        adjusted: p for how many tests there are (Holm).
        worse: whether this holds the new model up.
        small: whether the rows are too few to judge by: fewer than ``needed``.
        least: what p is no less than, whoever is right, since so few rows part the two.
        parting: share of the rows that exactly one of two equally good models has right, as far as these rows tell.
        needed: rows that would catch a drop of 10 points in 9 of 10 cases, beside all other tests; none for metrics
            that are no fractions.
    """

    kind: str
    name: str
    metric: str
    rows: int
    old: float
    new: float
    difference: Estimate
    p: float | None = None
    adjusted: float | None = None
    worse: bool = False
    small: bool = False
    least: float | None = None
    parting: float | None = None
    needed: int | None = None

    @property
    def title(self) -> str:
        """What is compared, as the beginning of a sentence."""
        if self.kind == HEADLINE:
            return f"{self.metric} on {self.name}"
        return f"{self.metric} of {self.kind} {shown_name(self.name)}"

    @property
    def sentence(self) -> str:
        """What was found, without an end."""
        show = words.metric
        scores = f"{show(self.metric, self.old)} before, {show(self.metric, self.new)} now"
        p = "" if self.adjusted is None else f", p = {_p(self.adjusted)}"
        rows = words.number(self.rows, 0)
        return f"{self.title} ({rows} rows): {scores}, {shown_difference(self.difference, self.metric)}{p}"


class Verdict(NamedTuple):
    """Whether the new model may take the old one's place.

    Attributes:
        old: what the old one is called.
        new: what the new one is called.
        split: whose rows were answered.
        confidence: of the intervals.
        tolerance: points by which the headline may be lower; none where its test decides.
        level: below which a p-value counts as worse, over all tests together.
        checks: the headline's first.
        notes: what else has to be known.
        never_found: sentences, without an end, on labels that hold the new model up since it never finds them.
    """

    old: str
    new: str
    split: str
    confidence: float
    tolerance: float | None
    level: float
    checks: Sequence[Check]
    notes: Sequence[str] = ()
    never_found: Sequence[str] = ()

    @property
    def passed(self) -> bool:
        """Whether nothing holds the new model up."""
        return not self.never_found and not any(check.worse for check in self.checks)

    @property
    def reason(self) -> str:
        """The verdict in a sentence, the reason first."""
        bad = [*self.never_found, *(check.sentence for check in self.checks if check.worse)]
        if bad:
            reasons = "; ".join(bad)
            return f"{reasons}. So {self.new} does not take the place of {self.old}."
        head = self.checks[0]
        tests = [check for check in self.checks if check.kind != HEADLINE]
        beside = f", and none of {len(tests):,} labels and slices is significantly worse" if tests else ""
        limit = "is not significantly worse" if self.tolerance is None else self._within
        return f"{head.sentence}: it {limit}{beside}. So {self.new} may take the place of {self.old}."

    @property
    def _within(self) -> str:
        return f"is no more than {words.number(self.tolerance)} points lower"

    @property
    def unsure(self) -> str:
        """What these rows cannot tell: how much worse the new model may still be, and where they are too few."""
        head = self.checks[0]
        low, sentences = head.difference.low, list[str]()
        if self.passed and low is not None and low < 0:
            sentences.append(
                f"Not worse is not the same as good: by these {words.number(head.rows, 0)} rows {head.metric} may be "
                f"up to {words.difference(head.metric, -low, sign='-')} lower."
            )
        if few := [_few(check) for check in self.checks if check.small and check.kind != HEADLINE]:
            sentences.append(
                f"Too few rows to catch {100 * DROP:g} points less in {10 * CAUGHT:g} of 10 cases: "
                f"{words.listed_short(few)}."
            )
        return " ".join(sentences)

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON takes it."""
        checks = [
            {**check._asdict(), "difference": check.difference.mean, "interval": _ends(check)} for check in self.checks
        ]
        return {"passed": self.passed, "reason": self.reason, "unsure": self.unsure, **self._asdict(), "checks": checks}

    def as_text(self) -> str:
        """Return it as plain text: the reason, then a line for each test."""
        paragraphs = [f"{'PASSED' if self.passed else 'HELD'}: {self.reason}", self.unsure, *self.notes, self._how]
        lines = [line for text in paragraphs if text for line in textwrap.wrap(text, console.WIDTH)]
        head = ("", "rows", "old", "new", "difference", "p")
        table = console.aligned([head, *map(_line, self.checks)])
        return "\n".join(lines).replace("\N{MINUS SIGN}", "-") + f"\n{table}".replace("\N{MINUS SIGN}", "-")

    @property
    def _how(self) -> str:
        return (
            f"Differences with the {words.percent(self.confidence, 0)} interval of the paired bootstrap; p by "
            f"exchanging the answers of both, one-sided, adjusted for all tests together that could come out (Holm): "
            f"below {self.level:g} is worse."
        )


def _few(check: Check) -> str:
    of = "" if check.needed is None else f" of about {words.number(check.needed, 0)}"
    return f"{shown_name(check.name)} ({words.number(check.rows, 0)}{of})"


def _line(check: Check) -> tuple[str, ...]:
    show = words.metric
    name = check.name if check.kind == HEADLINE else f"{check.kind} {shown_name(check.name)}"
    name += f", {check.metric}" if check.kind == LABEL and check.metric != "f1" else ""
    mark = " !" if check.worse else ""
    p = words.ABSENT if check.adjusted is None else _p(check.adjusted)
    values = show(check.metric, check.old), show(check.metric, check.new)
    difference = shown_difference(check.difference, check.metric)
    return f"{name}{mark}", words.number(check.rows, 0), *values, difference, p.replace(words.ABSENT, "-")


def _ends(check: Check) -> list[float | None]:
    return [check.difference.low, check.difference.high]


def _p(value: float) -> str:
    return f"{value:.2g}" if value >= 0.001 else f"{value:.1g}"
