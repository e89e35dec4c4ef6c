"""A tiny run that goes on: promoted where nothing is worse, refused where a label was learnt wrong, and grown."""

import csv
import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from distill import refresh

pytestmark = pytest.mark.long

WORDS = {"cards": ["card", "pin"], "loans": ["loan", "rate"], "fees": ["fee", "charge"], "fraud": ["stolen", "scam"]}
FILLED = ("please", "help", "me", "with", "my", "a", "the", "of", "and", "today", "it", "is", "about", "question")
SETTINGS = (
    "experiment=classification", "name=tick", "teacher.default_model=null", "teacher.vocab_size=300", "store=store",
    "teacher.architecture={layers: 1, hidden_size: 32, heads: 2, intermediate_size: 64}", "student=scratch_tiny",
    "student.architecture={layers: 1, hidden_size: 16, heads: 2, intermediate_size: 32}", "pretrain.max_epochs=1",
    "finetune.max_epochs=12", "finetune.optimizer.lr=3e-3", "distill.max_epochs=20", "distill.optimizer.lr=5e-3",
    "pretrain.min_steps=0", "finetune.min_steps=0", "distill.min_steps=0", "evaluate.baselines=[]",
    "stages=[pretrain,finetune,teach,distill,evaluate]", "evaluate.latency_samples=0", "evaluate.resamples=100",
    "tracking.wandb=disabled",
)  # fmt: skip
OLDER = "refresh.older=true"


def written(folder, labels, counts, seed, called=None):
    """Rows in which one word says the label."""
    draw = np.random.default_rng(seed)
    folder.mkdir()
    for split, count in zip(("train", "validation", "test"), counts, strict=True):
        with (folder / f"{split}.csv").open("w", newline="") as file:
            csv.writer(file).writerow(["id", "text", "label"])
            for number in range(count):
                label = labels[number % len(labels)]
                words = [str(draw.choice(FILLED)) for _ in range(draw.integers(4, 9))]
                words.insert(draw.integers(len(words)), str(draw.choice(WORDS[label])))
                text = f"case{draw.integers(10**9)} {' '.join(words)}"
                said = (called or {}).get(label, label) if split == "train" else label
                csv.writer(file).writerow([f"{folder.name}-{split}-{number}", text, said])


def digests(folder):
    return {path: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def going(tmp_path_factory, inside_of):
    """The run that goes on, and the command that refreshes it: its exit code and its new folder."""
    command = inside_of(tmp_path_factory.mktemp("refreshed"))
    command.store = "store"
    known = ["cards", "loans", "fees"]
    written(command.folder / "old", known, (240, 60, 120), 0)
    written(command.folder / "new", known, (120, 60, 120), 1)
    written(command.folder / "flipped", known, (240, 60, 120), 2, {"cards": "loans"})
    written(command.folder / "more", [*known, "fraud"], (160, 60, 160), 3)
    command(*SETTINGS, "data.path=old", "hydra.run.dir=outputs/tick/first", small=False)

    def again(*words, run="outputs/tick/first"):
        before = set((command.folder / "outputs" / "tick").iterdir())
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(command.folder)
            patch.setattr(sys, "argv", ["distill", f"run={run}", *words])
            try:
                refresh.main()
                code = 0
            except SystemExit as end:
                code = end.code
        made = [path for path in set((command.folder / "outputs" / "tick").iterdir()) - before if not path.is_symlink()]
        return code, made[0] if made else None

    return command.folder, again


def report_of(folder):
    return json.loads((folder / "report.json").read_text(encoding="utf-8"))


def test_a_better_run_is_promoted_a_worse_one_is_not_and_the_old_one_stays(going):
    folder, again = going
    first, latest = folder / "outputs" / "tick" / "first", folder / "outputs" / "tick" / "latest"
    before = digests(first)

    code, new = again("data.path=new")
    assert (code, latest.resolve()) == (0, new.resolve())
    report = report_of(new)
    assert {"before_teacher", "before_student"} < report["models"].keys()
    assert report["models"]["before_student"]["role"] == "beside"
    assert report["refresh"]["rows"] == {
        "old": 240, "replayed": 120, "new": 120, "judged_old": 120, "judged_new": 120
    }  # fmt: skip
    names = {each["name"] for each in report["refresh"]["verdict"]["checks"]}
    assert names == {"test", "cards", "fees", "loans", "refresh=new rows", "refresh=old rows"}
    assert report["refresh"]["drift"].keys() == {
        "length in tokens", "share of unknown tokens", "confidence of the old teacher", "labels"
    }  # fmt: skip
    assert "Promoted: accuracy on test" in (new / "report.html").read_text(encoding="utf-8")
    old_student = report_of(first)["models"]["student"]["metrics"]["test"]["accuracy"]
    assert report["slices"]["slices"][1]["models"]["before_student"]["value"] == pytest.approx(old_student)

    assert again("data.path=new") == (2, None)  # since another run has been promoted
    code, again_made = again("data.path=new", OLDER)
    assert {stage["status"] for stage in report_of(again_made)["stages"]} == {"reused"}

    code, held = again("data.path=flipped", "refresh.replay=4", OLDER)
    assert code == 3
    assert report_of(held)["refresh"]["promoted"] is False
    assert any(check["name"] == "cards" and check["worse"] for check in report_of(held)["refresh"]["verdict"]["checks"])
    assert latest.resolve() == again_made.resolve()
    assert digests(first) == before


def killed(folder, words):
    """Refresh by a process of its own, which is killed while the student learns on."""
    command = [sys.executable, "-m", "distill.refresh", "run=outputs/tick/first", *words]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1]), "HF_HUB_OFFLINE": "1"}
    with (folder / "killed.log").open("w") as log:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=subprocess.STDOUT)
    while not list(folder.glob("store/.distill-*.partial/resume/*.ckpt")):
        assert process.poll() is None, (folder / "killed.log").read_text(encoding="utf-8")
        time.sleep(0.01)
    process.kill()
    return process.wait()


def test_a_refresh_that_is_killed_in_the_middle_goes_on_and_the_old_run_stays_whole(going):
    folder, again = going
    first, latest = folder / "outputs" / "tick" / "first", folder / "outputs" / "tick" / "latest"
    written(folder / "later", ["cards", "loans", "fees"], (120, 60, 120), 7)
    before, promoted = digests(first), latest.exists() and latest.resolve()
    words = ("data.path=later", OLDER, "checkpoint.every_n_train_steps=2")
    assert killed(folder, words) == -signal.SIGKILL
    assert digests(first) == before
    assert (latest.exists() and latest.resolve()) == promoted
    code, made = again(*words)
    assert code in (0, 3)
    stages = {stage["name"]: stage for stage in report_of(made)["stages"]}
    assert (stages["finetune"]["status"], stages["teach"]["status"]) == ("reused", "reused")
    manifest = json.loads((folder / stages["distill"]["folder"] / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["resources"]["resumed"]
    assert digests(first) == before


def test_a_new_label_grows_both_heads_and_the_next_refresh_goes_on_from_there(going):
    folder, again = going
    code, grown = again("data.path=more", "finetune.max_epochs=2", "distill.max_epochs=2", OLDER)
    report = report_of(grown)
    assert code in (0, 3)
    assert report["refresh"]["new_labels"] == ["fraud"]
    kept = "its outputs cards, fees, loans keep their weights, fraud begins anew"
    for who in ("teacher", "student"):
        note = f"the {who} goes on from a model that has learnt other labels: {kept}"
        assert note in [" ".join(each.split()) for each in report["data"]["notes"]]
    assert report["models"]["before_student"]["per_label"]["test"]["fraud"]["recall"] == 0
    (folder / "right.csv").write_text("id,label\nmore-train-0,loans\nold-test-1,cards\n", encoding="utf-8")
    code, next_one = again("data.path=new", "refresh.corrections=right.csv", "refresh.replay=1", OLDER, run=grown)
    assert code in (0, 3)
    assert sorted(report_of(next_one)["refresh"]["corrected"]) == [["cards", "loans", 1], ["loans", "cards", 1]]
    assert again("data.path=new", OLDER, run=next_one) == (2, None)


def test_a_label_that_is_no_longer_wanted_leaves_both_heads(going):
    folder, again = going
    written(folder / "fewer", ["cards", "loans"], (120, 60, 120), 5)
    (folder / "strangers.csv").write_text("id,label\nnobody,loans\n", encoding="utf-8")
    for wrong in ("refresh.remove=[fee]", "refresh.corrections=strangers.csv", "refresh.rename={fee: costs}"):
        assert again("data.path=fewer", OLDER, wrong) == (2, None)
    code, made = again("data.path=fewer", OLDER, "refresh.remove=[fees]", "distill.max_epochs=2")
    report = report_of(made)
    assert code in (0, 3)
    assert report["data"]["labels"] == ["cards", "loans"]
    assert report["refresh"]["removed"] == {"fees": 80 + 20 + 40}
    assert "label fees removed, 140 old rows left out" in report["refresh"]["said"]
    for who in ("teacher", "student"):
        note = (
            f"the {who} goes on from a model that has learnt other labels: its outputs cards, loans keep their weights"
        )
        assert any(" ".join(each.split()).startswith(note) for each in report["data"]["notes"])
    assert report["models"]["before_student"]["per_label"]["test"].keys() >= {"cards", "loans"}
