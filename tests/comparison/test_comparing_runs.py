"""Runs side by side: what is one row, what differs, and what is not compared."""

import csv
import io
import json
import re
import statistics
from dataclasses import replace

import pytest
from made_runs import made, report

from distill.comparison import columns, page, results, runs
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
    no_result = {"tracking": {"wandb": "offline"}, "target": {"size_mb": 3.0}, "report": {"examples": 0}}
    made(tmp_path / "b", temperature=4.0, settings={"data": {"workers": 3}, **no_result})
    comparison = compared(tmp_path)
    assert comparison.differing == ["distill.temperature"]
    assert [row.title for row in comparison.rows] == ["temperature=1.0", "temperature=4.0"]


def test_stages_name_a_row_only_where_nothing_else_does(tmp_path):
    made(tmp_path / "a", temperature=1.0, settings={"stages": ["distill"]})
    made(tmp_path / "b", temperature=2.0, settings={"stages": ["distill", "control"]})
    assert [row.title for row in compared(tmp_path).rows] == ["temperature=1.0", "temperature=2.0"]
    made(tmp_path / "c", temperature=2.0, settings={"stages": ["distill"]})
    assert [row.title for row in compared(tmp_path).rows] == [
        "temperature=1.0, stages=['distill']",
        "temperature=2.0, stages=['distill', 'control']",
        "temperature=2.0, stages=['distill']",
    ]


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
        "compare those of one task, or give --markdown for one table of what each came to"
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
    start, every = f"{newer}/report.json ", "schema, name, task, data, models and stages are missing or cut short"
    without = "name, task, data, models and stages are missing or cut short"
    whole = '{"schema": 1, "name": "a", "task": "b", "data": {}, "models": {}, "stages": '
    cases = {
        "{}": f"is no report of a run: {every}",
        "[1]": f"is no report of a run: {every}",
        '{"schema": true}': f"is no report of a run: {every}",
        '{"schema": 1}': f"is no report of a run: {without}",
        whole + "3}": "is no report of a run: stages is missing or cut short",
        whole + "[3]}": "is no report of a run: stages is missing or cut short",
        "": "is empty",
        "{": "is cut short, or was changed by hand (Expecting property name enclosed in double quotes: line 1 column 2 "
        "(char 1))",
    }
    again = f"; start its command again with hydra.run.dir={newer}, which takes finished stages from the store"
    for content, said in cases.items():
        (newer / "report.json").write_text(content)
        with pytest.raises(ConfigError, match=f"^{re.escape(f'{start}{said}{again}')}$"):
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
    assert "| 90.00 % | 80.00 % | 70.00 % | +10.00 (8.00 to 12.00) points |" in results.as_markdown(comparison)
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


def test_the_students_curves_are_those_that_are_open(tmp_path):
    for number, name in enumerate("ab"):
        folder = made(tmp_path / name, temperature=1.0 + number, curve=(0.5, 0.6 + number / 10))
        with (folder / "metrics.csv").open("a", encoding="utf-8") as file:
            file.write(f"control,0,validation/accuracy,0.4{number}\ncontrol,1,validation/accuracy,0.5\n")
    html = page.render(compared(tmp_path), "sweep")
    assert "<details open><summary>distill: 1 picture</summary>" in html
    assert "<details><summary>control: 1 picture</summary>" in html


def test_runs_that_evaluated_nothing_are_shown_without_scores(tmp_path):
    folder = made(tmp_path / "a")
    nothing = {**report(), "models": {}, "gain": None, "against_teacher": None}
    (folder / "report.json").write_text(json.dumps(nothing))
    comparison = compared(folder)
    assert "nothing was evaluated" in columns.as_text(comparison)
    assert "nothing was evaluated" in page.render(comparison, "one")


def several_seeds(folder, seeds=(1, 2, 3), **more):
    """The folder of a run that has trained several students, of accuracies 0.78, 0.80 and so on."""
    folder = made(folder, seed=seeds[0], student=0.8, settings={"seeds": list(seeds)}, **more)
    content = json.loads((folder / "report.json").read_text())
    head = {**{key: content["gain"][key] for key in ("metric", "mode", "split", "confidence")}, "spread": 0.02}
    scores = {str(seed): {"test": {"accuracy": 0.78 + n / 50, "f1": 0.5 + n / 10}} for n, seed in enumerate(seeds)}
    content["seeds"] = {
        "seeds": list(seeds),
        "best": seeds[1],
        **head,
        "models": {"student": {"mean": 0.8, "spread": 0.02, "interval": [0.71, 0.86], "by_seed": scores}},
        "gain": {**head, "seeds": len(seeds), "difference": 0.1, "interval": [0.03, 0.15]},
        "against_teacher": {"student": {**head, "seeds": len(seeds), "difference": -0.1, "interval": [-0.19, -0.04]}},
    }
    (folder / "report.json").write_text(json.dumps(content))
    rows = ["stage,step,name,value", "finetune,1,validation/accuracy,0.4"]
    rows += [f"distill{other},1,validation/accuracy,{n}" for n, other in enumerate(("", ":seed1", ":seed3"))]
    (folder / "metrics.csv").write_text("\n".join(rows) + "\n")
    return folder


def test_a_run_of_several_seeds_is_a_row_with_its_own_intervals(tmp_path):
    (row,) = compared(several_seeds(tmp_path / "a")).rows
    assert row.seeds == 3
    assert row.models["student"].scores["accuracy"] == (0.8, 0.71, 0.86, 3)
    f1 = row.models["student"].scores["f1"]
    half = 4.302653 * 0.1 / 3**0.5
    assert (f1.mean, f1.low, f1.high, f1.seeds) == pytest.approx((0.6, 0.6 - half, 0.6 + half, 3), abs=1e-6)
    assert row.models["teacher"].scores["accuracy"].seeds == 1
    assert (row.gain, row.loss) == ((0.1, 0.03, 0.15, 3), (-0.1, -0.19, -0.04, 3))


def test_several_seeds_in_one_run_are_not_folded_with_runs_of_one(tmp_path):
    several_seeds(tmp_path / "a")
    several_seeds(tmp_path / "b", (2, 3, 1))
    made(tmp_path / "c", seed=1, settings={"seeds": None})
    made(tmp_path / "d", seed=5)  # of a version that knows no seeds
    rows = compared(tmp_path).rows
    assert [row.seeds for row in rows] == [3, 3, 2]
    assert [row.title for row in rows] == ["seeds=[1, 2, 3]", "seeds=[2, 3, 1]", "seeds=null"]


def test_seeds_are_told_in_every_form(tmp_path):
    several_seeds(tmp_path / "a")
    comparison = compared(made(tmp_path / "b", seed=5), tmp_path / "a")
    lines = [line for line in csv.DictReader(io.StringIO(columns.as_csv(comparison))) if line["model"] == "student"]
    assert [(line["seeds"], line["seed"]) for line in lines] == [("1", "5"), ("3", "1 2 3")]
    (group,) = json.loads(columns.as_json(comparison))["groups"]
    assert group["rows"][1]["runs"][0]["seeds"] == [1, 2, 3]
    text = columns.as_text(comparison)
    assert "80.00 (71.00 to 86.00) %" in text
    assert "NOTE: Of a run with several seeds: the mean, with an interval for other examples and other seeds." in text
    html = page.render(compared(tmp_path / "a"), "one")
    assert html.count('<polyline class="line"') == 3, "the students of all seeds, not the one teacher"
    assert "seed 2</title>" in html


def test_one_markdown_table_holds_runs_of_several_tasks(tmp_path):
    several_seeds(tmp_path / "a")
    made(tmp_path / "b", task="translation", data="ffffffffffff", name="other")
    read = [runs.read(folder) for folder in runs.find([str(tmp_path)])]
    markdown = results.as_markdown(compare(read, several_tasks=True))
    head, _, first, second, *_ = markdown.splitlines()
    assert head == (
        "| run | data | metric | seeds | teacher | student | control | gain over control | of the teacher's | size | "
        "latency |"
    )
    assert first == (
        "| tiny | sample | accuracy on test | 3 | 90.00 % | 80.00 (71.00 to 86.00) % | 70.00 % | +10.00 (3.00 to "
        "15.00) points | 88.9 (78.9 to 95.6) % | 1.0 MB, 25.0 % of the teacher's | 2.00 ms, "
        "4.0 \N{MULTIPLICATION SIGN} as fast as the teacher |"
    )
    assert second.startswith("| other | sample | accuracy on test | 1 |")


def test_markdown_does_not_name_data_that_a_sample_stands_in_for_as_if_it_were_there(tmp_path):
    run = runs.read(made(tmp_path / "a"))
    sample = replace(
        run, report={**run.report, "data": {**run.report["data"], "name": "sst2", "stands_in_for": "sst2"}}
    )
    assert "| embedded sample, which stands in for sst2 |" in results.as_markdown(compare([sample]))


def test_markdown_counts_the_texts_without_labels_beside_the_rows(tmp_path):
    run = runs.read(made(tmp_path / "a"))
    data = {**run.report["data"], "name": "sst2", "rows": {"train": 500, "test": 9, "unlabelled": 4000}}
    table = results.as_markdown(compare([replace(run, report={**run.report, "data": data})]))
    assert "| sst2, 500 rows of train and 4,000 texts |" in table
