from distill.report import comparison, difference, metric, present, tie


def test_shares_are_percent_and_correlations_are_not():
    assert metric("exact_match", 0.5) == "50.00 %"
    assert metric("spearman", 0.5) == "0.500"


def test_a_value_that_is_missing_or_not_finite_is_a_dash():
    assert {metric("f1", None), metric("f1", float("nan")), metric("loss", float("inf"))} == {"\N{EN DASH}"}


def test_a_difference_too_small_to_show_has_no_sign_of_a_loss():
    assert difference("accuracy", -0.00001) == "+0.00 points"


def test_a_unit_stays_with_its_number():
    assert tie("1.00 points in 2 min 5 s at 3 ms") == "1.00\xa0points in 2\xa0min 5\xa0s at 3\xa0ms"


def test_models_stand_in_a_fixed_order(report):
    report["models"] = dict(reversed(report["models"].items()))
    assert present(report) == ["teacher", "student", "control"]


def test_a_metric_that_one_model_lacks_leaves_a_dash(report):
    del report["models"]["control"]["metrics"]["test"]["f1"]
    row = next(row for row in comparison(report) if (row.group, row.label) == ("test", "f1"))
    assert row.cells == ("90.41 %", "88.60 %", "\N{EN DASH}")
    assert row.amounts == (0.9041, 0.88604, None)
