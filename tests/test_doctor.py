"""``python -m distill.doctor`` in this process, on small runs."""

import io
import json
import logging
import os
import sys
from contextlib import redirect_stderr, redirect_stdout

import pytest
from hydra.core.global_hydra import GlobalHydra

from distill import doctor
from distill.diagnosis import timing
from distill.errors import ModelError


@pytest.fixture
def ask(tmp_path, monkeypatch, small):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr(os, "fsync", lambda _: None)
    log = logging.getLogger("distill")
    level = log.level

    def command(*arguments, given=small):
        out, err, code = io.StringIO(), io.StringIO(), 0
        GlobalHydra.instance().clear()
        monkeypatch.setattr(sys, "argv", ["doctor", *given, f"store={tmp_path}/store", *arguments])
        with redirect_stdout(out), redirect_stderr(err):
            try:
                doctor.main()
            except SystemExit as end:
                code = end.code
        return code, out.getvalue(), err.getvalue()

    yield command
    log.setLevel(level)


def levels(out):
    return {each["check"]: each["level"] for each in json.loads(out)["checks"]}


def test_a_run_in_order_is_tried_whole_and_leaves_nothing(ask, tmp_path):
    code, out, err = ask("--json", "trainer.enable_progress_bar=false")
    content = json.loads(out)
    assert (code, content["ok"], err) == (0, True, "")
    found = levels(out)
    assert "FAIL" not in found.values()
    assert found["terms"] == found["time"] == found["disk"] == found["settings"] == "OK"
    assert found["teacher"] == "SKIP"
    seconds = content["checks"][-1]["facts"]
    assert set(seconds["stages"]) == {"pretrain", "finetune", "teach", "distill", "control", "evaluate", "export"}
    assert seconds["seconds"] > 0
    assert list(tmp_path.iterdir()) == []


def test_settings_that_compose_but_make_no_sense_fail_and_the_rest_says_why_it_is_left_out(ask):
    code, out, err = ask("distill.temperature=0", "data.path=nowhere.csv")
    assert (code, err) == (1, "")
    assert "FAIL settings: distill.temperature=0.0: allowed is a number from 1e-6 to 1e6" in " ".join(out.split())
    assert "FAIL  settings: data.path=nowhere.csv" in out
    assert "SKIP  time: not checked, since it needs what fails above: stages" in out
    assert "the run would fail: 2 FAIL" in out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("distill.temprature=4",), "distill.temprature: unknown setting"),
        (("-m", "seed=1,2"), "-m: one run is looked at at a time; leave it out"),
        (("experiment=none_such",), "experiment=none_such: no such card"),
    ],
)
def test_settings_that_do_not_compose_end_as_in_every_command(ask, arguments, said):
    code, out, err = ask(*arguments, given=())
    assert (code, out) == (2, "")
    assert err.startswith(f"distill: {said}")


def test_a_file_with_another_column_fails_before_any_model_is_looked_at(ask, tmp_path):
    (tmp_path / "rows.csv").write_text("words,label\na,x\nb,y\n", encoding="utf-8")
    code, out, _ = ask("--json", "experiment=classification", "data.path=rows.csv", given=())
    assert code == 1
    found = levels(out)
    assert found["data"] == "FAIL"
    assert found["models"] == found["terms"] == "SKIP"


def test_a_stage_that_fails_on_a_few_rows_is_said(ask, monkeypatch):
    def fails(case):
        found = timing.Rehearsal(left=["distill"])
        found.failed = ("finetune", ModelError("it cannot be trained; take another"))
        return found

    monkeypatch.setattr(timing, "rehearse", fails)
    code, out, _ = ask("--json")
    by_name = {each["check"]: each for each in json.loads(out)["checks"]}
    assert code == 1
    assert (by_name["terms"]["level"], by_name["terms"]["fix"]) == ("FAIL", "take another")
    assert by_name["time"]["said"].startswith("not estimated: finetune fails on a few rows")
