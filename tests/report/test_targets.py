"""Whether the student, or a form of it, is as good, as fast and as small as it has to be."""

import pytest

from distill.report import console
from distill.report.page import render
from distill.report.targets import judge, sentence

LIMITS = {"max_loss": 1.0, "latency_ms": 2.0, "size_mb": 0.5}


def beside(difference, interval, **more):
    found = {"metric": "accuracy", "mode": "max", "split": "test", "confidence": 0.95}
    return found | {"difference": difference, "interval": interval} | more


def form(report, name, *, compared, p50, size, role="export"):
    report["models"][name] = {**report["models"]["student"], "role": role, "bytes": size, "latency_ms": {"p50": p50}}
    report["against_teacher"] = {**(report.get("against_teacher") or {}), name: compared}


@pytest.fixture
def judged(report):
    def of(limits=LIMITS, **more):
        return {**report, **more, "targets": judge({**report, **more}, limits)}

    for name in ("teacher", "student", "control"):
        report["models"][name]["role"] = name
    form(report, "student", compared=beside(-0.002, [-0.008, 0.004]), p50=1.5, size=400_000, role="student")
    return of


def test_a_run_without_targets_or_without_a_student_is_judged_by_none(report, judged):
    assert judged({})["targets"] is None
    del report["models"]["student"]
    assert judged()["targets"] is None


def test_targets_are_met_by_the_quickest_form_that_meets_all(report, judged):
    form(report, "onnx", compared=beside(-0.002, [-0.008, 0.004]), p50=0.5, size=400_000)
    form(report, "onnx_int8", compared=beside(-0.03, [-0.04, -0.02]), p50=0.2, size=100_000)
    report["exports"] = []
    content = judged()
    assert (content["targets"]["verdict"], content["targets"]["best"]) == ("met", "onnx")
    assert {name: each["verdict"] for name, each in content["targets"]["forms"].items()} == {
        "student": "met", "onnx": "met", "onnx_int8": "not met"
    }  # fmt: skip
    assert sentence(content).replace("\N{MINUS SIGN}", "-") == (
        "The targets are met, best by onnx: 0.20 points of accuracy below the teacher on test (95 % interval -0.80 to "
        "0.40) where a loss of 1 point is allowed, 0.50 ms of 2 ms, and 400.0 kB of 0.5 MB."
    )


@pytest.mark.parametrize(
    ("difference", "interval", "verdict", "rows"),
    [
        (-0.002, [-0.010, 0.006], "met", None),
        (-0.002, [-0.0101, 0.006], "not decidable", 830),  # 800 · (8.1 / 8)²
        (-0.006, [-0.014, 0.002], "not decidable", 3200),  # twice as far as the limit: four times as many
        (-0.014, [-0.030, 0.002], "not decidable", 13000),  # the upper end has to come down to the limit: 800 · 4²
        (-0.01, [-0.02, 0.0], "not decidable", None),
        (-0.03, [-0.04, -0.0101], "not met", None),
        (0.03, [0.01, 0.05], "met", None),
    ],
)
def test_the_whole_interval_has_to_be_on_one_side_of_the_limit(report, judged, difference, interval, verdict, rows):
    report["against_teacher"]["student"] = beside(difference, interval)
    found = judged({"max_loss": 1.0})["targets"]["forms"]["student"]["targets"]["max_loss"]
    assert (found["verdict"], found.get("rows_needed")) == (verdict, rows)


def test_too_few_rows_are_said_with_how_many_it_takes(report, judged):
    report["against_teacher"]["student"] = beside(-0.006, [-0.014, 0.002])
    assert sentence(judged()).replace("\N{MINUS SIGN}", "-") == (
        "Whether the targets are met is not decidable; student comes nearest: 0.60 points of accuracy below the "
        "teacher on test (95 % interval -1.40 to 0.20) where a loss of 1 point is allowed: not decidable; 1.50 ms of "
        "2 ms: met; 400.0 kB of 0.5 MB: met; 800 rows of test are too few, about 3,200 decide."
    )
    report["against_teacher"]["student"] = beside(-0.01, [-0.02, 0.0])
    assert sentence(judged()).endswith("met; it lies at the limit itself, so that no number of rows tells.")


def test_a_form_that_is_not_compared_is_not_decidable(report, judged):
    form(report, "onnx", compared=None, p50=0.5, size=400_000)
    del report["models"]["student"]["bytes"]
    found = judged()["targets"]["forms"]
    assert found["onnx"]["targets"]["max_loss"]["verdict"] == "not decidable"
    assert found["student"]["targets"]["size_mb"]["verdict"] == "not decidable"
    assert "not compared with the teacher" in sentence(judged({"max_loss": 1.0, "latency_ms": 1.0}))


def test_too_slow_a_form_is_not_judged_where_the_machine_was_busy(report, judged):
    busy = {"threads": 1, "tokens": 12, "processor": "Some CPU", "cpu_share": 0.3}
    latency = {"latency_ms": 1.0}
    assert judged(latency)["targets"]["verdict"] == "not met"
    assert judged(latency, latency=busy)["targets"]["verdict"] == "not decidable"
    assert judged({"latency_ms": 2.0}, latency=busy)["targets"]["verdict"] == "met", "work of others makes none quicker"
    report["models"]["student"]["latency_ms"] = None
    assert judged(latency)["targets"]["verdict"] == "not decidable"
    assert "not measured of 1 ms: not decidable" in sentence(judged(latency))


def test_a_loss_of_a_metric_without_an_upper_end_is_a_part_of_the_teachers_value(report, judged):
    for name in ("teacher", "student"):
        report["models"][name]["metrics"] = {"test": {"perplexity": 50.0}}
    for difference, interval, verdict in ((0.4, [0.3, 0.5], "met"), (0.7, [0.6, 0.8], "not met")):
        report["against_teacher"]["student"] = beside(difference, interval, metric="perplexity", mode="min")
        content = judged({"max_loss": 1.0})
        assert content["targets"]["verdict"] == verdict
        assert "where a loss of 1 % of the teacher is allowed" in sentence(content)


def test_page_and_console_say_it(report, judged, curves):
    content = judged()
    assert "The targets are met, best by student" in " ".join(console.table(content).split())
    page = render(content, curves)
    assert page.index("The targets are met, best by student") < page.index("<h2>")
    assert "<h2>Targets</h2>" in page
    assert "<h2>Targets</h2>" not in render(report, curves)
