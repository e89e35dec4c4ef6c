"""The command line of a refresh: one message, and exit code 2, for whatever cannot go on."""

import json
from functools import partial

import pytest
from omegaconf import OmegaConf

from distill import refresh as command
from distill.config.schema import Config


@pytest.fixture
def called(ended):
    return partial(ended, command.main)


def run(folder, stages=("finetune", "distill"), **settings):
    """What of a finished run is looked at first."""
    folder.mkdir(parents=True)
    report = {"schema": 1, "name": "mine", "task": "classification", "data": {"labels": []}, "models": {}}
    report["stages"] = [{"name": name, "folder": f"store/{name}"} for name in stages]
    (folder / "report.json").write_text(json.dumps(report))
    config = OmegaConf.merge(OmegaConf.structured(Config), OmegaConf.create(settings))
    (folder / "config.yaml").write_text(OmegaConf.to_yaml(config))
    return folder


def finished(folder):
    """A finished run, as far as it is looked at before the data."""
    run(folder / "runs" / "mine")
    for name in ("finetune", "distill"):
        (folder / "store" / name).mkdir(parents=True)
        (folder / "store" / name / "manifest.json").write_text("{}")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "give run=... and data.path=..."),
        (("run=a",), "give data.path=..."),
        (("a",), "a: give it as NAME=VALUE"),
        (("run=a", "data.path=b", "distill.max_epochs=["), "distill.max_epochs=[: cannot be read, "),
        (("run=a", "data.path=b", "refresh.replays=1"), "refresh.replays: unknown setting; did you mean replay?"),
        (
            ("run=a", "data.path=b", "refresh.replay=1.5"),
            "refresh.replay=1.5: allowed is a share from 0 to 1, or",
        ),
        (
            ("run=a", "data.path=b", "refresh.replay=-1"),
            "refresh.replay=-1.0: allowed is a share from 0 to 1, or",
        ),
        (("run=a", "data.path=b", "refresh.replay=nan"), "refresh.replay=nan: allowed is a share from 0 to 1"),
        (("run=a", "data.path=b", "refresh.replay=all"), "refresh.replay: Value 'all' of type 'str' could not be"),
        (("run=a", "data.path=b", "refresh.tolerance=-1"), "refresh.tolerance=-1.0: allowed is a number from 0 to 100"),
        (("run=a", "data.path=b", "refresh.rename=x"), "refresh.rename: "),
        (("run=a", "data.path=b", "student=narrow"), "student=narrow: cards and Hydra's settings are those of the run"),
        (("run=a", "data.path=b", "seed=1,2"), "seed=1,2: a setting gets one value here"),
        (("run=a", "data.path=b"), "run=a: there is no such folder"),
        (("run=empty", "data.path=b"), "run=empty: is no folder of a run, it has no report.json"),
        (("run=half", "data.path=b"), "run=half: is not finished, it has no report.json; start its command again"),
        (("run=broken", "data.path=b"), "broken/report.json is no report of a run"),
    ],
)
def test_a_mistake_is_one_message(called, tmp_path, words, message):
    for name, file in (("empty", "notes.txt"), ("half", "config.yaml"), ("broken", "report.json")):
        (tmp_path / name).mkdir()
        (tmp_path / name / file).write_text(json.dumps({}), encoding="utf-8")
    code, out, err = called(*words)
    assert (code, out) == (2, "")
    assert err.startswith(f"distill: {message}")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"task": "translation"},
            "is of the task translation, which writes texts; refresh judges labels",
        ),
        ({"teacher": {"answers": "a.jsonl"}}, "its teacher is a file of answers, which cannot learn on"),
        ({"more_teachers": {"second": {"model": "m"}}}, "has several teachers, and refresh goes on from one"),
        ({}, "the stage finetune of runs/mine is in no store that is found; refresh goes on from its model"),
    ],
)
def test_a_run_that_cannot_go_on_is_refused(called, tmp_path, settings, message):
    run(tmp_path / "runs" / "mine", **settings)
    code, _, err = called("run=runs/mine", "data.path=b")
    assert code == 2
    assert message in err


def test_a_run_without_a_student_is_refused(called, tmp_path):
    run(tmp_path / "runs" / "mine", stages=())
    assert "run=runs/mine: has no stage finetune" in called("run=runs/mine", "data.path=b")[2]


@pytest.mark.parametrize(
    ("word", "message"),
    [
        (
            "teacher.model=other",
            "teacher.model: is decided by refresh, which goes on from the run's own models",
        ),
        ("task=regression", "task=regression: the run is of the task classification, and goes on with that"),
        ("trainer.devices=2", "trainer.devices=2, trainer.num_nodes=1: refresh trains in one process"),
        ("distill.max_epoch=2", "distill.max_epoch: unknown setting; did you mean max_epochs?"),
        ("distill.max_epochs=many", "distill.max_epochs: Value 'many' of type 'str' could not be converted"),
        ("seed=1", "data.path=b: there is no such file or folder"),
    ],
)
def test_settings_that_make_no_sense_are_refused_before_anything_is_read(called, tmp_path, word, message):
    finished(tmp_path)
    code, _, err = called("run=runs/mine", "data.path=b", word)
    assert code == 2
    assert message in err
    assert [path.name for path in (tmp_path / "runs").iterdir()] == ["mine"]


def test_several_devices_that_auto_stands_for_are_refused(called, tmp_path, monkeypatch):
    finished(tmp_path)
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    monkeypatch.setattr("torch.cuda.device_count", lambda: 4)
    code, _, err = called("run=runs/mine", "data.path=.", "trainer.devices=auto")
    assert code == 2
    message = "trainer.devices=auto, trainer.num_nodes=1: refresh trains in one process; give trainer.devices=1 "
    assert err == f"distill: {message}trainer.num_nodes=1\n"
    assert [path.name for path in (tmp_path / "runs").iterdir()] == ["mine"]


def test_several_processes_of_a_launcher_are_refused(called, tmp_path, monkeypatch):
    finished(tmp_path)
    for name, value in (("WORLD_SIZE", "2"), ("LOCAL_RANK", "0")):
        monkeypatch.setenv(name, value)
    code, _, err = called("run=runs/mine", "data.path=.")
    assert code == 2
    assert err.startswith("distill: the environment (WORLD_SIZE) says that it has started 2 processes")
    assert [path.name for path in (tmp_path / "runs").iterdir()] == ["mine"]


def test_a_folder_that_is_called_latest_is_not_replaced(called, tmp_path):
    finished(tmp_path)
    (tmp_path / "runs" / "latest").mkdir()
    assert "runs/latest is no link to a run" in called("run=runs/mine", "data.path=b")[2]
