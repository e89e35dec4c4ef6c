"""A calibrated export through the chain: every form of it divides, its papers say it, and nothing else is made anew."""

import json

import numpy as np
import pytest

from distill.inference.certified import read
from distill.inference.predictor import Predictor
from distill.models import checksums


@pytest.fixture(scope="module")
def runs(finished):
    """The reports and folders of the small run, and of one that differs in its export alone."""
    command, _ = finished
    folder = command.folder / "calibrated"
    out = command("export.formats=[huggingface,onnx]", "export.calibrate=true", f"hydra.run.dir={folder}")
    made = {"plain": (command.folder / "run", ""), "calibrated": (folder, " ".join(out.split()))}
    return {
        name: (json.loads((folder / "report.json").read_text(encoding="utf-8")), folder, out)
        for name, (folder, out) in made.items()
    }


def test_only_the_export_is_made_anew_and_says_what_it_did(runs):
    report, folder, out = runs["calibrated"]
    assert [stage["name"] for stage in report["stages"] if stage["status"] == "done"] == ["export"]
    calibration = report["certificate"]["calibration"]
    assert calibration == json.loads((folder / "export/student/certificate.json").read_text())["calibration"]
    temperature = calibration["temperature"]
    assert temperature == pytest.approx(report["calibration"]["models"]["student"]["temperature"])
    said = f"divided by the temperature {temperature:.2f}, fitted on validation"
    card = (folder / "export/student/README.md").read_text(encoding="utf-8")
    assert all(said in text for text in (card, out, (folder / "report.html").read_text(encoding="utf-8")))
    errors = report["calibration"]["models"]["huggingface"]["error"]
    assert errors["test"]["before"] == pytest.approx(calibration["calibration_error"]["test"]["after"], abs=1e-6)
    config = json.loads((folder / "export/student/config.json").read_text(encoding="utf-8"))
    assert config["distill"]["made_with"]["temperature_divided_by"] == temperature
    assert read(folder / "export/student") is not None
    checksums.verify(folder / "export/student")


def test_every_form_gives_the_calibrated_probability_and_the_same_label(runs):
    plain, calibrated = (runs[name][1] / "export" / "student" for name in ("plain", "calibrated"))
    temperature = runs["calibrated"][0]["certificate"]["calibration"]["temperature"]
    assert abs(temperature - 1) > 0.01
    texts = [{"text": text} for text in ("a fine film", "dull and long", "what a waste of time")]
    before = Predictor.load(plain, format="torch").predict(texts, top_k="all")
    for form in ("torch", "onnx"):
        for one, other in zip(before, Predictor.load(calibrated, format=form).predict(texts, top_k="all"), strict=True):
            assert one["label"] == other["label"]
            odds, divided = (
                np.log(answer["top"][0]["probability"] / answer["top"][1]["probability"]) for answer in (one, other)
            )
            assert divided == pytest.approx(odds / temperature, rel=1e-3, abs=1e-5)


def test_a_plain_run_says_nothing_of_it(runs):
    report, folder, _ = runs["plain"]
    assert report["certificate"]["calibration"] is None
    assert "calibrated" not in (folder / "export/student/README.md").read_text(encoding="utf-8")
    assert report["calibration"]["models"].keys() == {"teacher", "student", "control", "huggingface"}


def test_stages_say_what_they_took_and_lineage_leads_to_the_files(runs):
    report, folder, _ = runs["calibrated"]
    first = {stage["name"]: stage["made"] for stage in runs["plain"][0]["stages"]}
    for stage in report["stages"]:
        assert stage["made"].keys() >= {"seconds", "peak_memory_bytes", "energy_joules", "resumed"}
        if stage["status"] == "reused":
            assert stage["made"] == first[stage["name"]]
    nodes = {node["name"]: node for node in report["lineage"]}
    assert nodes["data"]["fingerprint"] == report["data"]["fingerprint"]
    assert nodes["distill"]["inputs"][:2] == ["data", "finetune"]
    assert {stage["name"]: stage["fingerprint"] for stage in report["stages"]}.items() <= {
        name: node["fingerprint"] for name, node in nodes.items()
    }.items()
    files = json.loads((folder / "export/student/checksums.json").read_text())["files"]
    for name in ("model.safetensors", "onnx/model.onnx"):
        assert nodes[f"export/student/{name}"]["fingerprint"] == files[name]["sha256"]
    seen = set()
    for node in report["lineage"]:
        assert seen >= set(node["inputs"]), "each after what it was made of"
        seen.add(node["name"])


@pytest.mark.parametrize("card", ["stsb_tiny", "multi30k_tiny"])
def test_a_task_without_probabilities_refuses_it(inside, card):
    out = inside(f"experiment={card}", "export.calibrate=true", small=False, code=2)
    assert "export.calibrate=True: belongs to classification, pair_classification" in out
