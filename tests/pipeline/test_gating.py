"""The gate on answers of which it is known who is better: false alarms, what is caught, and what is said."""

import numpy as np
import pytest

from distill.comparison.estimates import Estimate
from distill.comparison.verdict import HEADLINE, LABEL, Check, Verdict
from distill.data.slices import Slice
from distill.metrics import classification, leading
from distill.pipeline.paired_checks import Draws, Rules, compare, judged

NAMES = ("card", "loan", "fees", "fraud", "other")
ROWS, RIGHT = 1500, 0.85
QUICK = Draws(resamples=20, exchanges=999)
HALVES = [Slice("genre", name, np.arange(start, ROWS, 2)) for start, name in enumerate(("first", "second"))]


def answers(draw, gold, difficulty, worse=None, lost=0.16):
    """What a model says: of a hard row it is more often wrong; the recall of the label ``worse`` is lower."""
    likely = difficulty - lost * (gold == worse)  # of 0.16 the F1, 2 r / (r + 1 + 0.15), falls from 0.85 to 0.75
    wrong = (gold + draw.integers(1, len(NAMES), size=len(gold))) % len(NAMES)
    return np.where(draw.random(len(gold)) < likely, gold, wrong)


def found(seed, worse=None, lost=0.16, rows=ROWS, halves=HALVES):
    """The checks of the second of two models of the same recipe, unless it is worse at a label."""
    draw = np.random.default_rng(seed)
    gold = draw.integers(len(NAMES), size=rows)
    difficulty = np.clip(draw.normal(RIGHT, 0.1, size=rows), 0.2, 0.99)
    old, new = (
        classification.score(answers(draw, gold, difficulty, which, lost).tolist(), gold.tolist(), NAMES, ())
        for which in (None, worse)
    )
    return compare(old, new, leading(classification, None), Rules(), "test", halves, QUICK)


def verdict(seed, worse=None):
    """What holds the second model up."""
    return [check for check in found(seed, worse) if check.worse]


def test_two_draws_of_one_recipe_are_held_up_in_at_most_one_of_twenty_pairs():
    assert sum(bool(verdict(seed)) for seed in range(40)) <= 2


def test_a_label_that_is_ten_points_worse_is_caught_in_nine_of_ten():
    held = [verdict(100 + seed, worse=3) for seed in range(20)]
    assert sum(any(check.name == "fraud" for check in checks) for checks in held) >= 18


def test_ten_points_of_recall_are_caught_in_nine_of_ten_where_there_are_the_rows_that_it_takes():
    fraud = NAMES.index("fraud")
    tested = [
        next(check for check in found(200 + seed, fraud, 0.1, rows=2900, halves=()) if check.name == "fraud")
        for seed in range(20)
    ]
    assert all(500 < check.needed < 700 for check in tested)
    assert sum(check.worse for check in tested) >= 18
    assert all(check.small for check in found(1) if check.kind == LABEL)  # 300 rows are too few


def test_labels_of_too_few_rows_are_named_with_how_many_it_takes():
    checks = judged(
        [checked(HEADLINE, 0.01, 0.9), checked(LABEL, 0, 0.9)._replace(parting=0.02, least=1e-9)], 0.05, None
    )
    said = Verdict("old", "new", "test", 0.95, None, 0.05, checks).unsure
    assert said.endswith("Too few rows to catch 10 points less in 9 of 10 cases: x (100 of about 145).")


def checked(kind, difference, p=None, metric="accuracy"):
    return Check(kind, "x", metric, 100, 0.8, 0.8 + difference, Estimate(difference, -1, 1, 1), p)


@pytest.mark.parametrize(
    ("difference", "metric", "tolerance", "worse"),
    [
        (-0.01, "accuracy", 1.0, False),
        (-0.0101, "accuracy", 1.0, True),
        (-0.001, "accuracy", 0.0, True),
        (0.0, "accuracy", 0.0, False),
        (-0.5, "perplexity", 1.0, False),
        (-1.5, "perplexity", 1.0, True),
        (float("nan"), "accuracy", 1.0, True),
    ],
)
def test_a_tolerance_alone_decides_on_the_headline(difference, metric, tolerance, worse):
    (check,) = judged([checked(HEADLINE, difference, metric=metric)], 0.05, tolerance)
    assert check.worse == worse


def test_p_values_count_for_all_tests_together():
    checks = judged([checked(HEADLINE, -0.01, 0.03), checked(LABEL, -0.2, 0.02), checked(LABEL, 0, 0.9)], 0.05, None)
    assert [check.adjusted for check in checks] == pytest.approx([0.06, 0.06, 0.9])
    assert not any(check.worse for check in checks)
    assert judged([checked(LABEL, -0.2, 0.01), checked(LABEL, 0, 0.9)], 0.05, None)[0].worse


def test_the_reason_stands_first_and_says_what_these_rows_cannot_tell():
    checks = judged([checked(HEADLINE, -0.02, 0.4), checked(LABEL, -0.3, 0.001, "f1")], 0.05, None)
    held = Verdict("old", "new", "test", 0.95, None, 0.05, checks)
    assert held.reason.startswith("f1 of label x (100 rows): 80.00 % before, 50.00 % now, ")
    assert held.as_text().startswith("HELD: f1 of label x")
    passed = held._replace(checks=checks[:1])
    assert passed.passed
    assert passed.as_text().startswith("PASSED: accuracy on x (100 rows)")
    assert "accuracy may be up to 100.00 points lower" in passed.unsure
