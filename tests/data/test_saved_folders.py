"""Folders that ``datasets`` saved: split by split, and with files that are missing or damaged."""

import json
import re

import pytest
from datasets import Dataset, DatasetDict

from distill.data import files
from distill.errors import DataError

TABLE = "data-00000-of-00001.arrow"
AGAIN = "copy the whole folder again"


def rows(text, number=1):
    return Dataset.from_dict({"text": [text] * number, "label": [1] * number})


def saved_one_by_one(folder, *splits):
    for split in splits:
        rows(split).save_to_disk(folder / split)
    return folder


def refusal(folder):
    with pytest.raises(DataError) as caught:
        files.read(folder)
    return str(caught.value)


@pytest.mark.parametrize("place", ["", "data"])
def test_splits_that_were_saved_one_by_one_are_read(tmp_path, place):
    saved_one_by_one(tmp_path / place, "train", "dev", "extra")
    found = files.read(tmp_path)
    assert {split: found[split]["text"][:] for split in found} == {"train": ["train"], "validation": ["dev"]}
    assert found.notes == [f"of {tmp_path} extra is not read"]


def test_splits_that_were_saved_one_by_one_are_named(tmp_path):
    saved_one_by_one(tmp_path, "mine", "other")
    found = files.read(tmp_path, {"train": ["mine|yours"], "test": ["other"]})
    assert {split: found[split]["text"][:] for split in found} == {"train": ["mine"], "test": ["other"]}


def test_a_file_beside_saved_splits_is_named_as_unread(tmp_path):
    (saved_one_by_one(tmp_path, "train") / "test.csv").write_text("text,label\na,1\n", encoding="utf-8")
    way = "data.files.validation=NAME and data.files.test=NAME name other files"
    assert files.read(tmp_path).notes == [f"of {tmp_path} test.csv is not read: {way}"]


@pytest.mark.parametrize("split", ["train", "test"])
def test_a_split_that_was_saved_beside_a_file_of_train_is_refused(tmp_path, split):
    (saved_one_by_one(tmp_path, split) / "train.csv").write_text("text,label\na,1\n", encoding="utf-8")
    assert refusal(tmp_path) == (
        f"{tmp_path / split} was saved by datasets: such splits are read where data.path is the folder that they are "
        "in, and train is one of them; else save it with to_parquet"
    )


def test_a_git_lfs_pointer_in_a_saved_folder_is_named(tmp_path):
    rows("a").save_to_disk(tmp_path)
    (tmp_path / TABLE).write_text("version https://git-lfs.github.com/spec/v1\noid sha256:1\n", encoding="utf-8")
    what = "a Git LFS pointer, not the file itself, which is not read: fetch it with git lfs pull"
    assert refusal(tmp_path) == f"{tmp_path / TABLE} is {what}"


def test_a_table_that_is_cut_off_is_named(tmp_path):
    rows("a", 1000).save_to_disk(tmp_path)
    whole = (tmp_path / TABLE).read_bytes()
    (tmp_path / TABLE).write_bytes(whole[: len(whole) // 2])
    assert refusal(tmp_path) == f"{tmp_path / TABLE} is cut off or damaged: {AGAIN}"
    (tmp_path / TABLE).write_bytes(bytes(100))
    assert refusal(tmp_path) == (f"{tmp_path / TABLE} is damaged, since it does not begin as a table of Arrow: {AGAIN}")


@pytest.mark.parametrize(
    ("missing", "named"),
    [(TABLE, ", which state.json names"), ("state.json", ""), ("dataset_info.json", "")],
)
def test_a_missing_file_of_a_saved_split_is_named(tmp_path, missing, named):
    DatasetDict({"train": rows("a"), "test": rows("b")}).save_to_disk(tmp_path)
    (tmp_path / "test" / missing).unlink()
    assert refusal(tmp_path) == f"{tmp_path / 'test' / missing} is missing{named}: {AGAIN}"


def test_a_split_that_is_missing_is_named(tmp_path):
    rows("a").save_to_disk(tmp_path / "train")
    (tmp_path / "dataset_dict.json").write_text(json.dumps({"splits": ["train", "test"]}), encoding="utf-8")
    assert refusal(tmp_path) == f"{tmp_path / 'test' / 'state.json'} is missing: {AGAIN}"


@pytest.mark.parametrize("name", ["state.json", "dataset_info.json"])
def test_a_description_that_is_cut_off_is_named(tmp_path, name):
    rows("a").save_to_disk(tmp_path)
    (tmp_path / name).write_text((tmp_path / name).read_text(encoding="utf-8")[:20], encoding="utf-8")
    assert refusal(tmp_path) == f"{tmp_path / name} is no JSON, so it is cut off or damaged: {AGAIN}"


def test_what_is_whole_and_cannot_be_read_has_the_reason_of_datasets(tmp_path):
    Dataset.from_dict({"text": [], "label": []}).save_to_disk(tmp_path)
    assert re.match(f"^{re.escape(str(tmp_path))} cannot be read, or has no rows: .", refusal(tmp_path))
