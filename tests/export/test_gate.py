"""The gate: which formats are as good as the student, and what is said of those that are not."""

from dataclasses import replace

import pytest

from distill.export.gate import Allowed, Measured, batch_failure, depends_on_batch, failure, headline_loss
from distill.inference.batch_dependence import BatchChanges
from distill.metrics.label_recall import LabelRecall

ALLOWED = Allowed(headline=1.0, setting="export.tolerance.int8", label=5.0)
SAME = Measured("accuracy", "max", 0.88, 0.88, 0.0, 4.0, {"ham": LabelRecall(0.9, 0.9, 0.0, 0.0)})


def lost(**recall):
    return replace(SAME, recall={name: LabelRecall(*values) for name, values in recall.items()})


def test_a_format_that_answers_like_the_student_passes():
    assert failure(SAME, ALLOWED) is None
    assert failure(SAME, replace(ALLOWED, headline=0.0, logit=1e-4)) is None


@pytest.mark.parametrize(
    ("metric", "mode", "student", "format", "points"),
    [
        ("accuracy", "max", 0.9, 0.875, 2.5),
        ("matthews", "max", 0.5, 0.6, -10.0),
        ("mse", "min", 2.0, 2.5, 25.0),
        ("perplexity", "min", 10.0, 9.0, -10.0),
        ("mse", "min", 0.0, 0.1, 10.0),
        ("pearson", "max", 0.8, 0.8 - 1e-7, 0.0),
    ],
)
def test_a_loss_is_in_points_or_in_percent_where_a_metric_has_no_upper_end(metric, mode, student, format, points):
    assert headline_loss(Measured(metric, mode, student, format, 0.0, 1.0, {})) == pytest.approx(points)


def test_more_than_the_allowed_points_fail_and_no_less():
    assert failure(replace(SAME, format=0.8701), ALLOWED) is None
    assert failure(replace(SAME, format=0.8674), ALLOWED) == (
        "it loses 1.26 points of accuracy on validation (88.00 % to 86.74 %), where export.tolerance.int8=1 is allowed"
    )
    strict, written = Allowed(0.0, "export.tolerance.fp32", 5.0, logit=1e-4), replace(SAME, written=True)
    assert failure(replace(written, format=0.8789), strict) == (
        "it loses 0.11 points of accuracy on validation (88.00 % to 87.89 %), where export.tolerance.fp32=0 is allowed"
    )
    assert failure(replace(written, format=0.9), strict) is None


def test_a_tie_that_falls_the_other_way_is_no_loss():
    strict = Allowed(0.0, "export.tolerance.fp32", 5.0, logit=1e-4)
    flipped = replace(lost(ham=(0.9, 0.7, -0.3, -0.1)), format=0.8789, logit=5e-5)
    assert failure(flipped, strict) is None
    assert "it loses 0.11 points" in failure(replace(flipped, logit=2e-4), strict), "no tie explains this"
    assert "it loses 0.11 points" in failure(flipped, replace(ALLOWED, headline=0.0)), "eight bits promise no logits"


@pytest.mark.parametrize(
    ("decisions", "logit", "scale", "fails"),
    [(0, 0.3, 4.0, False), (2, 5e-5, 4.0, False), (2, 0.004, 4.0, True), (2, 0.004, 1000.0, False)],
)
def test_fixed_ranges_fail_where_decisions_change_with_the_batch(decisions, logit, scale, fails):
    changed = BatchChanges(872, alone=0, random=decisions, padded=min(1, decisions), largest_change=logit)
    assert depends_on_batch(changed, scale) is fails
    assert batch_failure(changed, scale) == (
        "up to 2 of its decisions on validation change with the batch (a logit by up to 0.004), where "
        "export.int8=static promises that none does"
        if fails
        else None
    )


def test_logits_fail_beyond_what_rounding_explains_at_their_scale():
    strict = Allowed(0.0, "export.tolerance.fp32", 5.0, logit=1e-4)
    assert failure(replace(SAME, logit=0.01), strict) == (
        "its logits differ by up to 0.01 from the student's, where 0.0001 is allowed"
    )
    assert failure(replace(SAME, logit=0.01, scale=2000.0), strict) is None
    assert failure(replace(SAME, logit=float("nan")), strict) is not None
    assert failure(replace(SAME, logit=5.0), ALLOWED) is None, "the answers of a quantised model alone decide"


def test_a_label_fails_that_loses_too_much_and_not_by_chance():
    assert failure(lost(ham=(0.9, 0.86, -0.06, -0.02)), ALLOWED) is None, "4 points are allowed"
    assert failure(lost(ham=(0.9, 0.7, -0.4, 0.0)), ALLOWED) is None, "20 points may be chance"
    assert failure(lost(ham=(0.9, 0.7, -0.3, -0.1), spam=(0.5, 0.5, 0, 0)), ALLOWED) == (
        "it loses points of recall on validation of 'ham' 20.0 (90.0 % to 70.0 %, interval of the change \N{MINUS SIGN}"
        "30.0 to \N{MINUS SIGN}10.0), where export.tolerance.label=5 is allowed"
    )


def test_of_many_labels_those_that_lose_most_are_named():
    labels = {f"label{number}": (0.9, 0.8 - number / 100, -0.3, -0.01) for number in range(5)}
    said = failure(lost(**labels), ALLOWED)
    assert "of 'label4' 14.0 (" in said
    assert "label2" in said
    assert " and 2 more, where" in said
    assert "label1" not in said


def test_all_reasons_are_said_in_one_sentence():
    said = failure(replace(SAME, format=0.5, logit=1.0), Allowed(0.0, "export.tolerance.fp32", 5.0, logit=1e-4))
    assert said.startswith("its logits differ by up to 1 from the student's, where 0.0001 is allowed; it loses 38.00 p")
