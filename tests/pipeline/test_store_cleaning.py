"""What a store holds, for whom, and what can go: never what a run names, never without being asked."""

import json
import os

import pytest

from distill import store as command
from distill.pipeline.store import Store
from distill.pipeline.store_cleaning import removable, remove
from distill.pipeline.store_contents import contents, lock_of, note_run, run_folders

FINETUNE, DISTILL, OTHER = "finetune-00000000000a", "distill-00000000000b", "distill-00000000000c"


def made(store, name, inputs=()):
    (store.partial(name) / "weights").write_bytes(b"weights")
    stage, _, made_of = name.partition("-")
    about = {"stage": stage, "fingerprint": made_of, "seconds": 1.0, "result": {}}
    return store.finish(name, {**about, "inputs": {each.partition("-")[0]: each for each in inputs}})


def run_of(folder, *names):
    folder.mkdir(parents=True)
    stages = [{"name": name.partition("-")[0], "folder": f"outputs/store/{name}"} for name in names]
    (folder / "report.json").write_text(json.dumps({"stages": stages}), encoding="utf-8")
    return folder


@pytest.fixture
def store(tmp_path):
    """Two chains that share a teacher; only the first is named by a run."""
    store = Store(tmp_path / "outputs" / "store")
    made(store, FINETUNE)
    made(store, DISTILL, [FINETUNE])
    made(store, OTHER, [FINETUNE])
    run_of(tmp_path / "outputs" / "first", DISTILL)
    for path in store.root.iterdir():
        os.utime(path / "manifest.json", (1, 1))
    return store


def entries(store, below=None):
    runs = run_folders(store.root, below or store.root.parent)
    return {entry.folder.name: entry for entry in contents(store.root, runs)}


def going(store, keep_hours=1.0):
    return [each.entry.folder.name for each in removable(entries(store).values(), keep_hours)]


@pytest.fixture
def called(store, ended):
    return lambda *words: ended(command.main, *words, f"store={store.root}")


def test_a_run_names_its_stages_and_those_they_were_made_from(store):
    found = entries(store)
    first = str(store.root.parent / "first")
    assert {name: entry.runs for name, entry in found.items()} == {FINETUNE: (first,), DISTILL: (first,), OTHER: ()}
    assert going(store) == [OTHER]


def test_a_run_without_a_report_yet_names_what_its_log_does(store):
    (store.root.parent / "second").mkdir()
    (store.root.parent / "second" / "run.log").write_text(f"distill: done in 1.0 s, outputs/store/{OTHER}\n")
    assert going(store) == []


def test_a_run_names_the_stage_that_its_settings_take_a_model_from(store):
    settings = store.root.parent / "first" / "config.yaml"
    settings.write_text(f"teacher:\n  model: outputs/store/{OTHER}/model\n", encoding="utf-8")
    assert going(store) == []


def test_a_run_elsewhere_is_known_by_the_store(store, tmp_path):
    note_run(store.root, run_of(tmp_path / "elsewhere", OTHER))
    assert going(store) == []


def test_a_run_behind_a_link_is_found(store, tmp_path):
    run_of(tmp_path / "disk" / "run", OTHER)
    (store.root.parent / "linked").symlink_to(tmp_path / "disk")
    assert going(store) == []


def test_what_was_just_used_stays(store):
    store.used(OTHER)
    assert going(store) == []
    assert going(store, keep_hours=0) == [OTHER]


def test_while_a_stage_is_being_made_it_and_all_finished_ones_stay(store):
    store.partial("control-00000000000d")
    with store.lock("control-00000000000d"):
        assert entries(store)[".control-00000000000d.partial"].locked
        assert going(store, keep_hours=0) == []
    assert set(going(store, keep_hours=0)) == {".control-00000000000d.partial", OTHER}


def test_what_a_run_takes_after_it_was_looked_at_stays(store):
    (found,) = removable(entries(store).values(), 1.0)
    with store.lock(OTHER):
        assert not remove(store.root, found)
    store.used(OTHER)
    assert not remove(store.root, found)
    assert store.find(OTHER)


def test_of_a_finished_stage_only_what_its_manifest_does_not_name_goes(store):
    left = store.root / DISTILL / "resume" / "last.ckpt"
    left.parent.mkdir()
    left.write_bytes(b"checkpoint")
    store.partial(FINETUNE)
    found = removable(entries(store).values(), 1.0)
    assert {each.entry.folder.name for each in found} == {DISTILL, f".{FINETUNE}.partial", OTHER}
    assert all(remove(store.root, each) for each in found)
    assert not left.exists()
    assert store.find(DISTILL)
    assert store.find(FINETUNE)
    assert not store.find(OTHER)


def test_a_folder_without_a_manifest_or_behind_a_link_is_never_touched(store, tmp_path):
    (store.root / "distill-00000000000e").mkdir()
    (tmp_path / "mine").mkdir()
    (store.root / "distill-00000000000f").symlink_to(tmp_path / "mine")
    assert going(store, keep_hours=0) == [OTHER]


def test_nothing_is_removed_unasked(called, store):
    code, out, _ = called("clean")
    assert code == 0
    assert f"{OTHER}  " in out
    assert "no run names it" in out
    assert out.endswith("in 1 folders\n")
    assert "nothing removed; yes=true removes" in out
    assert store.find(OTHER)


def test_asked_it_removes_what_it_said(called, store):
    assert "removed" in called("clean", "yes=true")[1]
    assert sorted(path.name for path in store.root.glob("[!.]*")) == [DISTILL, FINETUNE]
    assert called("clean")[1] == f"{store.root}: nothing to remove\n"


def test_the_list_names_sizes_and_runs(called):
    code, out, _ = called("list")
    assert code == 0
    assert f"{FINETUNE} " in out
    assert "1970-01-01" in out
    assert "no run names it" in out
    assert ": 3 folders, " in out
    assert out.endswith(", 1 runs\n")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "give list or clean first"),
        (("purge",), "give list or clean first"),
        (("list", "keep_hours=-1"), "keep_hours=-1.0: allowed is"),
        (("list", "runs=/nowhere"), "runs=/nowhere: there is no such folder"),
        (("clean", "runs=empty"), "no run is found that names any stage of"),
    ],
)
def test_a_mistake_is_one_message(called, monkeypatch, tmp_path, words, message):
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path)
    code, out, err = called(*words)
    assert (code, out) == (2, "")
    assert err.startswith(f"distill: {message}")


def test_a_removal_that_was_interrupted_is_finished(store):
    (store.root / OTHER).rename(store.root / f".{OTHER}.removed")
    (found,) = removable(entries(store).values(), 1.0)
    assert remove(store.root, found)
    assert not (store.root / f".{OTHER}.removed").exists()


def test_what_was_put_aside_as_damaged_goes_and_what_was_made_in_its_place_stays(store):
    (store.root / DISTILL / "weights").write_bytes(b"changed")
    made(store, DISTILL, [FINETUNE])
    (found,) = (each for each in removable(entries(store).values(), 1.0) if each.entry.name == DISTILL)
    assert (found.entry.kind, found.reason) == ("damaged", "damaged; it was made again")
    assert remove(store.root, found)
    assert not (store.root / f".{DISTILL}.damaged").exists()
    assert store.find(DISTILL)


def test_what_a_clock_that_was_ahead_has_dated_stays(store):
    ahead = (store.root / OTHER / "manifest.json").stat().st_mtime + 1e11
    os.utime(store.root / OTHER / "manifest.json", (ahead, ahead))
    assert going(store, keep_hours=0.0) == []
    assert store.find(OTHER)


MODEL, OTHER_MODEL, HALF = "00000000000a-00000000000b", "00000000000c-00000000000d", ".00000000000e"


@pytest.fixture
def merged(store, tmp_path):
    """Three models of adapters: of a run, as its log says, of none, and one whose making was interrupted."""
    for name in (MODEL, OTHER_MODEL, HALF):
        (store.root / ".merged" / name).mkdir(parents=True)
        (store.root / ".merged" / name / "model.safetensors").write_bytes(b"weights")
        os.utime(store.root / ".merged" / name, (1, 1))
    (store.root / ".merged" / ".lock").touch()
    run = tmp_path / "outputs" / "first"
    (run / "run.log").write_text(f"folded into its base in {store.root}/.merged/{MODEL}\n", encoding="utf-8")
    return store


def test_a_model_of_an_adapter_is_listed_with_the_run_whose_log_names_it(merged, called):
    out = called("list")[1]
    lines = {line.split()[0]: line for line in out.splitlines() if "(merged)" in line}
    assert sorted(lines) == sorted([MODEL, OTHER_MODEL, HALF])
    assert lines[MODEL].endswith("outputs/first")
    assert lines[OTHER_MODEL].endswith("no run names it")


def test_a_model_of_an_adapter_that_no_run_names_is_removed_unless_it_was_just_used(merged, called):
    assert set(going(merged)) == {OTHER, HALF, OTHER_MODEL}
    os.utime(merged.root / ".merged" / OTHER_MODEL)
    assert OTHER_MODEL not in going(merged)
    assert OTHER_MODEL in going(merged, keep_hours=0)
    assert called("clean", "keep_hours=0", "yes=true")[0] == 0
    assert [path.name for path in (merged.root / ".merged").iterdir() if path.is_dir()] == [MODEL]


def test_a_model_of_an_adapter_that_is_being_made_stays(merged):
    (found,) = (each for each in removable(entries(merged).values(), 1.0) if each.entry.name == HALF)
    with lock_of(merged.root, HALF, "merged"):
        assert not remove(merged.root, found)
    assert remove(merged.root, found)
