"""The gate on answers of which it is known who is better: false alarms, what is caught, and what is said."""

import numpy as np
import pytest

from distill.comparison.estimates import Estimate
from distill.comparison.verdict import HEADLINE, LABEL, Check, Verdict
from distill.data.slices import Slice
from distill.metrics import classification, leading
from distill.pipeline.gating import Draws, Rules, compare, judged

NAMES = ("card", "loan", "fees", "fraud", "other")
ROWS, RIGHT = 1500, 0.85
QUICK = Draws(resamples=100, exchanges=999)
HALVES = [Slice("genre", name, np.arange(start, ROWS, 2)) for start, name in enumerate(("first", "second"))]


def answers(draw, gold, difficulty, worse=None):
    """What a model says: of a hard row it is more often wrong; the F1 of the label ``worse`` is 10 points lower."""
    likely = difficulty - 0.16 * (gold == worse)  # 2 r / (r + 1 + 0.15) falls from 0.85 to 0.75
    wrong = (gold + draw.integers(1, len(NAMES), size=len(gold))) % len(NAMES)
    return np.where(draw.random(len(gold)) < likely, gold, wrong)


def verdict(seed, worse=None):
    """Whether the second of two models of the same recipe passes, unless it is worse at a label."""
    draw = np.random.default_rng(seed)
    gold = draw.integers(len(NAMES), size=ROWS)
    difficulty = np.clip(draw.normal(RIGHT, 0.1, size=ROWS), 0.2, 0.99)
    old, new = (
        classification.score(answers(draw, gold, difficulty, which).tolist(), gold.tolist(), NAMES, ())
        for which in (None, worse)
    )
    checks = compare(old, new, leading(classification, None), Rules(), "test", HALVES, QUICK)
    return [check for check in checks if check.worse]


def test_two_draws_of_one_recipe_are_held_up_in_at_most_one_of_twenty_pairs():
    assert sum(bool(verdict(seed)) for seed in range(40)) <= 2


def test_a_label_that_is_ten_points_worse_is_caught_in_nine_of_ten():
    held = [verdict(100 + seed, worse=3) for seed in range(20)]
    assert sum(any(check.name == "fraud" for check in checks) for checks in held) >= 18


def checked(kind, difference, p=None, metric="accuracy"):
    return Check(kind, "x", metric, 100, 0.8, 0.8 + difference, Estimate(difference, -1, 1, 1), p, None, False, False)


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
