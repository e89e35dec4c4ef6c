"""A finished stage that is damaged is found before it is used, made again in its place, and both are said."""

import json
import re
import shutil

import pytest

from distill.errors import StoreError
from distill.pipeline.store import Store

NAME = "distill-0123456789ab"


def made(store, weights=b"weights"):
    partial = store.partial(NAME)
    (partial / "weights").write_bytes(weights)
    return store.finish(NAME, {"stage": "distill", "fingerprint": NAME[8:], "seconds": 1.0, "result": {}})


def flipped(path, at=-1):
    """Change one bit of a file."""
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(content)


DAMAGES = {
    "a flipped bit": (lambda folder: flipped(folder / "weights"), "{0}/weights is missing or damaged"),
    "a file that is gone": (lambda folder: (folder / "weights").unlink(), "{0}/weights is missing or damaged"),
    "a manifest that is gone": (lambda folder: (folder / "manifest.json").unlink(), "{0}/manifest.json cannot be read"),
    "half a manifest": (
        lambda folder: (folder / "manifest.json").write_text('{"schema": 2'),
        "{0}/manifest.json cannot be read",
    ),
    "another figure": (
        lambda folder: flipped(folder / "manifest.json", (folder / "manifest.json").read_bytes().index(b"1.0")),
        "{0}/manifest.json is damaged: its checksum is not that of what it says",
    ),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_stage_is_as_good_as_none_and_keeps_its_name_until_another_is_whole(tmp_path, damage):
    store = Store(tmp_path)
    folder = made(store)
    assert (store.whole(NAME), store.damage(NAME)) == (folder, None)
    change, said = DAMAGES[damage]
    change(folder)
    assert (store.whole(NAME), store.damage(NAME)) == (None, said.format(folder))
    store.partial(NAME)
    assert folder.is_dir(), "another run may be reading it"
    made(store)
    assert store.whole(NAME) == folder
    assert (folder / "weights").read_bytes() == b"weights"
    assert sorted(path.name for path in tmp_path.iterdir()) == [f".{NAME}.damaged", NAME]
    (folder / "weights").unlink()
    made(store)
    assert store.whole(NAME) == folder, "the one that was put aside before has made room"


def test_a_whole_stage_is_never_put_aside_whoever_makes_it_a_second_time(tmp_path):
    store = Store(tmp_path)
    folder = made(store)
    assert made(store, b"others") == folder
    assert (folder / "weights").read_bytes() == b"weights"
    assert [path.name for path in tmp_path.iterdir()] == [NAME]


def test_a_stage_of_a_newer_version_or_of_another_name_is_none_that_may_be_made_again(tmp_path):
    store = Store(tmp_path)
    path = made(store) / "manifest.json"
    path.write_text(path.read_text().replace('"schema": 2', '"schema": 3'))
    with pytest.raises(StoreError, match="it is of a newer version"):
        store.whole(NAME)
    shutil.rmtree(path.parent)
    made(store).rename(tmp_path / "distill-aaaaaaaaaaaa")
    with pytest.raises(StoreError, match=f"holds the stage {NAME}"):
        store.whole("distill-aaaaaaaaaaaa")


def test_a_kill_at_the_last_moment_keeps_the_checkpoints_and_the_damaged_stage(tmp_path, monkeypatch):
    """What makes a finished stage of a partial one is one renaming."""

    def killed(*_):
        raise KeyboardInterrupt

    store = Store(tmp_path)
    folder = made(store)
    flipped(folder / "weights")
    (store.partial(NAME) / "resume").mkdir()
    (store.partial(NAME) / "resume" / "last.ckpt").write_text("steps")
    monkeypatch.setattr(Store, "_put_aside", killed)
    with pytest.raises(KeyboardInterrupt):
        made(store)
    assert folder.is_dir()
    assert (store.partial(NAME) / "resume" / "last.ckpt").read_text() == "steps"
    monkeypatch.undo()
    made(store)
    assert sorted(path.name for path in folder.iterdir()) == ["manifest.json", "weights"]


@pytest.mark.slow
def test_what_is_damaged_in_a_finished_run_is_made_again_and_ends_with_the_same_weights(finished, inside):
    shutil.copytree(finished[0].store, inside.store)
    report = json.loads((finished[0].folder / "run" / "report.json").read_text(encoding="utf-8"))
    folders = {each["name"]: inside.store / f"{each['name']}-{each['fingerprint']}" for each in report["stages"]}
    weights = folders["finetune"] / "model" / "model.safetensors"
    expected = weights.read_bytes()
    flipped(weights)
    shutil.rmtree(folders["teach"] / "outputs")
    manifest = folders["evaluate"] / "manifest.json"
    text = manifest.read_text()
    score = re.search(r'"accuracy": 0\.(\d)', text)
    manifest.write_text(text[: score.start(1)] + str((int(score[1]) + 2) % 10) + text[score.end(1) :])

    out = inside("stages=[distill]", code=2)
    assert out.strip().splitlines()[-1] == (
        f"distill: distill needs finetune, which is not among stages, and {weights} is missing or damaged; "
        "add finetune to stages=[...], which makes it again"
    )

    out = inside(f"hydra.run.dir={inside.folder}/run")
    assert re.findall(r"^(\w+): (done|reused) in", out, re.MULTILINE) == [
        ("pretrain", "reused"), ("finetune", "done"), ("teach", "done"), ("distill", "reused"),
        ("control", "reused"), ("evaluate", "done"), ("export", "reused"),
    ]  # fmt: skip
    assert f"finetune: {weights} is missing or damaged, so that it is made again" in out
    assert f"evaluate: {manifest} is damaged: its checksum is not that of what it says, so that it is made again" in out
    assert weights.read_bytes() == expected
    again = json.loads((inside.folder / "run" / "report.json").read_text(encoding="utf-8"))
    for name, model in report["models"].items():
        assert again["models"][name]["metrics"] == model["metrics"], name
