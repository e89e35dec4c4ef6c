"""Which labels gained and which lost, and which are taken for which."""

import re

from distill.report import by_label
from distill.report.page import render


def gain(difference, low, high):
    return {"difference": difference, "interval": [low, high]}


def with_gains(report, teacher, control):
    found = {"split": "test", "metric": "f1", "confidence": 0.95, "against": {"teacher": teacher, "control": control}}
    return report | {"label_gains": found}


def with_confusion(report, **models):
    return report | {"confusion": {"split": "test", "unit": "examples", "models": models}}


def test_the_label_that_lost_most_stands_first_with_its_intervals(report, curves):
    teacher = {"good": gain(0.01, -0.02, 0.04), "bad": gain(-0.05, -0.09, -0.01)}
    report = with_gains(report, teacher, {"good": gain(0.02, 0.0, 0.04)})
    found = by_label.gains(report)
    assert found.models == ["teacher", "control"]
    assert [(label, [cell.replace("\N{MINUS SIGN}", "-") for cell in cells]) for label, cells in found.rows] == [
        ("bad", ["-5.00 (-9.00 to -1.00)", ""]),
        ("good", ["+1.00 (-2.00 to 4.00)", "+2.00 (0.00 to 4.00)"]),
    ]
    page = render(report, curves)
    assert "<h2>Which labels gained, which lost</h2>" in page
    assert "in points with the 95 % interval; what lost most stands first" in page


def test_many_labels_unfold_on_demand(report):
    many = {f"label {number}": gain(0.0, 0.0, 0.0) for number in range(13)}
    assert not by_label.gains(with_gains(report, many, {})).is_open
    assert by_label.gains(with_gains(report, dict(list(many.items())[:12]), {})).is_open
    assert by_label.gains(with_gains(report, {}, {})) is None
    assert by_label.gains(report) is None


def test_few_labels_are_shown_as_a_matrix_of_each_model(report, curves):
    report = with_confusion(report, teacher=[["a", "a", 3], ["a", "b", 1]], student=[["b", "b", 2], ["a", "b", 4]])
    found = by_label.confusion(report)
    assert [(each.model, each.rows) for each in found.matrices] == [
        ("teacher", [("a", [("3", 0.75), ("1", 0.25)]), ("b", [("0", 0.0), ("0", 0.0)])]),
        ("student", [("a", [("0", 0.0), ("4", 1.0)]), ("b", [("0", 0.0), ("2", 1.0)])]),
    ]
    page = render(report, curves)
    assert len(re.findall(r'<table class="matrix">', page)) == 2
    assert '<td style="--share: 52.5%">3</td>' in page


def test_of_many_labels_the_pairs_that_the_student_confuses_most_are_shown(report, curves):
    same = [[f"l{number:02}", f"l{number:02}", 9] for number in range(13)]
    report = with_confusion(
        report, teacher=[*same, ["l00", "l01", 5]], student=[*same, ["l02", "l03", 2], ["l04", "l05", 7]]
    )
    found = by_label.confusion(report)
    assert found.matrices == []
    assert found.pairs == [("l04", "l05", ["0", "7"]), ("l02", "l03", ["0", "2"]), ("l00", "l01", ["5", "0"])]
    assert "the pairs that student confuses most often" in render(report, curves)
    assert by_label.confusion(report | {"confusion": None}) is None
