import errno
import json
import multiprocessing
import os
import re
import socket
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from filelock import FileLock, Timeout

from distill.base import disk
from distill.base.files import fingerprint, folder_checksum, whole_folder
from distill.errors import StoreError
from distill.pipeline.store import Store


def made(store, name="distill-0123456789ab", **manifest):
    (store.partial(name) / "model").mkdir(exist_ok=True)
    (store.partial(name) / "model" / "weights").write_bytes(b"weights")
    (store.partial(name) / "resume").mkdir()
    (store.partial(name) / "resume" / "last.ckpt").write_bytes(b"checkpoint")
    stage, _, made_of = name.partition("-")
    return store.finish(name, {"stage": stage, "fingerprint": made_of, "seconds": 1.0, "result": {}, **manifest})


def test_a_fingerprint_changes_with_any_value_and_not_with_the_order_of_keys():
    settings = {"lr": 1e-3, "layers": [1, 2], "data": {"train": "ab"}}
    same = {"data": {"train": "ab"}, "layers": [1, 2], "lr": 0.001}
    assert fingerprint(settings) == fingerprint(same)
    others = ({**settings, "lr": 2e-3}, {**settings, "layers": [2, 1]}, {**settings, "data": {"train": "ac"}})
    assert len({fingerprint(settings), *map(fingerprint, others)}) == 4


def test_what_has_the_final_name_is_whole_and_the_partial_folder_is_gone(tmp_path):
    store = Store(tmp_path / "store")
    assert store.find("distill-0123456789ab") is None
    folder = made(store, seconds=3.0)
    assert store.find(folder.name) == folder
    manifest = store.manifest(folder.name)
    assert manifest["seconds"] == 3.0
    assert manifest["files"]["model/weights"]["bytes"] == 7
    assert [path.name for path in store.root.iterdir()] == [folder.name]
    assert sorted(path.name for path in folder.iterdir()) == ["manifest.json", "model"]


def test_a_partial_stage_is_not_found_and_keeps_its_files_for_the_next_try(tmp_path):
    store = Store(tmp_path)
    (store.partial("teach-1") / "part").write_text("half")
    assert store.find("teach-1") is None
    assert (store.partial("teach-1") / "part").read_text() == "half"


@pytest.mark.parametrize("damage", ["changed", "shortened", "removed"])
def test_a_damaged_stage_is_refused_with_the_way_out(tmp_path, damage):
    folder = made(Store(tmp_path))
    file = folder / "model" / "weights"
    file.write_bytes(b"WEIGHTS" if damage == "changed" else b"w")
    if damage == "removed":
        file.unlink()
    message = f"{file} is missing or damaged; remove the folder {folder} and run again"
    with pytest.raises(StoreError, match=re.escape(message)):
        Store(tmp_path).find(folder.name)


def test_an_unreadable_manifest_is_refused_with_the_way_out(tmp_path):
    folder = made(Store(tmp_path))
    (folder / "manifest.json").write_text("{")
    message = f"{folder / 'manifest.json'} cannot be read; remove the folder {folder} and run again"
    with pytest.raises(StoreError, match=re.escape(message)):
        Store(tmp_path).find(folder.name)


def test_a_stage_under_another_ones_name_is_refused(tmp_path):
    folder = made(Store(tmp_path))
    folder.rename(tmp_path / "distill-aaaaaaaaaaaa")
    message = f"{tmp_path}/distill-aaaaaaaaaaaa holds the stage {folder.name}; remove the folder"
    with pytest.raises(StoreError, match=re.escape(message)):
        Store(tmp_path).find("distill-aaaaaaaaaaaa")


def test_what_a_kill_left_half_written_is_no_part_of_a_finished_stage(tmp_path):
    store = Store(tmp_path)
    (store.partial("teach-1") / "outputs").mkdir()
    for name in ("outputs/part-0-0.writing", ".manifest.json.7", "outputs/.metrics.csv.12", ".mode.3"):
        (store.partial("teach-1") / name).write_text("half")
    folder = made(store, "teach-1")
    assert list(store.manifest("teach-1")["files"]) == ["model/weights"]
    assert sorted(path.name for path in folder.rglob("*") if path.is_file()) == ["manifest.json", "weights"]


DAMAGES = {"nothing": lambda path: None, "cut off": lambda path: path.write_text("tw"), "gone": Path.unlink}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_folder_that_a_partial_stage_needs_again_is_made_again_where_it_is_damaged(tmp_path, damage):
    calls = []

    def make(folder):
        calls.append(folder)
        for name in ("one", "two"):
            (folder / name).write_text(name)

    first = whole_folder(tmp_path, "tokenizer", make)
    DAMAGES[damage](first / "two")
    (tmp_path / ".tokenizer").mkdir()  # of a kill
    (tmp_path / ".tokenizer" / "three").write_text("")
    assert whole_folder(tmp_path, "tokenizer", make) == first
    assert {path.name: path.read_text() for path in first.iterdir()} == {"one": "one", "two": "two"}
    assert len(calls) == (1 if damage == "nothing" else 2)


def test_every_file_of_a_finished_stage_follows_the_umask(tmp_path):
    store, before = Store(tmp_path / "store"), os.umask(0o027)
    try:
        (store.partial("teach-1") / "weights").touch(0o600)
        folder = made(store, "teach-1")
    finally:
        os.umask(before)
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.rglob("*") if path.is_file()} == {0o640}
    assert {stat.S_IMODE(path.stat().st_mode) for path in (folder, folder / "model")} == {0o750}


OTHERS = """
import os, sys
from pathlib import Path
from distill.pipeline.store import Store
os.setuid(65534)
store = Store(Path(sys.argv[1]))
print(store.find("distill-0123456789ab"))
with store.lock("teach-1"):
    pass
"""


def test_a_store_of_another_user_is_read_and_where_it_has_to_be_written_it_is_said(anyones):
    if os.geteuid() != 0:
        pytest.skip("only root can become another user")
    made(Store(anyones / "store"))
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    command = [sys.executable, "-c", OTHERS, anyones / "store"]
    done = subprocess.run(command, env=environment, text=True, capture_output=True, check=False)
    assert done.stdout == f"{anyones}/store/distill-0123456789ab\n"
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith(f"distill.errors.StoreError: {anyones}/store cannot be written ([Errno 13]")
    assert last.endswith("take another with store=FOLDER")


def full(store):
    return re.escape(
        f"no space left in {store.root}; what is finished there stays whole: "
        "free some space, or take another folder with store=FOLDER, and run again"
    )


def test_a_full_disk_is_said_in_one_message_and_what_is_finished_stays_whole(tmp_path):
    store = Store(tmp_path)
    folder = made(store)
    with pytest.raises(StoreError, match=full(store)), store.writing():
        raise OSError(errno.ENOSPC, "No space left on device")
    assert store.find(folder.name) == folder


def test_a_library_that_hides_the_full_disk_behind_its_own_error_is_understood(tmp_path, monkeypatch):
    store = Store(tmp_path)
    monkeypatch.setattr(disk, "_free", lambda _: 0)
    with pytest.raises(StoreError, match=full(store)), store.writing():
        raise RuntimeError("PytorchStreamWriter failed writing file data/0")


def test_an_error_that_has_nothing_to_do_with_the_disk_stays_itself(tmp_path):
    with pytest.raises(ZeroDivisionError), Store(tmp_path).writing():
        raise ZeroDivisionError


def test_a_store_that_cannot_be_a_folder_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match=re.escape(f"{tmp_path / 'file'} cannot be written")):
        Store(tmp_path / "file").partial("x")


def hold(root, taken):
    with Store(root).lock("distill-1"):
        taken.set()
        multiprocessing.Event().wait()


def test_a_second_process_waits_and_says_for_whom_and_a_dead_owner_holds_nothing(tmp_path, caplog):
    spawn = multiprocessing.get_context("spawn")
    taken = spawn.Event()
    owner = spawn.Process(target=hold, args=(tmp_path, taken))
    owner.start()
    assert taken.wait(60)
    with pytest.raises(Timeout):
        FileLock(tmp_path / ".locks" / "distill-1").acquire(timeout=0)
    threading.Timer(1.5, owner.kill).start()
    with caplog.at_level("INFO"), Store(tmp_path).lock("distill-1"):
        pass
    owner.join()
    who = f"process {owner.pid} on {socket.gethostname()}"
    assert caplog.messages == [f"distill-1 is made by another run ({who}): waiting for it"]


def test_a_folder_is_known_by_the_bytes_of_the_files_that_count(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    before = folder_checksum(tmp_path, ("*.json",))
    (tmp_path / "notes.md").write_text("x")
    assert folder_checksum(tmp_path, ("*.json",)) == before
    (tmp_path / "config.json").write_text(json.dumps({"layers": 2}))
    assert folder_checksum(tmp_path, ("*.json",)) != before
