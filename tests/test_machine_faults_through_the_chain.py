"""A disk that is full, takes nothing, or is emptied under a run, and a clock that jumps: a sentence, nothing harmed."""

import itertools
import json
import os
import re
import shutil
import subprocess
import time

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.long]

YEAR = 365 * 86400.0


def last_line(out):
    assert "Traceback" not in out
    return out.strip().splitlines()[-1]


class Disk:
    """A file system of its own, of eight megabytes."""

    def __init__(self, folder):
        self.folder = folder

    def fill(self, left=0):
        """Fill it, but for so many kilobytes."""
        self.empty()
        free = os.statvfs(self.folder).f_bavail * os.statvfs(self.folder).f_bsize
        (self.folder / "filler").write_bytes(bytes(max(free - (left << 10), 0)))

    def empty(self):
        """Give back what filled it."""
        (self.folder / "filler").unlink(missing_ok=True)


def mounted(folder, *options):
    if subprocess.run(["mount", *options, folder], check=False).returncode:  # noqa: S607
        pytest.skip("this user may not mount a file system")


@pytest.fixture
def disk(tmp_path):
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted(folder, "-t", "tmpfs", "-o", "size=8m", "tmpfs")
    yield Disk(folder)
    subprocess.run(["umount", "--lazy", folder], check=True)  # noqa: S607


def test_a_store_that_fills_up_keeps_its_stages_and_goes_on_when_there_is_room(inside, disk):
    inside.store = disk.folder / "store"
    given = ("stages=[pretrain,finetune]", f"hydra.run.dir={inside.folder}/run")
    inside("stages=[pretrain]", f"hydra.run.dir={inside.folder}/run")
    disk.fill(left=64)
    assert last_line(inside(*given, code=2)) == (
        f"distill: no space left in {inside.store}; what is finished there stays whole: free some space, or take "
        "another folder with store=FOLDER, and run again"
    )
    disk.empty()
    assert re.findall(r"^(\w+): (done|reused) in", inside(*given), re.MULTILINE) == [
        ("pretrain", "reused"), ("finetune", "done")
    ]  # fmt: skip


@pytest.mark.parametrize("left", [4, 32])
def test_a_run_folder_without_room_is_said_at_the_start_or_when_the_report_is_due(inside, disk, left):
    given = ("stages=[pretrain]", f"hydra.run.dir={disk.folder}/run")
    disk.fill(left)
    said = last_line(inside(*given, code=2))
    assert re.fullmatch(
        rf"distill: no space left in \S*{disk.folder.name}/run; what is finished in the store stays whole: free some "
        r"space, or take another folder with hydra\.run\.dir=FOLDER, and run again",
        said,
    ) or said.startswith(f"distill: {disk.folder}/run")
    assert inside.store.exists() is (left == 32)
    disk.empty()
    assert f"pretrain: {'reused' if left == 32 else 'done'} in" in inside(*given)
    assert not [path for path in (disk.folder / "run").iterdir() if path.name.startswith(".")]


def rows(folder):
    """A table of texts that takes a cache of more than a megabyte."""
    lines = (f"{number},text number {number} of many words {'word ' * 200},{number % 2}\n" for number in range(2000))
    (folder / "train.csv").write_text("id,text,label\n" + "".join(lines))
    return f"data.path={folder}/train.csv"


def test_a_cache_without_room_is_named_with_how_to_take_another(distill, disk):
    given = ("data.source=auto", rows(distill.folder), "stages=[pretrain]", f"hydra.run.dir={distill.folder}/run")
    disk.fill(left=256)
    cache = {"HF_DATASETS_CACHE": f"{disk.folder}/cache"}
    assert last_line(distill(*given, env=cache, code=2)) == (
        f"distill: no space left in {disk.folder}/cache, where tables are kept; take another with "
        "HF_DATASETS_CACHE=FOLDER"
    )
    disk.empty()
    assert "pretrain: done in" in distill(*given, env=cache)


def test_a_temporary_folder_without_room_is_named_or_not_needed(distill, disk):
    disk.fill()
    process = distill.start("export.formats=[huggingface,onnx]", env={"TMPDIR": str(disk.folder)})
    out, _ = process.communicate(timeout=570)
    assert "Traceback" not in out
    assert process.returncode == 0 or (
        f"no space left in {disk.folder}; what is finished there stays whole: free some space, or take another folder "
        "with TMPDIR=FOLDER before the command, and run again"
    ) in last_line(out)


def test_a_store_that_can_only_be_read_gives_what_it_has_and_refuses_the_rest_in_a_line(inside):
    given = f"hydra.run.dir={inside.folder}/run"
    inside("stages=[pretrain]", given)
    mounted(inside.store, "--bind", inside.store)
    try:
        mounted(inside.store, "-o", "remount,ro,bind")
        assert "pretrain: reused in" in inside("stages=[pretrain]", given)
        assert re.fullmatch(
            rf"distill: {inside.store} cannot be written \(\[Errno 30\] Read-only file system[^)]*\); "
            "take another with store=FOLDER",
            last_line(inside("stages=[pretrain,finetune]", given, code=2)),
        )
    finally:
        subprocess.run(["umount", inside.store], check=True)  # noqa: S607
    assert "finetune: done in" in inside("stages=[pretrain,finetune]", given)


@pytest.mark.parametrize("removed", ["store", "run", "store and run"])
def test_outputs_that_are_removed_under_a_training_are_said_or_made_again(removed, distill):
    given = ("stages=[pretrain]", "checkpoint.every_n_train_steps=1", f"hydra.run.dir={distill.folder}/run")
    epochs = "pretrain.max_epochs=8"
    process = distill.start(*given, epochs)
    begun = next((line for line in process.stdout if line.startswith("pretrain: epoch 1/")), None)
    assert begun
    for name in removed.split(" and "):
        (distill.folder / name).rename(distill.folder / f"{name} no more")
        shutil.rmtree(distill.folder / f"{name} no more")
    out, _ = process.communicate(timeout=120)
    if removed == "run":
        assert process.returncode == 0, out
        assert (distill.folder / "run" / "report.html").is_file()
    else:
        assert last_line(out) == f"distill: {distill.store} was removed while the run wrote there; run again"
        assert process.returncode == 2
        assert len(re.findall(r"^distill: ", out, re.MULTILINE)) == 1
        assert not [path for path in distill.store.rglob("*") if path.is_file()], "nothing half-done has come back"
        assert "pretrain: done in" in distill(*given, epochs)


def test_a_clock_that_jumps_changes_nothing(inside, monkeypatch):
    jumps, real = itertools.cycle((0.0, 20 * YEAR, -20 * YEAR)), time.time
    monkeypatch.setattr(time, "time", lambda: real() + next(jumps))
    given = ("stages=[pretrain,finetune,teach,distill]", f"hydra.run.dir={inside.folder}/run")
    for status in ("done", "reused"):
        out = inside(*given)
        assert re.findall(r"^\w+: (\w+) in", out, re.MULTILINE) == [status] * 4
        stages = json.loads((inside.folder / "run" / "report.json").read_text(encoding="utf-8"))["stages"]
        assert all(0 <= each["seconds"] < 600 for each in stages)
