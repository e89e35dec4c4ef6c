import json
from pathlib import Path

import pytest


@pytest.fixture
def report():
    return json.loads((Path(__file__).parent / "report.json").read_text(encoding="utf-8"))


@pytest.fixture
def curves():
    def rows(name, values):
        return [{"step": 10 * (n + 1), "name": name, "value": value} for n, value in enumerate(values)]

    return {
        "pretrain": rows("train/loss", [8.0, 6.1, 5.2]) + rows("validation/perplexity", [420.0, 96.5]),
        "distill": [
            *rows("train/hard", [0.69, 0.51, 0.42]),
            *rows("train/soft", [0.8, 0.4, 0.25]),
            *rows("train/lr", [5e-4, 2.5e-4, 0.0]),
            *rows("validation/accuracy", [0.71, 0.83, 0.88625]),
        ],
    }


@pytest.fixture
def full():
    """What a report has of probabilities, of stages and of lineage, which reports of earlier versions lack."""

    def model(temperature):
        bins = [[10, 0.55, 0.6], [30, 0.9, 0.7]]
        errors = {split: {"before": 0.16, "after": 0.05} for split in ("validation", "test")}
        return {
            "temperature": temperature, "rows": {"validation": 40, "test": 40}, "error": errors, "nll": errors,
            "bins": {"before": bins, "after": bins},
        }  # fmt: skip

    made = {
        "seconds": 38.0, "peak_memory_bytes": 912_000_000, "peak_device_memory_bytes": None, "energy_joules": None,
        "resumed": False,
    }  # fmt: skip
    stage = {"name": "distill", "seconds": 0.1, "fingerprint": "b1e5920d6a7f", "folder": "outputs/store/distill-b1"}
    return {
        "calibration": {
            "fitted_on": "validation", "split": "test", "unit": "examples",
            "models": {"teacher": model(1.8), "student": model(1.2), "control": model(None)},
        },
        "stages": [{**stage, "status": "reused", "made": made}, {**stage, "name": "evaluate", "status": "done"}],
        "lineage": [
            {"name": "data", "kind": "data", "what": "sst2 (embedded)", "fingerprint": "ab12f03c9d77", "inputs": []},
            {"name": "distill", "kind": "stage", "what": "", "fingerprint": "b1e5920d6a7f", "inputs": ["data"]},
            {
                "name": "export/student/model.safetensors", "kind": "file", "what": "", "fingerprint": "c0ffee" * 10,
                "inputs": ["export"],
            },
        ],
    }  # fmt: skip
