"""A run of several seeds: what it makes, what it reuses of runs of one seed, and what it says."""

import json
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from run_parts import decided, spec_of
from safetensors.torch import load_file

from distill import compare
from distill.config.schema import Config
from distill.metrics import Headline
from distill.pipeline.plan import plan
from distill.pipeline.seeds import best_on_validation, plan_seeds, with_seed
from distill.pipeline.store import Store


def results(*values):
    return {
        seed: {"models": {"student": {"metrics": {"validation": {"accuracy": value}}}}}
        for seed, value in enumerate(values, 1)
    }


@pytest.mark.parametrize(
    ("values", "mode", "best"),
    [
        ((0.7, 0.9, 0.8), "max", 2),
        ((0.7, 0.9, 0.8), "min", 1),
        ((0.9, 0.7, 0.9), "max", 3),
        ((None, 0.1, 0.0), "max", 2),
        ((None, None), "max", 1),
    ],
)
def test_the_best_seed_is_that_of_validation_and_of_equal_ones_the_runs(values, mode, best):
    spec = SimpleNamespace(
        config=SimpleNamespace(seed=3),
        decisions=SimpleNamespace(first_of=lambda role: role),
        leading=SimpleNamespace(headline=Headline("accuracy", mode)),
    )
    assert best_on_validation(spec, results(*values)) == best


def test_a_student_of_any_seed_has_the_teacher_of_the_run():
    spec = spec_of(Config(seed=3, data=Config().data))
    other = with_seed(spec, 9)
    assert other.config.seed == 9
    assert [teacher.config.seed for teacher in other.teachers.values()] == [3]
    assert other.run is spec


def test_the_student_without_text_is_trained_for_the_best_seed_alone(tmp_path):
    config = Config(seeds=[1, 2])
    config.augment.methods, config.distill.unlabelled.rounds = ["dropping"], 2
    spec, store = decided(config), Store(tmp_path)
    of_seeds = [title for planned_stages in plan_seeds(spec, store).values() for title in planned_stages]
    assert {"distill:round1:seed1", "distill:seed1", "distill:round1:seed2", "distill:seed2"} <= set(of_seeds)
    assert not [title for title in of_seeds if "without_unlabelled" in title]
    assert "distill:without_unlabelled" in plan(with_seed(spec, 2), store)


@pytest.fixture(scope="module")
def several(finished):
    """A run of two seeds after the run of one of them: its folder and its report."""
    command, _ = finished
    out = command("seeds=[42,7]", "target.max_loss=1", f"hydra.run.dir={command.folder}/several")
    folder = command.folder / "several"
    return command, folder, json.loads((folder / "report.json").read_text(encoding="utf-8")), out


@pytest.mark.slow
def test_only_what_the_other_seed_needs_is_made(several):
    _, _, report, _ = several
    status = {stage["name"]: stage["status"] for stage in report["stages"]}
    of_best, other = ("", ":seed7") if report["seeds"]["best"] == 42 else (":seed42", "")
    assert {name for name, said in status.items() if said == "reused"} >= {
        "pretrain", "finetune", "teach", f"distill{of_best}", f"control{of_best}"
    }  # fmt: skip
    made = {name for name, said in status.items() if said == "done"}
    needed = {f"distill{other}", f"control{other}", "evaluate:seed42", "evaluate:seed7"}
    assert made == needed | ({"evaluate", "export"} if report["seeds"]["best"] == 7 else set())


@pytest.mark.slow
def test_each_seed_has_a_student_of_its_own(several):
    _, _, report, _ = several
    folders = [stage["folder"] for stage in report["stages"] if stage["name"].partition(":")[0] == "distill"]
    first, second = (load_file(several[0].folder / folder / "model" / "model.safetensors") for folder in folders)
    assert any(not torch.equal(first[name], second[name]) for name in first)


@pytest.mark.slow
def test_the_report_has_mean_spread_and_interval_and_says_them(several):
    _, folder, report, out = several
    found = report["seeds"]
    student, control = (found["models"][name] for name in ("student", "control"))
    scores, others = ([one["by_seed"][seed]["test"]["accuracy"] for seed in ("42", "7")] for one in (student, control))
    assert student["mean"] == pytest.approx(np.mean(scores))
    assert student["spread"] == pytest.approx(np.std(scores, ddof=1))
    assert found["gain"]["difference"] == pytest.approx(np.mean(scores) - np.mean(others))
    teacher = report["models"]["teacher"]["metrics"]["test"]["accuracy"]
    assert found["against_teacher"]["student"]["difference"] == pytest.approx(np.mean(scores) - teacher)
    for each in (student, control, found["gain"], found["against_teacher"]["student"]):
        low, high = each["interval"]
        assert low <= each.get("mean", each.get("difference")) <= high
    assert report["seed"] == 42
    assert report["models"]["student"]["metrics"] == student["by_seed"][str(found["best"])]
    page = (folder / "report.html").read_text(encoding="utf-8")
    card = (folder / "export" / "student" / "README.md").read_text(encoding="utf-8")
    for text in (" ".join(out.split()), " ".join(page.replace("\N{NO-BREAK SPACE}", " ").split()), card):
        assert "Trained with 2 seeds (42 and 7); mean accuracy on test: student" in text
        assert f"The student of seed {found['best']} is the best on validation" in text
        assert "interval over 2 seeds" in text
    assert all(f"{found['best']}, best on validation" in text for text in (out, page, card))


@pytest.mark.slow
def test_all_seeds_of_a_run_are_compared_with_another_run(several, monkeypatch, capsys):
    command, folder, report, _ = several
    monkeypatch.setattr(sys, "argv", ["distill", str(command.folder / "run"), str(folder), "--json"])
    monkeypatch.chdir(command.folder)
    compare.main()
    pair = json.loads(capsys.readouterr().out)["pair"]
    mean = report["seeds"]["models"]["student"]["mean"]
    assert f" and {100 * mean:.2f} %, a difference of " in pair["sentence"]
    assert "(seed 42 alone and the mean over the seeds 42 and 7; 95 % interval over examples" in pair["sentence"]
    assert pair["sentence"].endswith("and seeds, but not those of one seed alone). Above 0 the second is better.")
    assert f"the best on validation: seed {report['seeds']['best']} of the second." in pair["flipped"]
    assert [part["what"] for part in pair["parts"]] == ["label", "characters"]


@pytest.mark.slow
def test_the_same_seeds_in_another_order_make_nothing_and_score_the_same(several):
    command, _, report, _ = several
    command("seeds=[7,42]", "seed=42", "stages=[evaluate]", f"hydra.run.dir={command.folder}/turned")
    again = json.loads((command.folder / "turned" / "report.json").read_text(encoding="utf-8"))
    assert {stage["status"] for stage in again["stages"]} == {"reused"}
    assert again["seeds"]["models"]["student"]["mean"] == pytest.approx(report["seeds"]["models"]["student"]["mean"])


@pytest.mark.slow
def test_a_seed_without_a_student_in_the_store_is_named(several):
    command, _, _, _ = several
    out = command("seeds=[42,8]", "stages=[evaluate]", f"hydra.run.dir={command.folder}/none", code=2)
    assert "needs distill:seed8, which is neither among stages nor finished" in out
