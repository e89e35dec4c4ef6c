"""Another metric of the task than its first leads a run: what it is compared by, and what early stopping watches."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from run_parts import spec_of

from distill.config.schema import Config
from distill.errors import ConfigError
from distill.pipeline.preflight import preflight
from distill.pipeline.prepare_data import prepare
from distill.report.sentences import verdict
from distill.stages import STAGES, hyperparameters


def config(**given):
    made = Config(**given)
    made.data.source, made.data.limit.train, made.data.limit.validation = "embedded", 40, 20
    return made


@pytest.fixture
def run(inside):
    """The small run under a name: its report, and what it printed."""

    def started(name, *given, code=0):
        out = inside(*given, f"hydra.run.dir={inside.folder / name}", code=code)
        report = inside.folder / name / "report.json"
        return (json.loads(report.read_text(encoding="utf-8")) if report.exists() else None), out

    return started


def made(report):
    return [stage["name"] for stage in report["stages"] if stage["status"] == "done"]


def settings(report, name):
    """The settings that are written beside a finished stage."""
    folder = next(Path(stage["folder"]) for stage in report["stages"] if stage["name"] == name)
    return json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["settings"]


def test_f1_leads_training_gain_verdict_table_and_card(run, inside):
    """What has no early stopping is taken from the store."""
    stops = ("distill.max_epochs=3", "distill.early_stopping.patience=1")
    first, _ = run("first", *stops)
    report, out = run("second", *stops, "metric=f1")
    assert made(report) == ["distill", "control", "evaluate", "export"]
    assert "metric" not in settings(first, "evaluate") | settings(report, "distill")
    assert "watched" not in settings(first, "distill") | settings(report, "evaluate")
    assert settings(report, "evaluate")["metric"] == settings(report, "distill")["watched"] == "f1"
    gain, scores = report["gain"], {name: model["metrics"]["test"] for name, model in report["models"].items()}
    assert (first["gain"]["metric"], gain["metric"], gain["mode"]) == ("accuracy", "f1", "max")
    assert gain["student"] == scores["student"]["f1"]
    assert gain["difference"] == pytest.approx(scores["student"]["f1"] - scores["control"]["f1"])
    assert gain["interval"][0] <= gain["difference"] <= gain["interval"][1]
    lead = scores["teacher"]["f1"] - scores["control"]["f1"]
    assert gain["gap_closed"] == (pytest.approx(gain["difference"] / lead) if lead > 0 else None)
    against = report["against_teacher"]["student"]
    assert against["metric"] == "f1"
    assert against["difference"] == pytest.approx(scores["student"]["f1"] - scores["teacher"]["f1"])
    for of_model in [*scores.values(), report["exports"][0]["metrics"]["test"]]:
        assert list(of_model) == ["f1", "accuracy", "matthews"]
    assert "f1" in verdict(report)
    assert "accuracy" not in verdict(report)
    assert out.index("test f1") < out.index("test accuracy")
    card = (inside.folder / "second" / "export" / "student" / "README.md").read_text(encoding="utf-8")
    assert card.index("type: f1") < card.index("type: accuracy")


def test_a_metric_that_cannot_lead_ends_in_a_sentence(run):
    report, out = run("refused", "metric=spearman", code=2)
    assert report is None
    assert out.splitlines()[-1].strip() == "metric=spearman: allowed is accuracy, f1, matthews"


def test_a_metric_of_other_labels_of_the_task_is_refused_before_the_first_stage():
    given = config(task="token_classification", metric="accuracy")
    data = prepare(given)
    message = "metric=accuracy: with the labels of this data allowed is f1, precision, recall"
    with pytest.raises(ConfigError, match=f"^{message}$"):
        preflight(spec_of(given, data))
    preflight(spec_of(replace(given, metric="precision"), data))


def test_the_first_metric_by_its_name_leads_as_it_does_anyway():
    data = prepare(config())
    usual, named, led = (
        STAGES["evaluate"].settings(spec_of(config(metric=name), data)) for name in (None, "accuracy", "matthews")
    )
    assert named == usual
    assert led == {**usual, "metric": "matthews"}


@pytest.mark.parametrize(
    ("task", "metric", "watched"),
    [
        ("classification", "f1", "f1"),
        ("regression", "mse", "mse"),
        ("multilabel_classification", "exact_match", None),
        ("token_classification", "recall", None),
    ],
)
def test_a_stage_has_another_fingerprint_only_where_it_watches_another_metric(task, metric, watched):
    data = prepare(config(task=task))
    for patience, min_steps, expected in ((None, 0, None), (2, 0, watched), (None, 900, watched)):
        given = config(task=task)
        for section in (given.finetune, given.distill):
            section.early_stopping.patience, section.min_steps = patience, min_steps
        usual, led = (spec_of(replace(given, metric=name), data) for name in (None, metric))
        for stage in ("finetune", "distill", "control"):
            more = {} if expected is None else {"watched": expected}
            assert STAGES[stage].settings(led) == {**STAGES[stage].settings(usual), **more}


@pytest.mark.parametrize(
    ("task", "metric", "watched"),
    [
        ("classification", "matthews", ("matthews", "max")),
        ("regression", "mse", ("mse", "min")),
        ("token_classification", "recall", ("f1_macro", "max")),
    ],
)
def test_early_stopping_watches_what_comes_nearest_to_the_metric_that_leads(task, metric, watched):
    given = config(task=task, metric=metric)
    spec = spec_of(given)
    assert hyperparameters.watched(spec, given.distill) == spec.metrics.WATCHED
    given.distill.early_stopping.patience = 2
    assert hyperparameters.watched(spec, given.distill) == watched
