"""The chain on two processes: the same result, every example once, one writer, also in a sweep."""

import json
import re

import pytest
from safetensors.torch import load_file

TWO = ("trainer.devices=2", "trainer.accelerator=cpu", "trainer.strategy=ddp")
EXACT = [f"{stage}.{setting}" for stage in ("pretrain", "finetune", "distill") for setting in (
    "dropout=0", "optimizer.name=sgd", "optimizer.lr=0.1",
)]  # fmt: skip
"""No chance, and no AdamW, which makes a full step of a gradient that is rounding alone."""


def report(folder):
    return json.loads((folder / "report.json").read_text(encoding="utf-8"))


def model(command, run, stage):
    (found,) = (each for each in report(command.folder / run)["stages"] if each["name"] == stage)
    return load_file(command.store / f"{stage}-{found['fingerprint']}" / "model" / "model.safetensors")


def test_two_processes_end_where_one_does_and_so_does_accumulation(distill, inside):
    two = distill(*TWO, *EXACT, "data.batch_size=16", f"hydra.run.dir={distill.folder}/two")
    inside("data.batch_size=32", *EXACT, f"hydra.run.dir={distill.folder}/one")
    accumulated = ("data.batch_size=16", "trainer.accumulate_grad_batches=2")
    inside(*accumulated, *EXACT, f"hydra.run.dir={distill.folder}/accumulated")
    for stage in ("pretrain", "finetune", "distill", "control"):
        expected = model(distill, "one", stage)
        for run in ("two", "accumulated"):
            found = model(distill, run, stage)
            assert max(float((found[name] - expected[name]).abs().max()) for name in expected) < 1e-5, (stage, run)
    one, other = report(distill.folder / "one"), report(distill.folder / "two")
    assert set(one) == set(other)
    assert other["environment"]["devices"] == 2
    for name in ("teacher", "student", "control"):
        assert other["models"][name]["per_label"]["test"]["micro"]["support"] == 64
        scores = [each["models"][name]["metrics"]["test"]["accuracy"] for each in (one, other)]
        assert scores[0] == pytest.approx(scores[1], abs=0.05)
    assert len(re.findall("^export: done", two, re.MULTILINE)) == 1
    again = distill(*TWO, *EXACT, "data.batch_size=16", f"hydra.run.dir={distill.folder}/again")
    assert re.findall(r"^(\w+): done", again, re.MULTILINE) == []


def test_a_sweep_of_two_jobs_runs_each_on_two_processes_and_trains_the_teacher_once(distill):
    sweep = ("-m", "distill.temperature=1,4", f"hydra.sweep.dir={distill.folder}/sweep")
    out = distill(*sweep, *TWO)
    folders = sorted((distill.folder / "sweep").glob("*_sst2_tiny"))
    assert [report(folder)["objective"]["temperature"] for folder in folders] == [1.0, 4.0]
    assert [report(folder)["environment"]["devices"] for folder in folders] == [2, 2]
    statuses = [{stage["name"]: stage["status"] for stage in report(folder)["stages"]} for folder in folders]
    assert statuses[0]["finetune"] == "done"
    assert [name for name, status in statuses[1].items() if status == "done"] == ["distill", "evaluate", "export"]
    assert "distill.temperature=4" in report(folders[1])["command"]
    assert "Traceback" not in out
