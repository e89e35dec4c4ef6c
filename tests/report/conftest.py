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
