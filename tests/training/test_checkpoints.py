"""A damaged checkpoint costs the steps since the one before it, and never the stage."""

import re
import shutil

import pytest
import torch
from test_resume import run

from distill.errors import StoreError
from distill.training.checkpoints import DurableCheckpoints, newest_checkpoint

CONTENT = {"state_dict": {"a": torch.ones(5)}, "global_step": 4, "callbacks": {}}


def saved(folder, step, **more):
    DurableCheckpoints().save_checkpoint({**CONTENT, "global_step": step, **more}, folder / "last.ckpt")


@pytest.fixture
def folder(tmp_path):
    """Two checkpoints, of the steps 2 and 4."""
    for step in (1, 2, 4):
        saved(tmp_path / "resume", step)
    return tmp_path / "resume"


def test_the_last_two_are_kept_and_both_are_what_torch_reads(folder):
    assert sorted(path.name for path in folder.iterdir()) == ["before.ckpt", "last.ckpt"]
    for name, step in (("before.ckpt", 2), ("last.ckpt", 4)):
        assert torch.load(folder / name, weights_only=True)["global_step"] == step
    assert newest_checkpoint(folder).step == 4


def flipped(path):
    raw = bytearray(path.read_bytes())
    raw[raw.index(torch.ones(5).numpy().tobytes()) + 6] ^= 1
    path.write_bytes(raw)


DAMAGES = {
    "0 bytes": lambda path: path.write_bytes(b""),
    "cut off": lambda path: path.write_bytes(path.read_bytes()[:300]),
    "a flipped bit": flipped,
    "of zeros": lambda path: path.write_bytes(bytes(path.stat().st_size)),
    "other words": lambda path: path.write_bytes(b"<html>"),
    "another object": lambda path: torch.save([1], path),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_one_is_said_and_the_one_before_is_taken(folder, damage, caplog):
    DAMAGES[damage](folder / "last.ckpt")
    found = newest_checkpoint(folder)
    assert (found.path.name, found.step) == ("before.ckpt", 2)
    assert caplog.messages == [
        f"the checkpoint {folder / 'last.ckpt'} is missing or damaged: goes on from the one before, of step 2"
    ]
    saved(folder, 6)
    assert torch.load(folder / "before.ckpt", weights_only=True)["global_step"] == 2, (
        "the damaged one is out of the way"
    )
    assert newest_checkpoint(folder).step == 6


def test_with_none_that_is_whole_the_training_begins_anew(folder, caplog):
    for path in folder.iterdir():
        path.write_bytes(b"PK")
    assert newest_checkpoint(folder) is None
    assert caplog.messages == [f"the checkpoint {folder / 'last.ckpt'} is missing or damaged: the training begins anew"]
    caplog.clear()
    assert newest_checkpoint(folder) is None
    assert not caplog.messages


def test_a_kill_between_two_checkpoints_leaves_the_older_one(folder, caplog):
    (folder / "last.ckpt").rename(folder / ".last.ckpt.123")
    assert newest_checkpoint(folder).step == 2
    assert not caplog.messages


def test_best_weights_that_are_damaged_or_missing_begin_the_training_anew(folder, caplog):
    named = {"callbacks": {"ModelCheckpoint{}": {"best_model_path": "somewhere/best.ckpt"}}}
    saved(folder, 5, **named)
    saved(folder, 6, **named)
    DurableCheckpoints().save_checkpoint(CONTENT, folder / "best.ckpt")
    assert newest_checkpoint(folder).step == 6
    flipped(folder / "best.ckpt")
    assert newest_checkpoint(folder) is None
    assert caplog.messages == [f"the checkpoint {folder / 'best.ckpt'} is missing or damaged: the training begins anew"]


def test_a_checkpoint_without_a_digest_of_an_older_version_goes_on(tmp_path):
    torch.save(CONTENT, tmp_path / "last.ckpt")
    assert newest_checkpoint(tmp_path).step == 4


def test_a_full_disk_leaves_the_checkpoints_that_were_there(folder, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    monkeypatch.setattr("distill.training.checkpoints.to_disk", full)
    with pytest.raises(OSError, match="No space"):
        saved(folder, 6)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_a_stage_whose_folder_was_removed_is_not_made_again_by_its_checkpoint(tmp_path):
    with pytest.raises(FileNotFoundError):
        saved(tmp_path / "gone" / "resume", 1)


@pytest.mark.parametrize("patience", [None, 3])
def test_a_training_ends_with_the_same_weights_from_whichever_checkpoint_is_whole(tmp_path, patience):
    settings = {"patience": patience, "epochs": 4}
    whole = run(tmp_path / "whole", **settings)
    with pytest.raises(RuntimeError, match="killed"):
        run(tmp_path / "cut", kill=15, **settings)
    cuts = {"last": ["last"], "both": ["last", "before"], "best": ["best"] if patience else []}
    for name, damaged in cuts.items():
        shutil.copytree(tmp_path / "cut", tmp_path / name)
        for each in damaged:
            (tmp_path / name / "resume" / f"{each}.ckpt").write_bytes(b"PK\3\4")
        assert run(tmp_path / name, **settings)[:2] == whole[:2], name


def test_a_training_whose_best_weights_are_lost_at_its_end_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("distill.training.trainer.weights", lambda _: None)
    message = f"{tmp_path / 'run' / 'resume' / 'best.ckpt'} is missing or damaged: the best weights are lost; run again"
    with pytest.raises(StoreError, match=re.escape(message)):
        run(tmp_path / "run", patience=1, epochs=2)


def test_a_partial_training_that_is_moved_keeps_its_best_score(tmp_path):
    settings = {"patience": 3, "epochs": 5}
    whole = run(tmp_path / "whole", **settings)
    with pytest.raises(RuntimeError, match="killed"):
        run(tmp_path / "cut", kill=15, **settings)
    (tmp_path / "cut").rename(tmp_path / "moved")
    assert run(tmp_path / "moved", **settings)[:2] == whole[:2]
