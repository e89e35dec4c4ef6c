import os
import tempfile

import pytest

from distill.base import library_caches

NAMES = (
    "HF_HOME", "HF_DATASETS_CACHE", "HF_HUB_CACHE", "HF_XET_CACHE", "HF_ASSETS_CACHE", "HF_MODULES_CACHE",
    "MPLCONFIGDIR", "TRACKIO_DIR", "WANDB_CONFIG_DIR", "WANDB_CACHE_DIR", "WANDB_DATA_DIR", "XDG_CACHE_HOME",
    "XDG_CONFIG_HOME", "XDG_DATA_HOME",
)  # fmt: skip


@pytest.fixture
def home(tmp_path, monkeypatch):
    """Sets the home, without any of the variables that move what is in it."""
    for name in NAMES:
        monkeypatch.setenv(name, "")  # set, not deleted, so that what is set on the way is undone
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("HOME", str(folder))
    return folder


def test_a_home_that_can_be_written_is_left_as_it_is(home, tmp_path):
    assert library_caches.ready(tmp_path / "store") == []
    assert list(home.iterdir()) == []
    assert not any(os.environ[name] for name in NAMES)


@pytest.mark.parametrize("kind", ["a file", "no folder", "none"])
def test_caches_of_a_home_that_cannot_be_written_are_kept_beside_the_store(home, tmp_path, monkeypatch, kind):
    (tmp_path / "file").write_text("")
    given = {"a file": str(tmp_path / "file"), "no folder": "/proc/none", "none": "~"}[kind]
    monkeypatch.setenv("HOME", given)
    beside = tmp_path / "store_cache"
    assert library_caches.ready(tmp_path / "store") == [
        f"{given}/.cache/huggingface/datasets cannot be written, so caches are kept in {beside}; "
        "HF_HOME=FOLDER takes another"
    ]
    assert os.environ["HF_DATASETS_CACHE"] == str(beside / "hf_datasets_cache")
    assert {
        os.environ[name].startswith(str(beside)) for name in ("HF_HUB_CACHE", "MPLCONFIGDIR", "WANDB_CACHE_DIR")
    } == {True}
    assert library_caches.ready(tmp_path / "store") == [], "of a second job, they can be"


def test_only_what_cannot_be_written_is_moved(home, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_DATASETS_CACHE", "/proc/none")
    assert len(library_caches.ready(tmp_path / "store")) == 1
    assert os.environ["HF_DATASETS_CACHE"] == str(tmp_path / "store_cache" / "hf_datasets_cache")
    assert os.environ["MPLCONFIGDIR"] == os.environ["HF_HUB_CACHE"] == ""


def test_models_of_the_hub_are_read_where_nothing_can_be_added(home, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_CACHE", "/proc/self")  # a folder in which nothing can be made
    assert library_caches.ready(tmp_path / "store") == []
    assert os.environ["HF_HUB_CACHE"] == "/proc/self"


def test_without_a_store_or_beside_one_that_cannot_be_written_temporary_folders_are_taken(home, monkeypatch):
    monkeypatch.setenv("HOME", "/proc/none")
    (note,) = library_caches.ready()
    assert f"so caches are kept in {tempfile.gettempdir()}/distill_cache_" in note


@pytest.mark.long
@pytest.mark.slow
def test_a_run_whose_home_cannot_be_written_reads_files_all_the_same(distill):
    data = distill.folder / "train.csv"
    data.write_text(
        ",sentence,label\n" + "".join(f"{number},number {number} is it,{number % 2}\n" for number in range(40))
    )
    out = distill(
        "data.source=auto",
        f"data.path={data}",
        "stages=[pretrain]",
        env=dict.fromkeys(NAMES, "") | {"HOME": "/proc/none"},
    )
    assert f"so caches are kept in {distill.folder / 'store_cache'}; HF_HOME=FOLDER takes another" in out
    assert "pretrain: done" in out
    assert list((distill.folder / "store_cache" / "hf_datasets_cache" / "distill").glob("*.arrow"))
