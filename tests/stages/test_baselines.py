"""A run trains its baselines where it compares models, and reports them like any other."""

import json
from dataclasses import replace

import numpy as np
import pytest
from run_parts import spec_of

from distill.config.schema import Config
from distill.pipeline.prepare_data import prepare
from distill.stages import STAGES, baselines

FIELDS = {"parameters", "bytes", "description", "metrics", "per_label", "latency_ms", "role"}


def small(task="classification", names=("tfidf",), **changes):
    config = Config(task=task, **changes)
    config.data.source, config.evaluate.baselines = "embedded", list(names)
    config.data.limit.train, config.data.limit.validation, config.data.limit.test = 120, 20, 20
    return config


@pytest.mark.slow
def test_a_baseline_is_a_row_of_the_report_and_of_all_that_is_made_of_it(finished):
    command, _ = finished
    out = command("evaluate.baselines=[tfidf]", f"hydra.run.dir={command.folder}/beside")
    folder = command.folder / "beside"
    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    statuses = {stage["name"]: stage["status"] for stage in report["stages"]}
    assert [name for name, status in statuses.items() if status == "done"] == ["evaluate", "export"]
    row, student = report["models"]["tfidf"], report["models"]["student"]
    assert row.keys() >= FIELDS
    assert row["role"] == "baseline"
    assert {split: list(scores) for split, scores in row["metrics"].items()} == {
        split: list(scores) for split, scores in student["metrics"].items()
    }
    assert list(row["per_label"]["test"]) == list(student["per_label"]["test"])
    assert row["latency_ms"]["p50"] > 0
    assert row["parameters"] > 100
    compared = report["against_baselines"]["tfidf"]
    name, split = compared["metric"], compared["split"]
    expected = student["metrics"][split][name] - row["metrics"][split][name]
    assert compared["difference"] == pytest.approx(expected)
    assert compared["interval"][0] <= expected <= compared["interval"][1]
    assert "tfidf" in report["fidelity"]["calibration_error"]
    console = [line.split() for line in out.splitlines()]
    assert ["teacher", "student", "control", "tfidf", "huggingface"] in console
    for file in ("report.html", "export/student/README.md"):
        text = (folder / file).read_text(encoding="utf-8")
        assert "TF-IDF of words and characters" in text
        assert ("TF-IDF with a linear model" in text) == (compared["interval"][0] <= 0)


@pytest.mark.parametrize(
    ("task", "kind"),
    [
        ("classification", "logistic regression, one class"),
        ("pair_classification", "logistic regression, one class"),
        ("multilabel_classification", "a logistic regression for each label"),
        ("regression", "ridge regression"),
    ],
)
def test_a_task_of_texts_trains_one_that_answers_each_example_with_its_outputs(task, kind):
    spec = spec_of(small(task))
    model = baselines.fit(spec, None)["tfidf"]
    assert kind in model.description
    (rows,) = baselines.answers(spec, model, "test").rows.examples(
        spec.data.splits["test"].with_format("torch")["key"][:1]
    )
    assert rows.shape == (1, spec.setup.classes)
    call = baselines.calls(spec, {"tfidf": model}, 5)["tfidf"]
    assert np.array_equal(call(0), model.logits(baselines._texts(spec, spec.data.splits["validation"].select([0]))))


def test_the_metric_that_leads_the_run_rates_what_is_tried():
    config = small("regression", metric="mse")
    spec = spec_of(config)
    rate = baselines._rate(spec, None)
    labels = np.asarray(spec.data.splits["train"]["label"][:8], dtype=np.float32)
    positions = np.arange(8)
    assert rate(labels[:, None], positions) == pytest.approx(0)
    assert rate(labels[:, None] + 1, positions) == pytest.approx(-1)
    correlated = baselines._rate(spec_of(small("regression")), None)
    assert correlated(labels[:, None] + 1, positions) == pytest.approx(1)
    assert correlated(np.ones((8, 1), dtype=np.float32), positions) == -np.inf


def test_a_stage_without_baselines_has_the_settings_that_it_had_before_there_were_any():
    data = prepare(small())
    without, beside = (STAGES["evaluate"].settings(spec_of(small(names=names), data)) for names in ((), ("tfidf",)))
    assert not {"baselines"} & without.keys()
    assert beside == {**without, "baselines": {"recipes": {"tfidf": 1}, **data.identity("train")}}
    weighted = small()
    weighted.data.class_weights = "balanced"
    assert baselines.settings(spec_of(weighted, data))["baselines"]["class_weights"] == "balanced"


def test_another_task_has_none_though_the_default_names_one():
    spec = spec_of(small("token_classification"))
    assert spec.decisions.of_role("baseline") == []
    assert baselines.settings(spec) == baselines.fit(spec, None) == {}


def test_what_is_known_of_the_train_rows_decides_on_the_fingerprint():
    data = prepare(small())
    fewer = replace(data, splits={**data.splits, "train": data.splits["train"].select(range(60))})
    settings = STAGES["evaluate"].settings
    assert settings(spec_of(small(), data)) != settings(spec_of(small(), fewer))
    assert settings(spec_of(small(names=()), data)) == settings(spec_of(small(names=()), fewer))
