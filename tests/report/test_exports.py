"""What page, console and card say of each exported format."""

from html import unescape

import pytest

from distill.report import ABSENT, comparison, console, exports, page, present, sentences

CHANGES = {"examples": 872, "alone": 0, "random": 0, "padded": 0, "largest_change": 1.2e-6}
FACTS = {
    "headline_loss": 0.5, "equal_decisions": 0.9875, "batch_dependent": False, "changed_by_batch": CHANGES,
    "recall_by_label": {
        "ham": {"student": 0.9, "format": 0.88, "interval": [-0.04, 0.01]},
        "spam": {"student": 0.8, "format": 0.81, "interval": [-0.01, 0.03]},
    },
    "saturation": {"possible": False, "bound": 20_000, "limit": 32_767}, "kept_in_fp32": ["encoder.0.output"],
}  # fmt: skip
EXPORT = {"format": "onnx_int8", "path": "export/onnx/model_quantized.onnx", "bytes": 1, "left_out": None,
          "max_logit_drift": 0.03}  # fmt: skip


def shown(report):
    """The page, as a reader sees its words."""
    return unescape(page.render(report, {})).replace("\xa0", " ")


@pytest.fixture
def certified(report):
    report["certificate"] = {"formats": {"onnx_int8": dict(FACTS)}}
    report["exports"] = [dict(EXPORT)]
    return report


def test_the_details_of_a_format_are_those_of_the_certificate(certified):
    assert exports.details(certified, certified["exports"][0]) == [
        ("Answers", "98.75 % of decisions are the student's; logits differ from the student's by at most 3.0e-02"),
        ("Score", "0.50 points of accuracy less than the student on validation"),
        (
            "Other batches",
            "none of 872 decisions changes, standing alone, in random batches, padded to the limit; a logit changes by "
            "at most 1.2e-06",
        ),
        (
            "Recall",
            "'ham' loses most on validation, 2.0 points (interval of the change \N{MINUS SIGN}4.0 to 1.0)",
        ),
        ("Saturation", "none on any processor: sums of products reach at most 20,000 of 32,767"),
        ("In 32 bits", "encoder.0.output"),
    ]


def test_answers_that_depend_on_the_batch_and_sums_that_overflow_are_said(certified):
    facts = certified["certificate"]["formats"]["onnx_int8"]
    facts |= {
        "batch_dependent": True, "changed_by_batch": {**CHANGES, "alone": 3, "padded": 1, "largest_change": 0.36},
        "saturation": {"possible": True, "bound": 40_000, "limit": 32_767}, "headline_loss": -0.25, "kept_in_fp32": [],
    }  # fmt: skip
    said = dict(exports.details(certified, certified["exports"][0]))
    assert said["Other batches"] == (
        "of 872 decisions change 3 standing alone, 1 padded to the limit; a logit changes by up to 3.6e-01"
    )
    assert said["Saturation"].startswith("possible on processors without VNNI: sums of products reach at most 40,000")
    assert said["Score"] == "0.25 points of accuracy more than the student on validation"
    assert "In 32 bits" not in said
    assert exports.summary(certified, certified["exports"][0]) == (
        "onnx_int8 passed: 0.25 points of accuracy more than the student on validation, 98.75 % of decisions are the "
        "student's, its answers depend on the batch."
    )


def test_a_format_that_was_left_out_says_why_everywhere(certified):
    certified["exports"][0] |= {"left_out": "it loses 3.00 points", "bytes": None, "max_logit_drift": None}
    text = "onnx_int8 was left out of the export: it loses 3.00 points."
    assert f"Export: {text}" in console.table(certified)
    html = shown(certified)
    assert "<dt>Left out</dt><dd>it loses 3.00 points.</dd>" in html
    assert certified["exports"][0]["path"] not in html


def test_a_format_stands_beside_the_others_with_the_latencies_of_every_size(certified):
    student = certified["models"]["student"]
    certified["models"]["onnx_int8"] = {**student, "role": "export", "latency_grid_ms": {"32x128": {"p50": 42.0}}}
    student["latency_grid_ms"] = {"1x16": {"p50": 3.0}, "32x128": {"p50": 84.0}}
    assert present(certified)[-1] == "onnx_int8"
    rows = {(row.group, row.label): row.cells for row in comparison(certified)}
    assert rows["latency, 32 texts of 128 tokens", "p50"] == (ABSENT, "84.00 ms", ABSENT, "42.00 ms")
    assert rows["latency, 1 text of 16 tokens", "p50"] == (ABSENT, "3.00 ms", ABSENT, ABSENT)
    assert "onnx_int8" not in sentences.verdict(certified)
    certified["latency_grid"] = {"threads": 1, "processor": "A", "flags": ["avx2", "avx512_vnni"], "cpu_share": 0.5}
    assert (
        "Latency of whole batches: all texts of one length, 1 thread of A with avx2, avx512_vnni. The models had 50 % "
        "of the time that was measured."
    ) in " ".join(console.table(certified).split())


def test_a_report_of_an_earlier_version_is_still_shown(report):
    assert "certificate" not in report
    assert "logits are the student's" in shown(report)
    assert "Export: " not in console.table(report)
