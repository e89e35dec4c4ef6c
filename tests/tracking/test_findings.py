import json
from pathlib import Path

import pytest

from distill.tracking.findings import findings

REPORT = json.loads((Path(__file__).parents[1] / "report" / "report.json").read_text(encoding="utf-8"))
EXAMPLES = [
    {
        "id": 7,
        "kind": "teacher right, student wrong",
        "inputs": {"text": "a | b"},
        "gold": "positive",
        "teacher": {"label": "positive", "probabilities": {"positive": 0.75}},
        "student": {"label": "negative"},
        "control": {"label": "negative"},
    }
]


@pytest.fixture(scope="module")
def found():
    report = {**REPORT, "confusion": {"models": {"student": [["negative", "positive", 3]], "teacher": []}}}
    links = {"distill": {"id": "ab", "group": "earlier", "url": "https://one"}}
    return findings(report, EXAMPLES, links, None)


def test_a_row_of_each_label_model_and_split(found):
    table = found.tables["per_label"]
    assert table.columns == ("model", "split", "label", "precision", "recall", "f1", "support")
    assert list(table.rows[0]) == ["teacher", "test", "negative", 0.88889, 0.89247, 0.89068, 372]
    assert len(table.rows) == 15


def test_examples_stand_with_what_each_model_says(found):
    table = found.tables["disagreements"]
    assert table.columns == ("id", "kind", "text", "gold", "teacher", "student", "control")
    (row,) = table.rows
    assert row[:4] == ["7", "teacher right, student wrong", "a | b", "positive"]
    assert json.loads(row[4]) == EXAMPLES[0]["teacher"]


def test_without_examples_no_text_is_in_any_table():
    assert "disagreements" not in findings(REPORT, [], {}, None).tables


def test_a_stage_is_linked_to_the_run_that_tracked_it(found):
    rows = {row[0]: row for row in found.tables["stages"].rows}
    assert list(rows["distill"][-3:]) == ["earlier", "ab", "https://one"]
    assert list(rows["finetune"][-3:]) == [None, None, None]


def test_models_stand_by_quality_and_cost(found):
    rows = {row[0]: list(row) for row in found.tables["models"].rows}
    assert rows["student"] == ["student", "student", 246530, 991304, 1.01, 0.87875]
    assert found.pictures.keys() == {"quality_against_latency", "quality_against_size"}
    assert all(len(set(map(tuple, pixels.reshape(-1, 3)))) > 3 for pixels in found.pictures.values())


def test_only_models_that_confuse_labels_have_a_matrix(found):
    assert found.confusion == {"student": [["negative", "positive", 3]]}


def test_a_run_that_evaluated_nothing_has_no_tables_of_models():
    bare = {**REPORT, "models": {}, "gain": None, "fidelity": None, "exports": []}
    assert findings(bare, [], {}, None).tables.keys() == {"stages"}
