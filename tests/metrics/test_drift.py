"""Drift against SciPy, and on samples of which it is known whether they differ."""

import numpy as np
import pytest
from scipy import stats

from distill.metrics.drift import label_shift, shift


def test_numbers_are_compared_as_by_scipy():
    draw = np.random.default_rng(0)
    old, new = draw.normal(0, 1, 300), draw.normal(0.5, 1, 200)
    found = shift(old, new)
    twin = stats.ks_2samp(old, new)
    assert (found["distance"], found["p"]) == pytest.approx((twin.statistic, twin.pvalue))
    assert found["difference"] == pytest.approx(new.mean() - old.mean())
    half = 1.96 * np.sqrt(old.var() / 300 + new.var() / 200)
    assert found["interval"] == pytest.approx((found["difference"] - half, found["difference"] + half), abs=0.05)
    assert found["rows"] == (300, 200)


def test_shares_of_labels_are_compared_as_by_scipy():
    found = label_shift({"a": 60, "b": 40}, {"a": 30, "b": 40, "c": 30})
    assert found["distance"] == pytest.approx(0.3)
    assert found["shares"]["c"] == (0.0, 0.3)
    assert found["p"] == pytest.approx(stats.chi2_contingency([[60, 40, 0], [30, 40, 30]], correction=False).pvalue)
    assert 0.08 < found["by_chance"] < 0.16


def test_the_same_shares_are_no_drift():
    found = label_shift({"a": 500, "b": 500}, {"a": 50, "b": 50})
    assert found["distance"] == 0 < found["by_chance"]
    assert found["p"] == 1
    assert label_shift({"a": 5}, {"a": 7})["p"] == 1
