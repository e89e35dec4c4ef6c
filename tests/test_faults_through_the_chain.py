"""Real faults on a real, small run: one sentence, the right exit code, and nothing that is finished is harmed."""

import json
import math
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from distill.training.supervised import SupervisedModule

pytestmark = pytest.mark.slow

GOES_ON = "the same command goes on from the last checkpoint"
TWO = ("trainer.devices=2", "trainer.accelerator=cpu", "stages=[pretrain]", "pretrain.max_epochs=500")


def last_line(out):
    return out.strip().splitlines()[-1]


def until(process, start):
    """Read on until a line begins with ``start``; what has been read."""
    read = []
    for line in process.stdout:
        read.append(line)
        if line.startswith(start):
            return "".join(read)
    raise AssertionError("".join(read))


def ended(process):
    out, _ = process.communicate(timeout=120)
    assert "Traceback" not in out
    return process.returncode, out


def folder_of(store, stage):
    (found,) = store.glob(f"{stage}-*")
    return found


def weights(store, stage):
    return load_file(folder_of(store, stage) / "model" / "model.safetensors")


@pytest.fixture
def copied(finished, inside):
    """The command in a folder of its own, on a copy of the finished store."""
    shutil.copytree(finished[0].folder / "store", inside.store)
    for stage in list(inside.store.glob("distill-*")):  # other tests' students, and this one
        shutil.rmtree(stage)
    return inside


@pytest.mark.long
def test_ctrl_c_in_the_first_moment_of_a_stage_is_heard_and_the_same_command_goes_on(finished, copied, command_of):
    process = command_of(copied.folder).start("stages=[distill]")
    until(process, "distill: begins")
    process.send_signal(signal.SIGINT)
    code, out = ended(process)
    assert (code, last_line(out)) == (130, f"distill: interrupted; {GOES_ON}")
    copied("stages=[distill]")
    name = folder_of(copied.store, "distill").name
    expected = load_file(finished[0].store / name / "model" / "model.safetensors")
    found = weights(copied.store, "distill")
    assert all(torch.equal(found[name], expected[name]) for name in expected)


def test_on_two_processes_a_signal_ends_both_and_one_that_dies_is_named(distill):
    process = distill.start(*TWO, f"hydra.run.dir={distill.folder}/run")
    until(process, "pretrain: epoch 1/")
    others = children(process.pid)
    process.send_signal(signal.SIGTERM)
    code, out = ended(process)
    assert (code, last_line(out)) == (143, f"distill: ended by SIGTERM; {GOES_ON}")
    assert others
    assert not [each for each in others if alive(each)]

    process = distill.start(*TWO, f"hydra.run.dir={distill.folder}/run")
    until(process, "pretrain: goes on where it was interrupted")
    until(process, "pretrain: epoch")
    os.kill(int(children(process.pid)[0]), signal.SIGKILL)
    code, out = ended(process)
    assert code == 2
    said = f"distill: rank 1 of 2 was ended by SIGKILL: what it said is in run/rank-1.log; {GOES_ON}"
    assert last_line(out) == said
    assert len(re.findall("^distill: ", out, re.MULTILINE)) == 1


def children(pid):
    said = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], text=True, capture_output=True, check=False)  # noqa: S607
    return said.stdout.split()


def alive(pid):
    said = subprocess.run(["ps", "-o", "stat=", "-p", pid], text=True, capture_output=True, check=False)  # noqa: S607
    return not said.stdout.startswith(("Z", "\n")) and bool(said.stdout)


def rank_of(pid):
    variables = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    return next((int(each[5:]) for each in variables if each.startswith(b"RANK=")), None)


@pytest.mark.long
def test_under_torchrun_a_rank_that_is_killed_is_named_and_the_restart_ends_the_run(distill, small, free_port):
    given = [*small, f"store={distill.store}", "stages=[pretrain]", "trainer.accelerator=cpu", "trainer.devices=2"]
    given += ["pretrain.max_epochs=30", "checkpoint.every_n_train_steps=1"]
    launcher = ["-m", "torch.distributed.run", "--nproc-per-node=2", "--max-restarts=1", f"--master-port={free_port}"]
    process = subprocess.Popen(
        [sys.executable, *launcher, "-m", "distill.run", *given], cwd=distill.folder, env=distill.environment(),
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    until(process, "pretrain: epoch 1/")
    (second,) = (pid for pid in children(process.pid) if rank_of(pid) == 1)
    os.kill(int(second), signal.SIGKILL)
    out, _ = process.communicate(timeout=300)
    assert process.returncode == 0, out
    named = f"rank 1 of 2 (process {second} on {socket.gethostname()}) has ended: its own output says why; {GOES_ON}"
    assert named in out
    assert "Traceback" not in out
    assert "pretrain: goes on where it was interrupted" in out
    manifest = json.loads((folder_of(distill.store, "pretrain") / "manifest.json").read_text())
    assert manifest["settings"]["world"] == 2


@pytest.mark.long
def test_a_step_that_every_training_of_the_chain_leaves_out_is_counted_in_the_report(inside, monkeypatch):
    hooks, before = [], SupervisedModule.on_train_batch_start

    def spoilt(self, batch, number):
        before(self, batch, number)
        while hooks:
            hooks.pop().remove()
        if self.trainer.fit_loop.epoch_loop.total_batch_idx == 2:
            weight = next(weight for weight in self.model.parameters() if weight.requires_grad)
            hooks.append(weight.register_hook(lambda gradient: gradient * math.nan))

    monkeypatch.setattr(SupervisedModule, "on_train_batch_start", spoilt)
    inside("trainer.on_nonfinite=skip", f"hydra.run.dir={inside.folder}/run")
    report = json.loads((inside.folder / "run" / "report.json").read_text(encoding="utf-8"))
    trained = ("pretrain", "finetune", "distill", "control")
    assert report["left_out_steps"] == dict.fromkeys(trained, 1)
    said = "1 step left out, whose loss or gradient was not finite (trainer.on_nonfinite=skip)"
    assert [f"{stage}: {said}" in report["data"]["notes"] for stage in trained] == [True] * 4


def test_a_run_of_one_process_under_srun_that_asks_for_two_is_refused_before_anything(inside, monkeypatch):
    for name, value in {"NTASKS": 1, "NTASKS_PER_NODE": 1, "NNODES": 1, "PROCID": 0, "LOCALID": 0, "NODEID": 0}.items():
        monkeypatch.setenv(f"SLURM_{name}", str(value))
    out = inside("trainer.devices=2", "trainer.accelerator=cpu", code=2)
    assert out == (
        "distill: SLURM says that it has started 1 process (1 a node), but trainer.devices=2 and trainer.num_nodes=1 "
        "ask for 2: give trainer.devices=1 trainer.num_nodes=1, or start srun --nodes=1 --ntasks-per-node=2\n"
    )
    assert not inside.store.exists()


def test_a_run_folder_that_cannot_be_is_a_sentence(inside):
    (inside.folder / "file").write_text("")
    out = inside("stages=[pretrain]", f"hydra.run.dir={inside.folder}/file", code=2)
    said = (
        f"distill: {inside.folder}/file cannot be written (File exists); give another folder with hydra.run.dir=FOLDER"
    )
    assert out == f"{said}\n"


@pytest.fixture
def read_only(tmp_path):
    """A folder in which nothing can be written, not even by root, whom modes do not hold back."""
    folder = tmp_path / "read_only"
    folder.mkdir(mode=0o555)
    if os.access(folder, os.W_OK):
        for options in (["--bind", folder], ["-o", "remount,ro,bind"]):
            if subprocess.run(["mount", *options, folder], check=False).returncode:  # noqa: S607
                pytest.skip("this user may not mount a folder")
        yield folder
        subprocess.run(["umount", folder], check=True)  # noqa: S607
    else:
        yield folder


@pytest.mark.parametrize("more", [(), ("distill.soft.weight=-1",), ("trainer.devices=2", "trainer.accelerator=cpu")])
def test_a_run_folder_that_is_read_only_is_one_line(more, inside, read_only):
    out = inside("stages=[pretrain]", f"hydra.run.dir={read_only}", *more, code=2)
    said = rf"distill: {read_only} cannot be written \(\[Errno \d+\] [\w -]+\); take another with "
    assert re.fullmatch(rf"{said}hydra\.run\.dir=FOLDER\n", out)
    assert not inside.store.exists()


def test_a_folder_of_a_sweep_that_is_read_only_is_one_line(distill, read_only):
    out = distill("-m", "stages=[pretrain]", "seed=1,2", f"hydra.sweep.dir={read_only}", code=2)
    said = rf"distill: {read_only}/multirun\.yaml cannot be written \([\w -]+\); give another folder with "
    assert re.fullmatch(rf"{said}hydra\.sweep\.dir=FOLDER\n", out)


def test_a_store_that_is_a_file_is_a_sentence(inside):
    inside.store.write_text("")
    out = inside("stages=[pretrain]", f"hydra.run.dir={inside.folder}/run", code=2)
    assert last_line(out).startswith(f"distill: {inside.store} cannot be written (")
    assert last_line(out).endswith("; take another with store=FOLDER")


def test_a_run_folder_without_room_for_the_report_is_a_sentence_and_the_stages_stay(inside, monkeypatch):
    from distill.report import page

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(page, "render", full)
    given = ("stages=[pretrain]", f"hydra.run.dir={inside.folder}/run")
    assert last_line(inside(*given, code=2)) == (
        "distill: no space left in run; what is finished in the store stays whole: free some space, or take another "
        "folder with hydra.run.dir=FOLDER, and run again"
    )
    monkeypatch.undo()
    assert "pretrain: reused" in inside(*given)


def test_a_store_that_is_removed_while_a_stage_is_made_is_a_sentence(inside, monkeypatch):
    from distill.models import loading

    def removed(*_):
        shutil.rmtree(inside.store)
        (inside.store / "model").write_text("")

    monkeypatch.setattr(loading, "save", removed)
    out = inside("stages=[pretrain]", code=2)
    assert last_line(out) == f"distill: {inside.store} was removed while the run wrote there; run again"


def test_exported_files_can_be_read_by_whom_the_umask_lets(finished):
    folder = finished[0].folder / "run" / "export" / "student"
    usual = (folder / "README.md").stat().st_mode
    assert {path.stat().st_mode for path in folder.iterdir()} == {usual}
    stored = next(finished[0].store.glob("export-*")) / "student"
    assert {path.stat().st_mode for path in stored.iterdir()} == {usual}
