"""The sections of the page on cost, probabilities, stages and lineage say what the report has, and no more."""

import copy
import re
import xml.etree.ElementTree as ElementTree
from itertools import pairwise

import pytest

from distill.metrics.reliability import MOST
from distill.report import ABSENT, charts, costs, curves, fronts, lineage, milliseconds, reliability
from distill.report.chart_labels import Box, Mark, placed
from distill.report.charts import Axis, Point
from distill.report.page import render

PLAIN = "{:g}".format


def text_of(page):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page).replace("\xa0", " "))


def test_each_model_stands_in_both_pictures_with_the_front_marked(report):
    latency, size = fronts.fronts(report)
    assert [row[0] for row in latency.rows] == ["student", "control", "teacher"]
    assert [row[3] for row in latency.rows] == [True, False, True]
    assert latency.sentence.endswith("is both better and cheaper: student and teacher.")
    assert size.svg.count("<circle") == 3
    assert size.svg.count('class="dot best') == 2
    assert "student: 87.88 %, 991.3 kB" in size.svg
    for drawn in (latency, size):
        ElementTree.fromstring(drawn.svg)  # noqa: S314 - our own picture


def test_of_errors_the_lowest_is_on_the_front(report):
    for name, value in (("teacher", 0.5), ("student", 0.6), ("control", 0.4)):
        report["models"][name]["metrics"] = {"test": {"mse": value}}
    report["gain"] |= {"metric": "mse"}
    assert [row[3] for row in fronts.fronts(report)[0].rows] == [True, True, False]


def test_a_model_without_a_latency_is_left_out_and_one_point_is_no_picture(report):
    report["models"]["control"]["latency_ms"] = None
    assert [row[0] for row in fronts.fronts(report)[0].rows] == ["student", "teacher"]
    report["models"]["teacher"]["latency_ms"] = {"p50": 0}
    assert [drawn.title for drawn in fronts.fronts(report)] == ["accuracy against size"]


def test_names_lie_neither_on_each_other_nor_on_points_and_the_same_point_has_one():
    marks = [Mark(100, 100, "teacher"), Mark(108, 102, "student"), Mark(111, 99, "huggingface"), Mark(120, 96, "onnx")]
    labels = placed(marks, Box(60, 0, 400, 230))
    assert [label.text for label in labels] == ["teacher", "student, huggingface", "onnx"]
    boxes = []
    for label in labels:
        width = 6.3 * len(label.text)
        left = label.x - {"start": 0, "middle": width / 2, "end": width}[label.anchor]
        boxes.append(Box(left, label.y - 10, left + width, label.y + 3))
    assert all(one.shared(other) == 0 for number, one in enumerate(boxes) for other in boxes[:number])
    dots = [Box(mark.x - 5, mark.y - 5, mark.x + 5, mark.y + 5) for mark in marks]
    assert all(box.shared(dot) == 0 for box in boxes for dot in dots)


@pytest.mark.parametrize("costs_of", [(1.0, 1.0), (0.2, 900.0), (3e5, 4e9), (1e3, 1e9)])
def test_a_few_numbers_stand_below_any_range_of_costs(costs_of):
    points = [Point(cost, 0.5, "student", str(cost), "") for cost in costs_of]
    picture = charts.scatter(points, points, Axis("cost", PLAIN), Axis("quality", PLAIN))
    assert 1 <= picture.count('text-anchor="middle"') - 1 <= 6


def test_numbers_below_a_picture_have_room():
    points = [Point(cost, 0.5, "student", str(cost), "") for cost in (500.0, 900.0)]
    picture = charts.scatter(points, points, Axis("cost", milliseconds), Axis("quality", PLAIN))
    places = [float(x) for x, text in re.findall(r'<text x="([\d.]+)"[^>]*>([\d.]+ ms)<', picture)]
    assert len(places) > 1
    assert min(second - first for first, second in pairwise(places)) > 7 * len("500.00 ms")


def test_probabilities_are_shown_before_and_after(report, full):
    full["calibration"]["models"]["student"]["temperature"] = MOST - 1e-6
    found = reliability.reliabilities(report | full)
    assert [each.model for each in found.diagrams] == ["teacher", "student", "control"]
    svg = found.diagrams[0].svg
    assert (
        'aria-label="Reliability of teacher on test: calibration error 16.0 % before temperature scaling, 5.0 %' in svg
    )
    assert svg.count('<circle class="before"') == svg.count('<circle class="after"') == 2
    assert "before: 30 that are 90% sure, 70% right" in svg
    assert [row[1][0] for row in found.rows] == ["1.80", "20.00, the bound", "none fits"]
    assert "test, which it has not seen" in found.sentences[0]
    assert "export.calibrate=true" in found.sentences[1]


def test_without_a_test_split_it_is_said_that_the_pictures_flatter(report, full):
    changed = copy.deepcopy(full)
    changed["calibration"]["split"] = "validation"
    assert "there is no test split" in reliability.reliabilities(report | changed).sentences[0]


def test_a_calibrated_export_is_said_to_be_one(report, full):
    errors = {"validation": {"before": 0.1, "after": 0.01}, "test": {"before": 0.12, "after": 0.034}}
    calibration = {"temperature": 1.234, "fitted_on": "validation", "calibration_error": errors}
    said = "divided by the temperature 1.23, fitted on validation"
    page = text_of(render(report | full | {"certificate": {"formats": {}, "calibration": calibration}}, {}))
    assert said in page
    assert "on test is 3.4 %, 12.0 % before" in page
    assert said not in text_of(render(report | full, {}))


def test_a_reused_stage_says_so_and_what_it_took_when_it_was_made(report, full):
    found = costs.costs(report | full)
    reused, old = found.stages
    assert (reused.status, reused.time, reused.memory) == ("reused: made by an earlier run", "38.0 s", "912.0 MB")
    assert (old.status, old.time, old.memory) == ("done", "0.1 s", ABSENT)
    assert not found.has_energy
    assert "This machine does not tell how much energy it takes" in " ".join(found.notes)


def test_energy_stands_there_where_a_machine_tells_it(report, full):
    changed = copy.deepcopy(full)
    changed["stages"][0]["made"] |= {"energy_joules": {"processor": 7200.0}, "peak_device_memory_bytes": 2e9}
    page = text_of(render(report | changed, {}))
    assert "2.0 Wh" in page
    assert "2.0 GB" in page
    assert "by RAPL of processors and NVML of cards" in page


def test_a_stage_that_was_interrupted_says_that_the_rest_is_counted(report, full):
    changed = copy.deepcopy(full)
    changed["stages"][0]["made"]["resumed"] = True
    found = costs.costs(report | changed)
    assert found.stages[0].status == "reused: made by an earlier run, from where it was interrupted"
    assert "only what came after the interruption" in " ".join(found.notes)


def test_lineage_leads_from_data_to_files(report, full):
    data, distill, file = lineage.steps(report | full)
    assert (data.what, data.sources) == ("sst2 (embedded)", [])
    assert distill.sources == [("data", "ab12f03c9d77")]
    assert (file.fingerprint, file.whole) == ("c0ffeec0ffee", "c0ffee" * 10)
    assert "From data to export" in render(report | full, {})
    assert "From data to export" not in render(report, {})


def test_shares_of_the_loss_are_stacked_and_terms_of_other_sizes_are_told_apart():
    rows = [
        {"step": step, "name": name, "value": value}
        for step in (1, 2, 3)
        for name, value in (
            ("train/hard", 0.5), ("train/tiny", 0.001 * step), ("train/loss_share/hard", 0.75),
            ("train/loss_share/tiny", 0.25), ("train/share/hard", 0.4), ("train/share/tiny", 0.6),
        )
    ]  # fmt: skip
    pictures = {picture.title: picture for picture in curves.draw({"distill": rows})}
    assert list(pictures) == ["training losses", "share of the loss", "share of the gradient"]
    assert pictures["share of the loss"].key == [("hard", "75.0 %"), ("tiny", "25.0 %")]
    assert ">0.001<" in pictures["training losses"].svg.replace(" ", "").replace("\n", "")
