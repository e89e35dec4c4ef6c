"""Parts of the rows in the report: which are far off, and how the table says it."""

import pytest

from distill.report import slices


def scores(value, low, high, against=None):
    found = {"value": value, "interval": [low, high]}
    return found | ({"against_teacher": {"difference": against[0], "interval": list(against)}} if against else {})


def report(low, high, rows=200, mode="max", metric="accuracy"):
    student = scores((low + high) / 2, low, high, (-0.2, -0.1))
    part = {"by": "genre", "name": "film", "title": "genre=film", "rows": rows}
    return {
        "data": {"rows": {"test": 1000}},
        "models": {"teacher": {"role": "teacher"}, "student": {"role": "student"}},
        "slices": {
            "split": "test", "metric": metric, "mode": mode, "confidence": 0.95, "small": 30,
            "all": {"teacher": scores(0.9, 0.88, 0.92), "student": scores(0.8, 0.78, 0.82)},
            "slices": [{**part, "models": {"teacher": scores(0.88, 0.8, 0.95), "student": student}}],
        },
    }  # fmt: skip


def test_a_slice_whose_whole_interval_is_worse_is_named_with_the_teacher_s_score():
    assert slices.far_off(report(0.6, 0.7)) == [
        "Slice genre=film (200 rows of test): student has accuracy of 65.00 % (60.00 % to 70.00 %), on all rows "
        "80.00 %; teacher has 88.00 % here, clearly more."
    ]


@pytest.mark.parametrize("made", [report(0.6, 0.85), report(0.6, 0.7, rows=29), report(0.6, 0.7, mode="min")])
def test_a_slice_that_may_be_as_good_or_is_too_small_is_not_named(made):
    assert slices.far_off(made) == []


def test_the_table_has_all_rows_first_and_marks_what_is_too_small():
    found = slices.table(report(0.6, 0.7, rows=12))
    assert [row[:2] for row in found.rows] == [("all", "1,000"), ("genre=film (too few to judge)", "12")]
    assert found.rows[1][2] == ["88.00 % (80.00 to 95.00)", "65.00 % (60.00 to 70.00)"]
    assert slices.table({"data": {}}) is None
