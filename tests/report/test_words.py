from distill.export.card import card
from distill.report import comparison, difference, first_of, metric, present, role, teachers, tie
from distill.report.page import render
from distill.report.sentences import verdict


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


def test_a_model_is_what_its_role_says_whatever_its_name(report):
    names = {"teacher": "large", "student": "tiny", "control": "alone"}
    report["models"] = {names[which]: {"role": which, **model} for which, model in report["models"].items()}
    assert present(report) == ["large", "tiny", "alone"]
    assert [first_of(report, wanted) for wanted in names] == list(names.values())
    assert teachers(report) == []
    report["models"]["other"] = {"role": "teacher", **report["models"]["large"]}
    assert present(report) == ["large", "other", "tiny", "alone"]
    assert teachers(report) == ["other"]


def test_verdict_page_and_card_find_models_by_their_roles(report):
    said = verdict(report)
    report["models"] = {name[:2]: {"role": name, **model} for name, model in report["models"].items()}
    report["against_teacher"] = {name[:2]: result for name, result in (report.get("against_teacher") or {}).items()}
    assert verdict(report) == said
    assert 'class="student">st</th>' in render(report, {})
    assert "The control is the same student" in card(report, pipeline="text-classification", license="mit")


def test_models_of_an_earlier_report_are_what_they_are_called(report):
    report["models"]["second"] = dict(report["models"]["teacher"])
    roles = {name: role(report, name) for name in report["models"]}
    assert roles == {"teacher": "teacher", "student": "student", "control": "control", "second": "teacher"}
