import json
import sys
from pathlib import Path

import pytest
import wandb_workspaces.workspaces as workspaces
from fake_wandb import KEY
from wandb_workspaces.workspaces import internal

from distill import dashboard

REPORT = json.loads((Path(__file__).parents[1] / "report" / "report.json").read_text(encoding="utf-8"))
CURVES = """stage,step,name,value,examples
distill,1,train/soft,0.5,32
distill,1,train/share/soft,0.7,32
distill,1,train/lr,0.001,32
distill,1,validation/accuracy,0.8,32
"""
SETTINGS = "tracking: {project: mine, entity: null}\ndistill: {temperature: 2.0}\n"


@pytest.fixture
def command(tmp_path, monkeypatch, capsys):
    """The command in a folder with one finished run; its exit code and what it says."""
    monkeypatch.chdir(tmp_path)
    run = tmp_path / "run"
    run.mkdir()
    report = {**REPORT, "swept": {"distill.temperature": "2.0"}}
    (run / "report.json").write_text(json.dumps(report), encoding="utf-8")
    (run / "metrics.csv").write_text(CURVES, encoding="utf-8")
    (run / "config.yaml").write_text(SETTINGS, encoding="utf-8")

    def called(*arguments):
        monkeypatch.setattr(sys, "argv", ["dashboard", *arguments])
        try:
            dashboard.main()
        except SystemExit as end:
            return end.code, capsys.readouterr().err
        return 0, capsys.readouterr().out

    return called


def names(spec):
    """Every name that a panel of a spec asks for."""
    if isinstance(spec, dict):
        return {name for value in spec.values() for name in names(value)}
    if isinstance(spec, list):
        return {name for value in spec for name in names(value)}
    return {spec} if isinstance(spec, str) else set()


def test_the_specs_hold_what_is_tracked_and_can_be_read_back(command):
    assert command("run", "mode=offline") == (0, "specs: dashboard/workspace.json\nspecs: dashboard/report.json\n")
    text = Path("dashboard/workspace.json").read_text(encoding="utf-8")
    view = workspaces.Workspace._from_model(internal.View.model_validate_json(text))
    assert (view.project, view.name) == ("mine", "distill: sst2_tiny")
    assert [section.name for section in view.sections] == [
        "What was found", "Quality against cost", "Losses of the terms", "Shares of the terms", "Validation",
        "Learning rate", "Stages", "Tables",
    ]  # fmt: skip
    expected = {
        "train/soft", "train/share/soft", "train/lr", "validation/accuracy", "gain/difference", "examples", "page",
        "stages/distill/seconds", "models/control/metrics/test/accuracy", "summary:models/student/latency_ms/p50",
        "summary:models/student/metrics/test/accuracy", "tables/per_label", "pictures/quality_against_size",
    }  # fmt: skip
    for file in ("workspace.json", "report.json"):
        spec = json.loads((Path("dashboard") / file).read_text(encoding="utf-8"))
        assert expected <= names(spec), file
    assert view.runset_settings.pinned_columns[:2] == ["run:displayName", "config:distill.temperature.value"]


def test_a_confusion_matrix_is_the_picture_of_the_table_that_a_run_logs(command):
    report = json.loads(Path("run", "report.json").read_text(encoding="utf-8"))
    confusion = {"models": {"student": [["negative", "positive", 3]]}}
    Path("run", "report.json").write_text(json.dumps({**report, "confusion": confusion}), encoding="utf-8")
    assert command("run", "mode=offline")[0] == 0
    for file in ("workspace.json", "report.json"):
        shown = names(json.loads(Path("dashboard", file).read_text(encoding="utf-8")))
        assert {"confusion_matrix/student_table", "wandb/confusion_matrix/v1", "nPredictions"} <= shown, file
        assert "confusion_matrix/student" not in shown


def test_of_several_seeds_the_mean_gain_is_shown(command):
    report = json.loads(Path("run", "report.json").read_text(encoding="utf-8"))
    seeds = {"gain": report["gain"], "against_teacher": {}, "seeds": [1, 2]}
    Path("run", "report.json").write_text(json.dumps({**report, "seeds": seeds}), encoding="utf-8")
    assert command("run", "mode=offline")[0] == 0
    shown = names(json.loads(Path("dashboard", "workspace.json").read_text(encoding="utf-8")))
    assert {"seeds/gain/difference", "seeds/gain/interval/1", "summary:seeds/gain/difference"} <= shown
    assert "gain/difference" not in shown


def test_online_both_are_saved(command, server):
    code, said = command("run", "mode=online")
    assert code == 0, said
    assert f"view: {server.address}/someone/mine?nw=" in said
    assert f"report: {server.address}/someone/mine/reports/" in said


@pytest.mark.parametrize("server", [True], indirect=True)
def test_a_wrong_key_ends_in_one_sentence_without_the_key(command, server):
    code, said = command("run", "mode=online")
    assert code == 2
    assert said.startswith("distill: W&B does not take the dashboard (")
    assert said.endswith("); mode=offline writes its specs\n")
    assert KEY not in said


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "distill: give the folders of runs\n"),
        (("nowhere",), "distill: nowhere: there is no such folder\n"),
        (("run", "mode=live"), "distill: mode=live: allowed is one of auto, online, offline\n"),
        (("run", "project=a/b"), "distill: project=a/b: allowed is a name without / \\ # ? % :\n"),
        (("run", "--csv"), "distill: --csv: there is no such flag\n"),
        (("run", "mode=offline", "output=run/report.json"), "distill: output=run/report.json cannot be written"),
    ],
)
def test_a_mistake_ends_in_one_sentence(command, arguments, message):
    code, said = command(*arguments)
    assert (code, said[: len(message)]) == (2, message)
