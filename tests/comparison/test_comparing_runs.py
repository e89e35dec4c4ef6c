"""Runs side by side: what is one row, what differs, and what is not compared."""

import csv
import io
import json
import re
import statistics

import pytest
from made_runs import made, report

from distill.comparison import columns, page, runs
from distill.comparison.estimates import estimate
from distill.comparison.table import compare
from distill.errors import ConfigError
from distill.report import charts
from distill.report.charts import Point


def compared(*folders):
    return compare([runs.read(folder) for folder in runs.find(map(str, folders))])


def test_runs_that_differ_only_in_their_seed_are_one_row_with_mean_and_interval(tmp_path):
    scores = (0.80, 0.82, 0.87)
    for seed, score in enumerate(scores):
        made(tmp_path / str(seed), seed=seed, student=score)
    (row,) = compared(tmp_path).rows
    found = row.models["student"].scores["accuracy"]
    half = 4.302653 * statistics.stdev(scores) / 3**0.5  # Student's t of 2 degrees of freedom
    assert found.mean == pytest.approx(statistics.fmean(scores))
    assert (found.low, found.high) == pytest.approx((found.mean - half, found.mean + half))
    assert found.seeds == 3
    assert row.gain.mean == pytest.approx(statistics.fmean(scores) - 0.7)


def test_what_differs_names_the_rows(tmp_path):
    made(tmp_path / "a", temperature=1.0)
    made(tmp_path / "b", temperature=4.0, settings={"data": {"workers": 3}, "tracking": {"wandb": "offline"}})
    comparison = compared(tmp_path)
    assert comparison.differing == ["distill.temperature"]
    assert [row.title for row in comparison.rows] == ["temperature=1.0", "temperature=4.0"]


def test_a_row_of_one_seed_has_the_gain_and_interval_of_its_report(tmp_path):
    (row,) = compared(made(tmp_path / "a", student=0.8, control=0.7)).rows
    assert (row.gain.mean, row.gain.low, row.gain.high) == pytest.approx((0.1, 0.08, 0.12))
    assert row.loss.mean == pytest.approx(-0.1)


def test_the_same_run_again_counts_once_and_is_said(tmp_path):
    made(tmp_path / "a", student=0.8)
    made(tmp_path / "b", student=0.9, settings={"store": "elsewhere"})
    comparison = compared(tmp_path)
    assert [len(row.runs) for row in comparison.rows] == [1]
    assert comparison.notes == [f"Run again with the same settings and seed, so left out: {tmp_path / 'a'}."]


def test_runs_on_other_rows_stand_apart_and_are_not_compared(tmp_path):
    made(tmp_path / "a", temperature=1.0)
    made(tmp_path / "b", temperature=2.0, data="ffffffffffff")
    comparison = compared(tmp_path)
    assert [len(group.rows) for group in comparison.groups] == [1, 1]
    assert comparison.notes == [
        "Scores are not compared between sample (2e2610b080ab) and sample (ffffffffffff): they were measured on "
        "different rows, or by different metrics."
    ]


def test_the_same_test_rows_are_compared_whatever_the_rows_of_train(tmp_path):
    made(tmp_path / "a", temperature=1.0, test_rows="same", data="aaaaaaaaaaaa")
    made(tmp_path / "b", temperature=2.0, test_rows="same", data="bbbbbbbbbbbb")
    assert len(compared(tmp_path).groups) == 1
    made(tmp_path / "c", temperature=1.0, test_rows="other", data="aaaaaaaaaaaa", seed=2)
    assert [len(group.rows) for group in compared(tmp_path).groups] == [2, 1]


def test_runs_of_several_tasks_are_refused(tmp_path):
    made(tmp_path / "a")
    made(tmp_path / "b", task="translation")
    with pytest.raises(ConfigError) as refused:
        compared(tmp_path)
    assert str(refused.value) == (
        f"these runs are of several tasks, classification ({tmp_path / 'a'}) and translation ({tmp_path / 'b'}): "
        "compare those of one task"
    )


def test_what_is_no_run_is_refused(tmp_path):
    (tmp_path / "empty").mkdir()
    cases = {
        "empty": f"{tmp_path}/empty is no folder of a finished run, and holds none: no report.json is there",
        "nowhere": f"{tmp_path}/nowhere: there is no such folder",
        "a*": f"{tmp_path}/a* matches no folder",
    }
    for place, message in cases.items():
        with pytest.raises(ConfigError, match=f"^{re.escape(message)}$"):
            runs.find([f"{tmp_path}/{place}"])


def test_a_report_of_a_newer_schema_or_none_is_refused(tmp_path):
    newer = made(tmp_path / "newer", schema=99)
    with pytest.raises(
        ConfigError, match=r"report.json has the schema 99, and this version of distill knows \d at most"
    ):
        runs.read(newer)
    for content in ("{}", "[]", '{"schema": true}', '{"schema": 1}'):
        (newer / "report.json").write_text(content)
        with pytest.raises(ConfigError, match=r"report.json is no report of a run$"):
            runs.read(newer)


def test_an_older_report_is_read(tmp_path):
    folder = made(tmp_path / "old")
    older = report()
    for model in older["models"].values():
        del model["role"]
    del older["against_teacher"]
    (folder / "report.json").write_text(json.dumps(older))
    (folder / "config.yaml").unlink()
    (folder / "metrics.csv").unlink()
    (row,) = compared(folder).rows
    assert row.models["student"].role == "student"
    assert row.loss is None


def test_patterns_and_folders_find_each_run_once_in_the_order_of_a_sweep(tmp_path):
    names = [f"{number}_tiny" for number in range(12)]
    for name in names:
        made(tmp_path / "sweep" / name)
    found = runs.find([f"{tmp_path}/sweep", f"{tmp_path}/sweep/*_tiny"])
    assert [path.name for path in found] == names


def test_the_front_is_what_nothing_beats_in_both():
    points = [Point(*place, "", name) for name, place in {"a": (1, 5), "b": (2, 5), "c": (2, 7), "d": (3, 6)}.items()]
    assert [point.name for point in charts.front(points, lower_is_better=False)] == ["a", "c"]
    assert [point.name for point in charts.front(points, lower_is_better=True)] == ["a"]


def test_no_number_of_no_seed_makes_an_estimate():
    assert estimate([]) is None
    assert estimate([None, float("nan")]) is None
    assert estimate([0.5])[1:] == (None, None, 1)


def test_csv_json_and_markdown_say_the_same_numbers(tmp_path):
    made(tmp_path / "a", temperature=1.0, student=0.8)
    made(tmp_path / "b", temperature=4.0, student=0.85)
    comparison = compared(tmp_path)
    lines = [line for line in csv.DictReader(io.StringIO(columns.as_csv(comparison))) if line["model"] == "student"]
    assert [(line["distill.temperature"], line["accuracy"]) for line in lines] == [("1.0", "0.8"), ("4.0", "0.85")]
    (group,) = json.loads(columns.as_json(comparison))["groups"]
    assert [row["models"]["student"]["metrics"]["accuracy"]["mean"] for row in group["rows"]] == [0.8, 0.85]
    markdown = columns.as_markdown(comparison)
    assert "| temperature=1.0 | 1 | 90.00 % | 80.00 % | 70.00 % | 88.9 % | +10.00 (8.00 to 12.00) points |" in markdown
    text = columns.as_text(comparison)
    assert all(len(line) <= 110 for line in text.splitlines())
    assert "  1  temperature=1.0" in text


def test_the_page_has_filters_fronts_curves_and_settings_and_asks_nothing_of_a_network(tmp_path):
    made(tmp_path / "a", temperature=1.0, curve=(0.5, 0.7), name="<b>tiny</b>")
    made(tmp_path / "b", temperature=4.0, student=0.85)
    html = page.render(compared(tmp_path), "<i>sweep</i>")
    assert "<i>" not in html
    assert "&lt;i&gt;sweep" in html
    assert not re.findall(r'(?:src|href)="|url\(|https?:|fetch\(', html)
    assert "<option>1.0</option><option>4.0</option>" in html
    assert "accuracy against latency" in html
    assert "accuracy against size" in html
    assert html.count('<polyline class="line"') == 2
    differing = html[html.index(" that differ</summary>") : html.index(" that are the same</summary>")]
    assert "distill.temperature" in differing


def test_curves_that_all_runs_share_are_left_out(tmp_path):
    made(tmp_path / "a", temperature=1.0)
    made(tmp_path / "b", temperature=4.0)
    assert '<polyline class="line"' not in page.render(compared(tmp_path), "sweep")


def test_runs_that_evaluated_nothing_are_shown_without_scores(tmp_path):
    folder = made(tmp_path / "a")
    nothing = {**report(), "models": {}, "gain": None, "against_teacher": None}
    (folder / "report.json").write_text(json.dumps(nothing))
    comparison = compared(folder)
    assert "nothing was evaluated" in columns.as_text(comparison)
    assert "nothing was evaluated" in page.render(comparison, "one")
