"""The stage that exports: what it certifies, times and leaves out, on the student of the recorded run."""

import json

import pytest
import torch
from test_recorded_run import again  # noqa: F401 - a fixture

from distill.export import EXPORTERS
from distill.inference.onnx_runtime import OnnxRuntime
from distill.report import console

ALL = "export.formats=null"
pytestmark = pytest.mark.slow


def bundle(again):  # noqa: F811
    return again.folder / "export" / "student"


def test_every_format_is_scored_timed_and_certified(again):  # noqa: F811
    statuses, report = again(ALL, "evaluate.latency_samples=2")
    assert statuses["distill"] == "reused"
    folder = bundle(again)
    certificate = json.loads((folder / "certificate.json").read_text(encoding="utf-8"))
    assert certificate == report["certificate"]
    assert list(certificate["formats"]) == list(EXPORTERS)
    sizes = ["1x16", "1x24", "32x16", "32x24"]
    student = report["models"]["student"]
    for name, facts in certificate["formats"].items():
        assert (facts["certified"], facts["reason"]) == (True, None)
        assert (folder / facts["path"]).exists()
        row = report["models"][name]
        assert (row["role"], row["parameters"]) == ("export", student["parameters"])
        assert row["metrics"] == facts["metrics"]
        assert set(row["per_label"]) == {"validation", "test"}
        assert set(row) == set(student), "an export has the fields of every compared model"
        assert list(row["latency_grid_ms"]) == list(facts["latency_ms"]) == sizes
        assert set(facts["recall_by_label"]) == {"negative", "positive"}
    assert list(report["models"]["teacher"]["latency_grid_ms"]) == sizes
    assert report["models"]["control"]["latency_grid_ms"] is None
    assert report["latency_grid"]["threads"] == 1
    assert report["latency_grid"]["flags"] == certificate["processor"]["flags"]
    for name in ("huggingface", "onnx"):
        facts = certificate["formats"][name]
        assert (facts["headline_loss"], facts["equal_decisions"], facts["batch_dependent"]) == (0.0, 1.0, None)
        assert facts["metrics"] == student["metrics"]
    rounded = certificate["formats"]["onnx_int8"]
    assert rounded["changed_by_batch"]["examples"] == 32
    assert not rounded["saturation"]["possible"]
    assert not rounded["batch_dependent"]
    assert rounded["bytes"] < certificate["formats"]["onnx"]["bytes"]
    assert "onnx_int8 passed" in console.table(report)


def test_config_card_and_certificate_say_what_made_the_bundle(again):  # noqa: F811
    _, report = again()
    folder = bundle(again)
    made_with = json.loads((folder / "config.json").read_text(encoding="utf-8"))["distill"]["made_with"]
    certificate = json.loads((folder / "certificate.json").read_text(encoding="utf-8"))
    card = (folder / "README.md").read_text(encoding="utf-8")
    assert made_with["command"] == certificate["command"] == report["command"]
    assert made_with["data"] == certificate["data"]["fingerprint"] == report["data"]["fingerprint"]
    assert made_with["versions"] == certificate["versions"]
    assert report["command"] in card
    assert report["data"]["fingerprint"] in card
    assert f"torch {certificate['versions']['torch'].partition('+')[0]}" in card
    assert certificate["formats"]["huggingface"]["latency_ms"] is None, "nothing is timed"
    assert "latency," not in console.table(report)


def test_dynamic_rounding_is_certified_as_dependent_on_the_batch(again):  # noqa: F811
    _, report = again(ALL, "export.int8=dynamic")
    facts = report["certificate"]["formats"]["onnx_int8"]
    assert facts["batch_dependent"] is True
    assert facts["changed_by_batch"]["largest_change"] > 1e-4
    assert "its answers depend on the batch" in " ".join(console.table(report).split())


def test_a_format_of_8_bits_that_loses_too_much_is_left_out(again, monkeypatch):  # noqa: F811
    right = OnnxRuntime.logits

    def always_the_first(self, batch):
        lost = 100.0 * torch.arange(2) if "quantized" in self.name else 0.0
        return right(self, batch) - lost

    monkeypatch.setattr(OnnxRuntime, "logits", always_the_first)
    _, report = again(ALL)
    exports = {export["format"]: export for export in report["exports"]}
    assert exports["onnx"]["left_out"] is None
    assert "export.tolerance.label=5 is allowed" in exports["onnx_int8"]["left_out"]
    assert [path.name for path in (bundle(again) / "onnx").iterdir()] == ["model.onnx"]
    assert "onnx_int8 was left out of the export: it loses" in " ".join(console.table(report).split())
    assert "onnx_int8" not in report["models"]


def test_fixed_ranges_whose_decisions_change_with_the_batch_are_left_out(again, monkeypatch):  # noqa: F811
    right = OnnxRuntime.logits

    def otherwise_alone(self, batch):
        alone = "quantized" in self.name and len(batch["input_ids"]) == 1
        return -right(self, batch) if alone else right(self, batch)

    monkeypatch.setattr(OnnxRuntime, "logits", otherwise_alone)
    _, report = again(ALL)
    left_out = {export["format"]: export["left_out"] for export in report["exports"]}
    facts = report["certificate"]["formats"]["onnx_int8"]
    assert left_out["onnx"] is None
    assert "decisions on validation change with the batch" in left_out["onnx_int8"]
    assert (facts["certified"], facts["batch_dependent"], facts["changed_by_batch"]["alone"]) == (False, True, 32)
    assert [path.name for path in (bundle(again) / "onnx").iterdir()] == ["model.onnx"]
