"""Decide whether an exported format answers as well as the student that was scored, and say why not."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from distill.base.terminal_text import shown
from distill.report import NOT_FRACTIONS, metric, number, percent

_CORRELATIONS = frozenset({"matthews", "pearson", "spearman"})
"""Metrics that are no fractions, but whose hundredths are called points as well."""
_ROUNDING = 1e-3
"""Points below which two values of a metric differ by the rounding of sums alone."""
_RELATIVE = 1e-5
"""Float32 has seven digits, of which a model's sums keep five: so much of the largest logit is no difference."""
_SAME_LOGIT = 1e-4
"""The difference of two logits of the usual size that is rounding alone."""
_NAMED = 3
"""How many labels one message names."""


class Recall(Protocol):
    """The protocol of the recall of a label by the student and a format, and the interval of the difference."""

    @property
    def reference(self) -> float:
        """The student's, from 0 to 1."""

    @property
    def other(self) -> float:
        """That of the format."""

    @property
    def low(self) -> float:
        """The lower end of the interval of the format's minus the student's."""

    @property
    def high(self) -> float:
        """The upper end of it."""


@dataclass(frozen=True)
class Allowed:
    """How far a format may be from the student.

    Attributes:
        headline: points of the leading metric on validation that it may lose.
        setting: the setting that says so.
        label: points of recall that a label may lose on validation.
        logit: the largest difference of a logit; none where the answers alone decide.
    """

    headline: float
    setting: str
    label: float
    logit: float | None = None


@dataclass(frozen=True)
class Measured:
    """How far a format is from the student.

    Attributes:
        metric: the name of the leading metric.
        mode: whether more (``max``) or less (``min``) of it is better.
        student: its value of the student on validation.
        format: the same of the format.
        logit: the largest difference of a logit on validation and test.
        scale: the largest logit of the student.
        recall: recall of each label on validation; empty for a task without labels.
        written: whether answers are written token by token, so that equal logits do not yet say that they are equal.
    """

    metric: str
    mode: str
    student: float
    format: float
    logit: float
    scale: float
    recall: Mapping[str, Recall]
    written: bool = False


class Changed(Protocol):
    """The protocol of what changes in a format's answers with the batch that an example stands in."""

    @property
    def most(self) -> int:
        """The most decisions that changed, of the ways in which examples were asked again."""

    @property
    def largest_change(self) -> float:
        """The largest change of a logit."""


def headline_loss(measured: Measured) -> float:
    """Return the points of the leading metric that a format loses; less than 0 where it gains.

    A hundredth is a point, of correlations too; of metrics without an upper end, such as an error, a percent of the
    student's. Values that differ by the rounding of sums alone count as the same, as do two that are undefined.

    >>> round(headline_loss(Measured("accuracy", "max", 0.9, 0.875, 0.0, 1.0, {})), 6)
    2.5
    >>> round(headline_loss(Measured("mse", "min", 4.0, 5.0, 0.0, 1.0, {})), 6)
    25.0
    """
    if math.isnan(measured.student) and math.isnan(measured.format):
        return 0.0
    worse = measured.student - measured.format
    if measured.mode == "min":
        worse = -worse
    if measured.metric in NOT_FRACTIONS - _CORRELATIONS:
        worse /= abs(measured.student) or 1.0
    return 0.0 if abs(100 * worse) < _ROUNDING else 100 * worse


def failure(measured: Measured, allowed: Allowed) -> str | None:
    """Return why a format is not as good as the student, as a sentence without its end; none where it is.

    A label counts where it loses more points of recall than are allowed, and the interval of the loss says that this is
    no chance. Where a format promises the student's logits and gives them, a decision that differs was a tie, up to
    rounding: it is no loss, whichever way it fell.
    """
    of_logits = _of_logits(measured, allowed)
    if allowed.logit is not None and not of_logits and not measured.written:
        return None
    reasons = (of_logits, _of_headline(measured, allowed), _of_labels(measured, allowed))
    found = [reason for reason in reasons if reason]
    return "; ".join(found) or None


def allowed_logit(tolerance: float, scale: float) -> float:
    """Return the largest difference of a logit that the rounding of float32 explains.

    Args:
        tolerance: what a format promises for logits of the usual size.
        scale: the largest logit; scores, or answers in a context, may be far larger than logits of labels.

    >>> allowed_logit(1e-4, 5.0), allowed_logit(1e-4, 1000.0)
    (0.0001, 0.01)
    """
    return max(tolerance, _RELATIVE * scale)


def depends_on_batch(changed: Changed, scale: float) -> bool:
    """Return whether decisions change with the batch, and by more than the rounding of float32.

    Args:
        changed: what changes.
        scale: the largest logit of the student.
    """
    return changed.most > 0 and changed.largest_change > allowed_logit(_SAME_LOGIT, scale)


def batch_failure(changed: Changed, scale: float) -> str | None:
    """Return why a format of fixed ranges cannot be certified, whose answers depend on the batch; none where not."""
    if not depends_on_batch(changed, scale):
        return None
    return (
        f"up to {changed.most} of its decisions on validation change with the batch (a logit by up to "
        f"{changed.largest_change:.3g}), where export.int8=static promises that none does"
    )


def _of_logits(measured: Measured, allowed: Allowed) -> str:
    if allowed.logit is None or measured.logit <= (most := allowed_logit(allowed.logit, measured.scale)):
        return ""
    return f"its logits differ by up to {measured.logit:.3g} from the student's, where {most:g} is allowed"


def _of_headline(measured: Measured, allowed: Allowed) -> str:
    loss = headline_loss(measured)
    if loss <= allowed.headline:
        return ""
    unit = "percent" if measured.metric in NOT_FRACTIONS - _CORRELATIONS else "points"
    values = [metric(measured.metric, value) for value in (measured.student, measured.format)]
    return (
        f"it loses {number(loss, 2)} {unit} of {measured.metric} on validation ({values[0]} to {values[1]}), where "
        f"{allowed.setting}={allowed.headline:g} is allowed"
    )


def _of_labels(measured: Measured, allowed: Allowed) -> str:
    lost = [
        (name, recall)
        for name, recall in measured.recall.items()
        if 100 * (recall.reference - recall.other) > allowed.label and recall.high < 0
    ]
    if not lost:
        return ""
    lost.sort(key=lambda pair: pair[1].other - pair[1].reference)
    return f"{_labels(lost)}, where export.tolerance.label={allowed.label:g} is allowed"


def _labels(lost: Sequence[tuple[str, Recall]]) -> str:
    """Return what the labels lose that lose most."""
    parts = [
        f"{shown(name)} {number(100 * (recall.reference - recall.other), 1)} ({percent(recall.reference, 1)} to "
        f"{percent(recall.other, 1)}, interval of the change {number(100 * recall.low, 1)} to "
        f"{number(100 * recall.high, 1)})"
        for name, recall in lost[:_NAMED]
    ]
    more = f" and {len(lost) - _NAMED} more" if len(lost) > _NAMED else ""
    return f"it loses points of recall on validation of {', '.join(parts)}{more}"
